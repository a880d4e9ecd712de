"""The tables, as numbered migrations.

A migration is never edited once released; a change is a new one at the end. `SCHEMA_VERSION` counts them
and is written to ``user_version``, so that an older program can refuse a newer database without reading it.
Loaded only where the engine or ``init`` writes, because sqlite_utils brings more than a viewer needs.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("modeltender")

SCHEMA_VERSION = 16


@migrations()
def first_tables(database: Database) -> None:
    """Create the tables of version 0.1."""
    _execute(database, FIRST_TABLES)


@migrations()
def latency_measurements(database: Database) -> None:
    """Keep latency measurements that belong to no evaluation."""
    _execute(database, LATENCY_MEASUREMENTS)


@migrations()
def slices_of_examples(database: Database) -> None:
    """Keep the figures of parts of the examples, how outputs were read, and what to know about the figures."""
    _execute(database, SLICES_OF_EXAMPLES)


@migrations()
def stamps_of_test_data(database: Database) -> None:
    """Keep which state of the test data a version was last tried on."""
    database.conn.execute("ALTER TABLE versions ADD COLUMN data_stamp TEXT NOT NULL DEFAULT ''")


@migrations()
def what_versions_need(database: Database) -> None:
    """Keep what a version is and takes to load, and why its last evaluation did not work."""
    _execute(database, WHAT_VERSIONS_NEED)


@migrations()
def trust_and_quarantine(database: Database) -> None:
    """Keep what owners trust, what was taken out of the inbox, and what was found in versions that are refused."""
    _execute(database, TRUST_AND_QUARANTINE)


@migrations()
def contents_of_deployed_versions(database: Database) -> None:
    """Keep what versions held when they were deployed, whatever becomes of their folders, and which files that is.

    What may be of several files is looked into once more.
    """
    _execute(database, DEPLOYED_CONTENTS)


@migrations()
def examples_of_evaluations(database: Database) -> None:
    """Keep what each example came to, who was judged on which test set, and what no candidate may be worse than."""
    _execute(database, EXAMPLES_OF_EVALUATIONS)


@migrations()
def promotion_targets(database: Database) -> None:
    """Keep what was last said to each promotion target, and why a promotion was taken back."""
    _execute(database, PROMOTION_TARGETS)


@migrations()
def details_of_devices(database: Database) -> None:
    """Keep what devices tell besides their use, and what keeps runtimes from using them."""
    _execute(database, DETAILS_OF_DEVICES)


@migrations()
def exports(database: Database) -> None:
    """Keep what exported versions were made from."""
    _execute(database, EXPORTS)


@migrations()
def targets_of_promotions(database: Database) -> None:
    """Keep what became of each target when it was told of a promotion."""
    database.conn.execute("ALTER TABLE promotions ADD COLUMN told TEXT NOT NULL DEFAULT '[]'")


@migrations()
def promotions_by_themselves(database: Database) -> None:
    """Keep which jobs wait for which other ones, and which versions are on probation."""
    _execute(database, PROMOTIONS_BY_THEMSELVES)


@migrations()
def answers_of_checks(database: Database) -> None:
    """Keep what each check for faults last said, stored answers to compare with, and what was done about a fault."""
    _execute(database, ANSWERS_OF_CHECKS)


@migrations()
def rolled_up_readings(database: Database) -> None:
    """Keep what devices read for years, rolled up; the readings of a device stay when it goes."""
    _execute(database, ROLLED_UP_READINGS)


@migrations()
def training_runs(database: Database) -> None:
    """Keep what each training began from, how it went, and what it left."""
    _execute(database, TRAINING_RUNS)


def _execute(database: Database, statements: str) -> None:
    """Run statements one by one, inside the migration's transaction."""
    for statement in statements.split(";"):
        if statement.strip():
            database.conn.execute(statement)


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

LATENCY_MEASUREMENTS = """
CREATE TABLE latency_measurements (
    id INTEGER PRIMARY KEY,
    version_id INTEGER NOT NULL REFERENCES versions(id),
    job_id INTEGER REFERENCES jobs(id) ON DELETE SET NULL,
    at REAL NOT NULL,
    requested_by TEXT NOT NULL,
    scenario TEXT NOT NULL,
    batch_size INTEGER NOT NULL,
    device TEXT NOT NULL,
    seed INTEGER NOT NULL,
    n INTEGER NOT NULL,
    warmup INTEGER NOT NULL,
    duration_s REAL NOT NULL,
    p50_ms REAL NOT NULL,
    p90_ms REAL,
    p95_ms REAL,
    p99_ms REAL,
    p999_ms REAL,
    mean_ms REAL NOT NULL,
    stdev_ms REAL NOT NULL,
    throughput REAL NOT NULL,
    stable INTEGER NOT NULL,
    noisy TEXT NOT NULL,
    surroundings TEXT NOT NULL,
    target_qps REAL,
    achieved_qps REAL,
    objective_ms REAL,
    max_qps REAL,
    unserved INTEGER NOT NULL,
    load_s REAL NOT NULL,
    first_ms REAL NOT NULL,
    peak_rss_bytes INTEGER,
    dataset_name TEXT NOT NULL,
    artefact_sha256 TEXT NOT NULL,
    preprocessing_sha256 TEXT NOT NULL,
    runtime TEXT NOT NULL,
    runtime_version TEXT NOT NULL,
    isolation TEXT NOT NULL
) STRICT;
CREATE INDEX latency_measurements_by_version ON latency_measurements (version_id, scenario, batch_size, device, id);
CREATE INDEX latency_measurements_by_job ON latency_measurements (job_id)
"""

