"""The history question, asked of MLflow's own store in SQLite: its tables, its indexes, its statement, its Python.

``python -P -m tests.benchmarks.mlflow_store FILE VALUES`` prints one line of JSON. The tables are made by MLflow, and so is
the first run; the other runs and the values are copies that come in by a bulk path. A version is a run, as people log it.
What MLflow keeps besides of every value when it is logged (its latest values) is left out, in its favour.
"""

import logging
import sqlite3
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.benchmarks.years import EVALUATIONS_OF_A_MODEL, METRICS, NOW, NUMBERS, VERSIONS

ROUNDS = 60

MOST = 2000
"""Points of a chart, as ours."""


class Store(NamedTuple):
    """What MLflow's store takes."""

    chart_s: float
    """Median."""
    bytes_per_value: float


def main(file: Path, values: int) -> Store:
    """Fill a store and ask it for the values of one metric of one model after another."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(f"sqlite:///{file}", str(file.parent / "artefacts"))
    first = store.create_run("0", "benchmark", 0, [], "model-00000")
    models = values // (EVALUATIONS_OF_A_MODEL * len(METRICS))
    empty = file.stat().st_size
    _fill(file, first.info.run_id, models)
    took = []
    for number in range(ROUNDS):
        model = number * 7919 % models
        runs = [_run(model * VERSIONS + version) for version in range(VERSIONS)]
        began = time.perf_counter()
        found = store.get_metric_history_bulk_interval(runs, "accuracy", MOST, None, None)
        took.append(time.perf_counter() - began)
        if len(found) != EVALUATIONS_OF_A_MODEL:
            raise RuntimeError(f"MLflow told {len(found)} values of model {model}")
    return Store(statistics.median(took), (file.stat().st_size - empty) / values)


def _run(number: int) -> str:
    return f"{number:032d}"


def _fill(file: Path, like: str, models: int) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    columns = [row[1] for row in connection.execute("PRAGMA table_info(runs)") if row[1] != "run_uuid"]
    connection.execute(
        f"{NUMBERS.format(last=models * VERSIONS - 1)} INSERT INTO runs (run_uuid, {', '.join(columns)}) "
        f"SELECT printf('%032d', i), {', '.join(columns)} FROM n, runs WHERE run_uuid = ?",
        (like,),
    )
    names = " UNION ALL ".join(f"SELECT '{name}' AS name" for name in METRICS)
    connection.execute(
        f"{NUMBERS.format(last=models * EVALUATIONS_OF_A_MODEL - 1)} "
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) "
        "SELECT name, 0.9 + (i * 7919 % 1000) / 20000.0, CAST((:now - (:each - i / :models) * 86400.0) * 1000 AS INTEGER), "
        f"printf('%032d', (i % :models) * {VERSIONS} + (i / :models) * {VERSIONS} / :each), i / :models, 0 FROM n, ({names})",
        {"models": models, "each": EVALUATIONS_OF_A_MODEL, "now": NOW},
    )
    connection.execute("COMMIT")
    connection.close()


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    print(msgspec.json.encode(main(Path(sys.argv[1]), int(sys.argv[2]))).decode())
