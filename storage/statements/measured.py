"""What was added to keep of measurements: latency of its own, slices, what versions take, each example's answer."""

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
