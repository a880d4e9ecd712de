"""How quickly years of figures answer: ten million metrics, three years of readings, five thousand models.

Rows come in by a bulk path, which is why it takes minutes and not a day: evaluations and their metrics are made by one
INSERT ... SELECT each in the tables as the engine makes them, with every index; of readings there is what retention leaves
of three years at one a second (14 days of minutes, 400 of hours, all the days; 95 million seconds for each of four
readings), with sketches of real made-up seconds that are used again and again. The day that is rolled up, and the rows of
the write path, go the engine's own way.

``python -P -m tests.benchmarks.history ROWS`` runs it with fewer metrics.
"""

import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine.rolling import Rolling
from storage import sketch, snapshot, upkeep
from storage.database import Reader, Writer
from storage.tables import devices, evaluations, rollups
from storage.tables.devices import SAMPLE
from storage.tables.rollups import DAY, HOUR, MINUTE
from storage.workspace import create_workspace
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage
from tests.readings import MIDNIGHT, card, record, uses

FEW, MANY = 100_000, 10_000_000

METRICS = ("accuracy", "balanced_accuracy", "f1_macro", "log_loss", "ece")

EVALUATIONS_OF_A_MODEL = 400
"""The same at each size, so that the same question has the same answer and only the heap around it grows."""

MODELS = 5000

YEARS = 3

KEPT = {MINUTE: 14 * DAY, HOUR: 400 * DAY, DAY: YEARS * 365 * DAY}

NOW = MIDNIGHT + 2000 * DAY

RANGES = tuple(days * DAY for days in (0.007, 0.04, 0.25, 1, 2, 7, 30, 100, 365, YEARS * 365))

ROUNDS = 40

READERS = 4

WRITTEN = 200_000

BATCH = 1000
"""Rows of one transaction of the write path."""


def run(stage: Stage) -> list[Figure]:
    """Measure at the full size."""
    del stage  # no engine takes part
    return measure(MANY)


def measure(many: int) -> list[Figure]:
    """Measure with so many metrics."""
    with tempfile.TemporaryDirectory(prefix="modeltender-history-") as name:
        small, large = (_filled(Path(name) / str(rows), rows) for rows in (FEW, many))
        before, after = _charts(small), _charts(large)
        devices_s = _device_charts(large)
        overview_s = _overview(Path(name) / "overview")
        rate = _writing(Path(name) / "writing")
        whole_s, step_s = _rolling(Path(name) / "rolling")
        yearly = _growth(large)
    ratio = _p99(after) / _p99(before)
    return [
        Figure(
            f"chart of a metric among {many:,} (p99)",
            f"{_p99(after) * 1e3:.1f} ms",
            f"{_p99(before) * 1e3:.1f} ms: among {FEW:,}",
            f"{ratio:.2f}x",
            "30 ms, 2x",
            _p99(after) <= 0.03 and ratio <= 2,
        ),
        Figure(
            f"chart of a device's reading over any of {len(RANGES)} ranges, 10 minutes to {YEARS} years (p99)",
            f"{_p99(devices_s) * 1e3:.1f} ms",
            "",
            "",
            "30 ms",
            _p99(devices_s) <= 0.03,
        ),
        Figure(
            f"overview of {MODELS:,} models",
            f"{overview_s * 1e3:.0f} ms",
            "",
            "",
            "50 ms",
            overview_s <= 0.05,
        ),
        Figure(
            f"rows written in transactions of {BATCH:,}, {READERS} readers attached",
            f"{rate:,.0f} a second",
            "",
            "",
            "50,000 a second",
            rate >= 50_000,
        ),
        Figure("rolling up a day of one device", f"{whole_s:.2f} s", "", "", "2 s", whole_s <= 2),
        Figure("its longest step", f"{step_s * 1e3:.1f} ms", "", "", "20 ms", step_s <= 0.02),
        Figure("bytes a model and year, evaluated daily", f"{yearly / 1024:.0f} KiB", "", "", "stated", True),
    ]