SLICES_OF_EXAMPLES = """
CREATE TABLE sliced_metrics (
    evaluation_id INTEGER NOT NULL REFERENCES evaluations(id) ON DELETE CASCADE,
    slice TEXT NOT NULL,
    name TEXT NOT NULL,
    value REAL NOT NULL,
    low REAL,
    high REAL,
    n INTEGER NOT NULL,
    PRIMARY KEY (evaluation_id, slice, name)
) STRICT;
INSERT INTO sliced_metrics (evaluation_id, slice, name, value, low, high, n)
    SELECT evaluation_id, '', name, value, low, high, n FROM metrics;
DROP TABLE metrics;
ALTER TABLE sliced_metrics RENAME TO metrics;
ALTER TABLE evaluations ADD COLUMN scale TEXT;
ALTER TABLE evaluations ADD COLUMN notes TEXT NOT NULL DEFAULT '[]'
"""

WHAT_VERSIONS_NEED = """
ALTER TABLE versions ADD COLUMN loading TEXT;
ALTER TABLE versions ADD COLUMN failure TEXT
"""

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

EXAMPLES_OF_EVALUATIONS = """
ALTER TABLE outcomes DROP COLUMN errors;
CREATE TABLE example_values (
    evaluation_id INTEGER NOT NULL REFERENCES evaluations(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (evaluation_id, name)
) STRICT;
CREATE TABLE judged (
    id INTEGER PRIMARY KEY,
    model_id INTEGER NOT NULL REFERENCES models(id),
    dataset_sha256 TEXT NOT NULL,
    artefact_sha256 TEXT NOT NULL,
    number INTEGER NOT NULL,
    UNIQUE (model_id, dataset_sha256, artefact_sha256)
) STRICT;
CREATE TABLE anchors (
    model_id INTEGER NOT NULL REFERENCES models(id),
    dataset_sha256 TEXT NOT NULL,
    version_id INTEGER NOT NULL REFERENCES versions(id),
    PRIMARY KEY (model_id, dataset_sha256)
) STRICT;
CREATE TABLE latency_ratios (
    id INTEGER PRIMARY KEY,
    before_sha256 TEXT NOT NULL,
    after_sha256 TEXT NOT NULL,
    device TEXT NOT NULL,
    at REAL NOT NULL,
    ratio REAL NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    confidence REAL NOT NULL,
    n INTEGER NOT NULL,
    UNIQUE (before_sha256, after_sha256, device)
) STRICT
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

DETAILS_OF_DEVICES = """
ALTER TABLE devices ADD COLUMN obstacles TEXT NOT NULL DEFAULT '[]';
ALTER TABLE devices ADD COLUMN details TEXT NOT NULL DEFAULT '{}'
"""

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

ROLLED_UP_READINGS = """
CREATE TABLE readings (
    device_id TEXT NOT NULL,
    at REAL NOT NULL,
    utilisation REAL,
    memory_used_bytes INTEGER,
    temperature_c REAL,
    power_w REAL,
    PRIMARY KEY (device_id, at)
) STRICT, WITHOUT ROWID;
INSERT INTO readings SELECT device_id, at, utilisation, memory_used_bytes, temperature_c, power_w FROM device_samples;
DROP TABLE device_samples;
ALTER TABLE readings RENAME TO device_samples;
CREATE TABLE device_series (
    id INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL,
    reading TEXT NOT NULL,
    UNIQUE (device_id, reading)
) STRICT;
CREATE TABLE device_minutes (
    series_id INTEGER NOT NULL REFERENCES device_series(id),
    at INTEGER NOT NULL,
    n INTEGER NOT NULL,
    least REAL NOT NULL,
    mean REAL NOT NULL,
    greatest REAL NOT NULL,
    sketch BLOB NOT NULL,
    PRIMARY KEY (series_id, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE device_hours (
    series_id INTEGER NOT NULL REFERENCES device_series(id),
    at INTEGER NOT NULL,
    n INTEGER NOT NULL,
    least REAL NOT NULL,
    mean REAL NOT NULL,
    greatest REAL NOT NULL,
    sketch BLOB NOT NULL,
    PRIMARY KEY (series_id, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE device_days (
    series_id INTEGER NOT NULL REFERENCES device_series(id),
    at INTEGER NOT NULL,
    n INTEGER NOT NULL,
    least REAL NOT NULL,
    mean REAL NOT NULL,
    greatest REAL NOT NULL,
    sketch BLOB NOT NULL,
    PRIMARY KEY (series_id, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollups_due (
    level INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (level, device_id, at)
) STRICT, WITHOUT ROWID;
INSERT INTO rollups_due SELECT DISTINCT level, device_id, CAST(at / level AS INTEGER) * level
    FROM device_samples, (SELECT 60 AS level UNION SELECT 3600 UNION SELECT 86400)
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
