"""Databases as years of work leave them, made in minutes: what `tests.benchmarks.history` asks its questions of.

Rows come in by a bulk path: evaluations and their metrics are made by one INSERT ... SELECT each in the tables as the
engine makes them, with every index and every trigger; of readings there is what retention leaves of three years at one a
second (14 days of minutes, 400 of hours, all the days; 95 million seconds for each of four readings), with sketches of
real made-up seconds that are used again and again.
"""

import sqlite3
from pathlib import Path

from storage import sketch
from storage.database import Writer
from storage.tables import rollups
from storage.tables.devices import SAMPLE
from storage.tables.rollups import DAY, HOUR, MINUTE
from storage.workspace import create_workspace
from tests.readings import MIDNIGHT, uses

METRICS = ("accuracy", "balanced_accuracy", "f1_macro", "log_loss", "ece")

EVALUATIONS_OF_A_MODEL = 400
"""The same at each size, so that the same question has the same answer and only the heap around it grows."""

VERSIONS = 4

YEARS = 3

KEPT = {MINUTE: 14 * DAY, HOUR: 400 * DAY, DAY: YEARS * 365 * DAY}

NOW = MIDNIGHT + 2000 * DAY

QUARTER_S = 900.0

BUSY = YEARS * 365 * DAY // int(QUARTER_S)
"""Evaluations of the one model that is evaluated every quarter of an hour."""

BUSY_NAME = "busy"

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"


def filled(folder: Path, metrics: int, *, busy: bool = False) -> Path:
    """Return a database with so many metrics and with what is left of years of readings."""
    path = create_workspace(folder).database
    connection = _opened(path)
    left = metrics - BUSY * len(METRICS) if busy else metrics
    add_models(connection, max(1, left // (EVALUATIONS_OF_A_MODEL * len(METRICS))), EVALUATIONS_OF_A_MODEL)
    if busy:
        _add_busy(connection)
    _add_readings(connection)
    connection.execute("COMMIT")
    connection.close()
    return path


def overview(folder: Path, models: int) -> Path:
    """Return a database of so many models whose versions were evaluated a few times, each with its latency."""
    path = create_workspace(folder).database
    connection = _opened(path)
    add_models(connection, models, 20)
    connection.execute(
        "INSERT INTO latencies SELECT id, 'single-stream', 1, 500, 0.4, 0.5, 0.6, 0.9, 0.45, 0.1, 2200.0, 1 FROM evaluations"
    )
    connection.execute("COMMIT")
    connection.close()
    return path


def _opened(path: Path) -> sqlite3.Connection:
    Writer(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    return connection


def add_models(connection: sqlite3.Connection, models: int, each: int) -> None:
    """Add models with four versions each, which were evaluated in turns, daily."""
    connection.execute(
        f"{NUMBERS.format(last=models - 1)} INSERT INTO models (id, name, task, created_at) "
        "SELECT i + 1, printf('model-%05d', i), 'classification', 0 FROM n"
    )
    connection.execute(
        f"{NUMBERS.format(last=models * VERSIONS - 1)} INSERT INTO versions (id, model_id, number, format, status, sha256, found_at) "
        "SELECT i + 1, i / 4 + 1, i % 4 + 1, 'onnx', 'ready', printf('%064d', i), 0 FROM n"
    )
    # Day by day over all models, as time goes, so that a model's rows lie far apart.
    _evaluate(
        connection,
        models * each,
        "(i % :models) * 4 + (i / :models) * 4 / :each + 1, :now - (:each - i / :models) * 86400.0",
        {"models": models, "each": each, "now": NOW},
    )
    connection.execute(
        "UPDATE models SET current_id = (SELECT max(id) FROM versions WHERE model_id = models.id AND number = 3)"
    )


def _add_busy(connection: sqlite3.Connection) -> None:
    """Add a model whose four versions were evaluated every quarter of an hour for years, one after the other."""
    connection.execute(
        "INSERT INTO models (name, task, created_at) VALUES (?, 'classification', 0)", (BUSY_NAME,)
    )
    connection.execute(
        f"{NUMBERS.format(last=VERSIONS - 1)} INSERT INTO versions (model_id, number, format, status, found_at) "
        "SELECT (SELECT max(id) FROM models), i + 1, 'onnx', 'ready', 0 FROM n"
    )
    first = connection.execute("SELECT max(id) FROM versions").fetchone()[0] - VERSIONS + 1
    _evaluate(
        connection,
        BUSY,
        ":first + i * 4 / :busy, :now - (:busy - i) * :quarter",
        {"first": first, "busy": BUSY, "now": NOW, "quarter": QUARTER_S},
    )


def _evaluate(
    connection: sqlite3.Connection, count: int, version_and_time: str, named: dict[str, float]
) -> None:
    before = connection.execute("SELECT coalesce(max(id), 0) FROM evaluations").fetchone()[0]
    connection.execute(
        f"{NUMBERS.format(last=count - 1)} INSERT INTO evaluations (version_id, at, requested_by, dataset_name, "
        "dataset_rows, dataset_sha256, artefact_sha256, preprocessing_sha256, runtime, runtime_version, device, batch_size, "
        f"isolation, duration_s) SELECT {version_and_time}, 'engine', 'test.npz', 2000, printf('%064d', 1), "
        "printf('%064d', i % 1000), printf('%064d', 2), 'onnxruntime', '1.32.0', 'cpu', 32, 'full', 1.5 FROM n",
        named,
    )
    names = " UNION ALL ".join(f"SELECT '{name}' AS name" for name in METRICS)
    connection.execute(
        "INSERT INTO metrics (evaluation_id, slice, name, value, low, high, n) SELECT id, '', name, "
        f"0.9 + (id * 7919 % 1000) / 20000.0, 0.88, 0.97, 2000 FROM evaluations, ({names}) WHERE id > ? ORDER BY id",
        (before,),
    )
    connection.execute(
        f"INSERT OR IGNORE INTO metric_names SELECT models.id, names.name FROM models, ({names}) AS names"
    )
    connection.execute(
        "UPDATE versions SET evaluation_id = (SELECT max(id) FROM evaluations WHERE version_id = versions.id) "
        "WHERE evaluation_id IS NULL"
    )


def _add_readings(connection: sqlite3.Connection) -> None:
    blobs = [sketch.of(uses(60, seed)).encode() for seed in range(200)]
    for number, reading in enumerate(SAMPLE, 1):
        connection.execute("INSERT INTO device_series VALUES (?, 'cuda:0', ?)", (number, reading))
        for level, kept in KEPT.items():
            connection.executemany(
                f"INSERT INTO {rollups.TABLES[level]} VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (number, int(NOW) - (back + 1) * level, level, 0.01, 0.1, 0.9, blobs[back % len(blobs)])
                    for back in range(kept // level - 1, -1, -1)
                ),
            )
    connection.executemany(
        "INSERT INTO device_samples VALUES ('cuda:0', ?, ?, ?, ?, ?)",
        ((NOW - DAY + second, 0.5, 1000, 60.0, 200.0) for second in range(DAY)),
    )