def _filled(folder: Path, metrics: int) -> Path:
    """Return a database with so many metrics and with what is left of years of readings."""
    path = create_workspace(folder).database
    Writer(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    per_model = EVALUATIONS_OF_A_MODEL * len(METRICS)
    _add_models(connection, max(1, metrics // per_model), EVALUATIONS_OF_A_MODEL)
    _add_readings(connection)
    connection.execute("COMMIT")
    connection.close()
    return path


def _add_models(connection: sqlite3.Connection, models: int, each: int) -> None:
    """Add models with four versions each, which were evaluated in turns, daily."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
    connection.execute(
        f"{numbers.format(last=models - 1)} INSERT INTO models (id, name, task, created_at) "
        "SELECT i + 1, printf('model-%05d', i), 'classification', 0 FROM n"
    )
    connection.execute(
        f"{numbers.format(last=models * 4 - 1)} INSERT INTO versions (id, model_id, number, format, status, found_at) "
        "SELECT i + 1, i / 4 + 1, i % 4 + 1, 'onnx', 'ready', 0 FROM n"
    )
    # Day by day over all models, as time goes, so that a model's rows lie far apart.
    connection.execute(
        f"{numbers.format(last=models * each - 1)} INSERT INTO evaluations (id, version_id, at, requested_by, dataset_name, "
        "dataset_rows, dataset_sha256, artefact_sha256, preprocessing_sha256, runtime, runtime_version, device, batch_size, "
        "isolation, duration_s) SELECT i + 1, (i % :models) * 4 + (i / :models) * 4 / :each + 1, :now - (:each - i / :models) * 86400.0, "
        "'engine', 'test.npz', 2000, printf('%064d', 1), printf('%064d', i % :models), printf('%064d', 2), 'onnxruntime', '1.32.0', "
        "'cpu', 32, 'full', 1.5 FROM n",
        {"models": models, "each": each, "now": NOW},
    )
    names = " UNION ALL ".join(f"SELECT '{name}' AS name" for name in METRICS)
    connection.execute(
        "INSERT INTO metrics (evaluation_id, slice, name, value, low, high, n) "
        f"SELECT id, '', name, 0.9 + (id * 7919 % 1000) / 20000.0, 0.88, 0.97, 2000 FROM evaluations, ({names}) ORDER BY id"
    )
    connection.execute(
        "UPDATE versions SET evaluation_id = (SELECT max(id) FROM evaluations WHERE version_id = versions.id)"
    )
    connection.execute(
        "UPDATE models SET current_id = (SELECT max(id) FROM versions WHERE model_id = models.id AND number = 3)"
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


def _charts(path: Path) -> list[float]:
    """Return how long a chart's read took, for other models and ranges each time."""
    reader = Reader(path)
    took = []
    with reader.transaction() as connection:
        (models,) = connection.execute("SELECT count(*) FROM models").fetchone()
    for number in range(ROUNDS * len(RANGES)):
        name = f"model-{number * 7919 % models:05d}"
        since = NOW - RANGES[number % len(RANGES)]

        def ask(connection: sqlite3.Connection, name: str = name, since: float = since) -> object:
            return evaluations.history(connection, name, "accuracy", since=since)

        took.append(_timed(reader, ask))
    reader.close()
    return took


def _device_charts(path: Path) -> list[float]:
    reader = Reader(path)
    took = []
    for _ in range(ROUNDS):
        for span in RANGES:

            def ask(connection: sqlite3.Connection, span: float = span) -> object:
                level = rollups.level_for(span)
                return rollups.read(
                    connection, "cuda:0", "utilisation", level=level, since=NOW - span, until=NOW
                )

            took.append(_timed(reader, ask))
    reader.close()
    return took


def _timed(reader: Reader, ask: Callable[[sqlite3.Connection], object]) -> float:
    began = time.perf_counter()
    with reader.transaction() as connection:
        ask(connection)
    return time.perf_counter() - began


def _overview(folder: Path) -> float:
    """Return the median time of the console's snapshot of many models."""
    path = create_workspace(folder).database
    Writer(path).close()
    connection = sqlite3.connect(path)
    _add_models(connection, MODELS, 20)
    connection.commit()
    connection.close()
    reader = Reader(path)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        snapshot.read(reader)
        took.append(time.perf_counter() - began)
    reader.close()
    return statistics.median(took)


def _writing(folder: Path) -> float:
    """Return the rows a second that the engine's writer takes while others read what it writes."""
    path = create_workspace(folder).database
    writer = Writer(path)
    with writer.passing() as connection:
        devices.replace(connection, [card()])
    stop = threading.Event()

    def look() -> None:
        reader = Reader(path)
        while not stop.wait(0.05):
            with reader.transaction() as connection:
                devices.read(connection)
        reader.close()

    readers = [threading.Thread(target=look) for _ in range(READERS)]
    for one in readers:
        one.start()
    values = uses(BATCH)
    batches = [
        [card(MIDNIGHT + first + i, values[i]) for i in range(BATCH)] for first in range(0, WRITTEN, BATCH)
    ]
    began = time.perf_counter()
    for batch in batches:
        with writer.passing() as connection:
            devices.add_samples(connection, batch)
            rollups.note(connection, batch)
    took = time.perf_counter() - began
    stop.set()
    for one in readers:
        one.join()
    writer.close()
    return WRITTEN / took


def _rolling(folder: Path) -> tuple[float, float]:
    """Return how long a day of one device takes to be rolled up, and the longest that the writer is held for it."""
    writer = Writer(create_workspace(folder).database)
    with writer.passing() as connection:
        record(connection, uses(DAY), since=MIDNIGHT)
    rolling = Rolling(writer, {}, now=lambda: MIDNIGHT + 2 * DAY, monotonic=time.monotonic)
    steps, more = [], True
    while more:
        began = time.perf_counter()
        more = rolling.roll()
        steps.append(time.perf_counter() - began)
    writer.close()
    return sum(steps), max(steps)


def _growth(path: Path) -> float:
    reader = Reader(path)
    with reader.transaction() as connection:
        found = upkeep.growth(connection, upkeep.sizes(connection)).bytes_per_model_year
    reader.close()
    return found or 0.0


def _p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98]


if __name__ == "__main__":
    for figure in measure(int(sys.argv[1])):
        print(figure.row(), flush=True)
