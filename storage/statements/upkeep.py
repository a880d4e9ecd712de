"""What was added to keep of upkeep: exports, checks for faults, trainings."""

EXPORTS = """
CREATE TABLE exports (
    model_id INTEGER NOT NULL REFERENCES models(id),
    sha256 TEXT NOT NULL,
    parent INTEGER NOT NULL,
    parent_sha256 TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    quantize TEXT,
    parity TEXT NOT NULL,
    tools TEXT NOT NULL,
    at REAL NOT NULL,
    requested_by TEXT NOT NULL,
    PRIMARY KEY (model_id, sha256)
) STRICT, WITHOUT ROWID
"""

REMEDIES = "ALTER TABLE faults ADD COLUMN remedies TEXT NOT NULL DEFAULT '[]'"

ANSWERS_OF_CHECKS = """
CREATE TABLE check_answers (
    model TEXT NOT NULL,
    code TEXT NOT NULL,
    version INTEGER,
    answer TEXT NOT NULL,
    detail TEXT NOT NULL,
    basis TEXT NOT NULL,
    recent TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (model, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE golden_answers (
    model TEXT NOT NULL,
    artefact_sha256 TEXT NOT NULL,
    options TEXT NOT NULL,
    device TEXT NOT NULL,
    runtime TEXT NOT NULL,
    runtime_version TEXT NOT NULL,
    inputs BLOB NOT NULL,
    outputs BLOB NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (model, artefact_sha256, options, device)
) STRICT;
CREATE TABLE data_overlaps (
    model TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,
    shared INTEGER NOT NULL,
    different INTEGER NOT NULL,
    at REAL NOT NULL
) STRICT;
ALTER TABLE faults ADD COLUMN acknowledged_by TEXT NOT NULL DEFAULT '';
ALTER TABLE faults ADD COLUMN tried TEXT NOT NULL DEFAULT '';
ALTER TABLE faults ADD COLUMN tried_at REAL
"""

TRAINING_RUNS = """
CREATE TABLE training_runs (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    key TEXT NOT NULL,
    job_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    started_at REAL NOT NULL,
    finished_at REAL,
    how TEXT NOT NULL,
    base_version INTEGER,
    base_sha256 TEXT NOT NULL,
    seed INTEGER NOT NULL,
    settings TEXT NOT NULL,
    data TEXT NOT NULL DEFAULT 'null',
    versions TEXT NOT NULL DEFAULT '{}',
    curve TEXT NOT NULL DEFAULT '[]',
    best_epoch INTEGER,
    artefact TEXT NOT NULL DEFAULT '',
    sha256 TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX training_runs_by_model ON training_runs (model, id)
"""

MEMORY_READINGS = """
CREATE TABLE memory_readings (
    process TEXT NOT NULL,
    pid INTEGER NOT NULL,
    began_at REAL NOT NULL,
    at REAL NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (process, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE endurances (
    model TEXT PRIMARY KEY,
    artefact_sha256 TEXT NOT NULL,
    runtime_version TEXT NOT NULL,
    at REAL NOT NULL,
    readings TEXT NOT NULL
) STRICT
"""

REPAIRS_THAT_MAKE_VERSIONS = """
ALTER TABLE exports ADD COLUMN temperature REAL;
ALTER TABLE training_runs ADD COLUMN trigger TEXT NOT NULL DEFAULT '';
ALTER TABLE training_runs ADD COLUMN data_stamp TEXT NOT NULL DEFAULT '';
ALTER TABLE training_runs ADD COLUMN data_bytes INTEGER NOT NULL DEFAULT 0
"""
