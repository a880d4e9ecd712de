"""What was added to keep of notices: what people are told of by themselves, and what became of each telling."""

NOTICES = """
CREATE TABLE notices (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    code TEXT NOT NULL,
    model TEXT NOT NULL,
    version INTEGER,
    fault INTEGER,
    ended INTEGER NOT NULL,
    message TEXT NOT NULL,
    help TEXT NOT NULL
) STRICT;
CREATE INDEX notices_by_fault ON notices (fault, ended);
CREATE TABLE deliveries (
    notice_id INTEGER NOT NULL REFERENCES notices(id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    told_at REAL,
    PRIMARY KEY (notice_id, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_state ON deliveries (state, channel);
CREATE TABLE notice_channels (
    channel TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    problem TEXT NOT NULL,
    retry_at REAL,
    told_at REAL
) STRICT, WITHOUT ROWID;
CREATE TABLE notice_marks (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    event_id INTEGER NOT NULL,
    digest_day TEXT NOT NULL
) STRICT
"""
