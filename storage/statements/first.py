"""The tables that every workspace began with."""

FIRST_TABLES = """
CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    task TEXT,
    problem TEXT NOT NULL DEFAULT '',
    current_id INTEGER REFERENCES versions(id),
    previous_id INTEGER REFERENCES versions(id),
    present INTEGER NOT NULL DEFAULT 1,
    created_at REAL NOT NULL
) STRICT;

CREATE TABLE versions (
    id INTEGER PRIMARY KEY,
    model_id INTEGER NOT NULL REFERENCES models(id),
    number INTEGER NOT NULL,
    format TEXT,
    status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    sha256 TEXT,
    bytes INTEGER,
    artefact TEXT,
    stamp TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',
    parameters INTEGER,
    found_at REAL NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    retry_at REAL,
    evaluation_id INTEGER REFERENCES evaluations(id),
    gate TEXT,
    UNIQUE (model_id, number)
) STRICT;

CREATE TABLE arrivals (
    model TEXT NOT NULL,
    name TEXT NOT NULL,
    stamp TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    bytes INTEGER NOT NULL,
    sha256 TEXT,
    version_id INTEGER REFERENCES versions(id),
    seen_at REAL NOT NULL,
    PRIMARY KEY (model, name)
) STRICT;

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    version INTEGER,
    parameters TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at REAL NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1,
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    started_at REAL,
    finished_at REAL,
    cancel INTEGER NOT NULL DEFAULT 0,
    code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    hint TEXT NOT NULL DEFAULT '',
    result TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX jobs_queued_once ON jobs (kind, model, coalesce(version, -1), parameters)
    WHERE state = 'queued';
CREATE INDEX jobs_by_state ON jobs (state, id);

CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY,
    version_id INTEGER NOT NULL REFERENCES versions(id),
    job_id INTEGER REFERENCES jobs(id) ON DELETE SET NULL,
    at REAL NOT NULL,
    requested_by TEXT NOT NULL,
    dataset_name TEXT NOT NULL,
    dataset_rows INTEGER NOT NULL,
    dataset_sha256 TEXT NOT NULL,
    artefact_sha256 TEXT NOT NULL,
    preprocessing_sha256 TEXT NOT NULL,
    runtime TEXT NOT NULL,
    runtime_version TEXT NOT NULL,
    device TEXT NOT NULL,
    batch_size INTEGER NOT NULL,
    isolation TEXT NOT NULL,
    duration_s REAL NOT NULL,
    confusion TEXT
) STRICT;
CREATE INDEX evaluations_by_version ON evaluations (version_id, at);
CREATE INDEX evaluations_by_job ON evaluations (job_id);

CREATE TABLE metrics (
    evaluation_id INTEGER NOT NULL REFERENCES evaluations(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value REAL NOT NULL,
    low REAL,
    high REAL,
    n INTEGER NOT NULL,
    PRIMARY KEY (evaluation_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE latencies (
    evaluation_id INTEGER PRIMARY KEY REFERENCES evaluations(id) ON DELETE CASCADE,
    scenario TEXT NOT NULL,
    batch_size INTEGER NOT NULL,
    n INTEGER NOT NULL,
    p50_ms REAL,
    p90_ms REAL,
    p95_ms REAL,
    p99_ms REAL,
    mean_ms REAL NOT NULL,
    stdev_ms REAL NOT NULL,
    throughput REAL NOT NULL,
    stable INTEGER NOT NULL
) STRICT;

CREATE TABLE outcomes (
    evaluation_id INTEGER PRIMARY KEY REFERENCES evaluations(id) ON DELETE CASCADE,
    correct BLOB,
    errors BLOB
) STRICT;

CREATE TABLE promotions (
    id INTEGER PRIMARY KEY,
    model_id INTEGER NOT NULL REFERENCES models(id),
    job_id INTEGER REFERENCES jobs(id) ON DELETE SET NULL,
    at REAL NOT NULL,
    requested_by TEXT NOT NULL,
    kind TEXT NOT NULL,
    from_number INTEGER,
    to_number INTEGER NOT NULL,
    verdict TEXT,
    checks TEXT NOT NULL DEFAULT '[]',
    forced INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    outcome TEXT NOT NULL
) STRICT;
CREATE INDEX promotions_by_model ON promotions (model_id, id);

CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    usable_by TEXT NOT NULL,
    note TEXT NOT NULL,
    memory_total_bytes INTEGER
) STRICT;

CREATE TABLE device_samples (
    device_id TEXT NOT NULL REFERENCES devices(id) ON DELETE CASCADE,
    at REAL NOT NULL,
    utilisation REAL,
    memory_used_bytes INTEGER,
    temperature_c REAL,
    power_w REAL,
    PRIMARY KEY (device_id, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    severity TEXT NOT NULL,
    code TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    version INTEGER,
    message TEXT NOT NULL
) STRICT;

CREATE TABLE faults (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    version INTEGER,
    severity TEXT NOT NULL,
    message TEXT NOT NULL,
    repair TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    first_at REAL NOT NULL,
    last_at REAL NOT NULL,
    count INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX faults_open_once ON faults (code, model, coalesce(version, -1)) WHERE state <> 'resolved';

CREATE TABLE engine (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    started_at REAL NOT NULL,
    heartbeat_at REAL NOT NULL,
    scanned_at REAL,
    stopped_at REAL,
    rss_bytes INTEGER NOT NULL,
    cpu_percent REAL NOT NULL,
    sandbox TEXT NOT NULL,
    hosts TEXT NOT NULL
) STRICT
"""
