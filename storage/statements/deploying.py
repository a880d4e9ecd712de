"""What was added to keep of deploying: trust, contents, targets, promotions by themselves."""

TRUST_AND_QUARANTINE = """
CREATE TABLE trust (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,
    model TEXT NOT NULL,
    version INTEGER,
    granted INTEGER NOT NULL,
    at REAL NOT NULL,
    requested_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    found TEXT NOT NULL
) STRICT;
CREATE INDEX trust_by_content ON trust (sha256, id);

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    format TEXT,
    bytes INTEGER NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    liftable INTEGER NOT NULL,
    found_at REAL NOT NULL,
    state TEXT NOT NULL,
    requested_by TEXT NOT NULL DEFAULT '',
    at REAL,
    why TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX quarantine_by_model ON quarantine (model, state);

ALTER TABLE versions ADD COLUMN refusal TEXT
"""

DEPLOYED_CONTENTS = """
CREATE TABLE deployed_contents (
    version_id INTEGER PRIMARY KEY REFERENCES versions(id),
    artefact TEXT NOT NULL,
    format TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    companions TEXT NOT NULL
) STRICT;
ALTER TABLE versions ADD COLUMN companions TEXT NOT NULL DEFAULT '[]';
UPDATE versions SET stamp = '' WHERE format IN ('onnx', 'saved-model', 'openvino')
"""

PROMOTION_TARGETS = """
CREATE TABLE promotion_targets (
    model_id INTEGER NOT NULL REFERENCES models(id),
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER,
    message TEXT NOT NULL DEFAULT '',
    at REAL,
    PRIMARY KEY (model_id, name)
) STRICT, WITHOUT ROWID;
ALTER TABLE promotions ADD COLUMN problem TEXT NOT NULL DEFAULT '';
ALTER TABLE promotions ADD COLUMN patience_s REAL NOT NULL DEFAULT 30
"""

PROMOTIONS_BY_THEMSELVES = """
ALTER TABLE jobs ADD COLUMN waits_for TEXT NOT NULL DEFAULT '[]';
DROP INDEX jobs_queued_once;
CREATE UNIQUE INDEX jobs_queued_once ON jobs (kind, model, coalesce(version, -1), parameters)
    WHERE state = 'queued' AND waits_for = '[]';
ALTER TABLE promotions ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';
ALTER TABLE promotions ADD COLUMN probation_s REAL NOT NULL DEFAULT 0;
CREATE TABLE probations (
    id INTEGER PRIMARY KEY,
    model_id INTEGER NOT NULL REFERENCES models(id),
    number INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    begun_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    every_s REAL NOT NULL,
    looks INTEGER NOT NULL DEFAULT 0,
    looked_at REAL NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX probations_open_once ON probations (model_id) WHERE state = 'open'
"""

IMPORTS = """
CREATE TABLE imports (
    model_id INTEGER NOT NULL REFERENCES models(id),
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    number INTEGER NOT NULL,
    served INTEGER NOT NULL,
    labels TEXT NOT NULL,
    at REAL NOT NULL,
    requested_by TEXT NOT NULL,
    PRIMARY KEY (model_id, sha256)
) STRICT, WITHOUT ROWID
"""
