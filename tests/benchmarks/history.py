"""How quickly years of figures answer: ten million metrics, three years of readings, five thousand models.

The databases are those of `tests.benchmarks.years`. The day that is rolled up, and the rows of the write path, go the
engine's own way; what a console pays is measured with its own feed, and MLflow's store is filled and asked by itself.

``python -m tests.benchmarks.history`` runs it alone with a million metrics, in a minute; with ``10000000`` in full, in
some minutes and with 3 GB of the temporary folder.
"""

import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine.packing import Packing
from engine.rolling import Rolling
from storage import snapshot, upkeep
from storage.database import Reader, Writer
from storage.snapshot import Snapshot
from storage.tables import devices, models, rollups, thinning
from storage.tables.rollups import DAY
from storage.workspace import Workspace, create_workspace
from tests.benchmarks import apart, years
from tests.benchmarks.figure import Figure
from tests.benchmarks.mlflow_store import Store
from tests.benchmarks.stage import Stage
from tests.benchmarks.years import NOW, YEARS
from tests.readings import MIDNIGHT, card, record, uses
from tui.commands.documenting import model_document
from tui.feed import Feed
from tui.listing import listed

FEW, SOME, MANY = 100_000, 1_000_000, 10_000_000

MODELS = 5000

RANGES = tuple(days * DAY for days in (0.007, 0.04, 0.25, 1, 2, 7, 30, 100, 365, YEARS * 365))

ROUNDS = 40

REFRESHES = 50

READERS = 4

WRITTEN = 200_000

BATCH = 1000
"""Rows of one transaction of the write path."""

PROMETHEUS_BYTES = "1 to 2: Prometheus' documentation, a value and its time alone"


def run(stage: Stage) -> list[Figure]:
    """Measure at the full size."""
    del stage  # no engine takes part
    return measure(MANY)


def measure(many: int) -> list[Figure]:
    """Measure with so many metrics."""
    with tempfile.TemporaryDirectory(prefix="modeltender-history-") as name:
        folder = Path(name)
        small = years.filled(folder / "small", FEW)
        large = years.filled(folder / "large", many, busy=True)
        return [
            *_of_charts(small, large, many),
            *_of_overviews(folder / "overview"),
            *_of_writing(folder),
            *_of_space(large),
            *_beside_mlflow(folder, small, many),
        ]


def _of_charts(small: Path, large: Path, many: int) -> list[Figure]:
    before, after = _p99(_charts(small)), _p99(_charts(large))
    busy, device = _p99(_charts(large, years.BUSY_NAME)), _p99(_device_charts(large))
    return [
        Figure(
            f"chart of a metric among {many:,}, over any of {len(RANGES)} ranges (p99)",
            f"{after * 1e3:.1f} ms",
            f"{before * 1e3:.1f} ms: among {FEW:,}",
            f"{after / before:.2f}x",
            "30 ms, 2x",
            after <= 0.03 and after <= 2 * before,
        ),
        Figure(
            f"the same of a model that was evaluated {years.BUSY:,} times, every quarter of an hour for {YEARS} years (p99)",
            f"{busy * 1e3:.1f} ms",
            "",
            "",
            "30 ms",
            busy <= 0.03,
        ),
        Figure(
            f"chart of a device's reading over any of {len(RANGES)} ranges, 10 minutes to {YEARS} years (p99)",
            f"{device * 1e3:.1f} ms",
            "",
            "",
            "30 ms",
            device <= 0.03,
        ),
    ]


def _of_overviews(folder: Path) -> list[Figure]:
    path = years.overview(folder, MODELS)
    loose_s = _overview(path)
    writer = Writer(path)
    Packing(writer).work()
    packed_s = _overview(path)
    rows_s, whole_s = _overview(path, _rows), _overview(path, _documents)
    still_s, changed_s = _refreshes(Workspace(folder), writer)
    writer.close()
    return [
        Figure(
            f"overview of {MODELS:,} models",
            f"{packed_s * 1e3:.0f} ms",
            f"{loose_s * 1e3:.0f} ms: when something was just written about every one",
            "",
            "50 ms",
            packed_s <= 0.05,
        ),
        Figure(
            "the same, and the rows of the console's table made of it",
            f"{rows_s * 1e3:.0f} ms",
            f"{whole_s * 1e3:.0f} ms: and what `modeltender models --json` says, of every version unpacked",
            "",
            "stated",
            True,
        ),
        Figure(
            f"the console's reading of {MODELS:,} models once a second, while one of them changes",
            f"{changed_s * 100:.2f} % of a core",
            f"{still_s * 100:.2f} %: while none does",
            "",
            "2 %",
            max(changed_s, still_s) <= 0.02,
        ),
    ]


def _of_writing(folder: Path) -> list[Figure]:
    rate = _writing(folder / "writing")
    whole_s, step_s = _rolling(folder / "rolling")
    return [
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
    ]


def _of_space(large: Path) -> list[Figure]:
    reader = Reader(large)
    with reader.transaction() as connection:
        tables = upkeep.sizes(connection)
        yearly = upkeep.growth(connection, tables).bytes_per_model_year or 0.0
        evaluated = next(table.rows for table in tables if table.name == "evaluations")
    reader.close()
    # At the rate that the engine's usual schedule has, and not at that of the busy one among them.
    daily = _bytes_of_figures(tables) / evaluated * 365
    return [
        Figure(
            f"bytes a model and year, evaluated daily with {len(years.METRICS)} figures",
            f"{daily / 1024:.0f} KiB",
            f"{yearly / 1024:.0f} KiB: as `db stats` tells it, with the busy one",
            "",
            "stated",
            True,
        )
    ]


def _beside_mlflow(folder: Path, small: Path, many: int) -> list[Figure]:
    """Ask MLflow's store the same of as many metrics, a million at most: it takes several times the room."""
    among = min(many, SOME)
    theirs = apart.ask(Store, "mlflow_store", str(folder / "mlflow.db"), str(among))
    ours = _charts(small, since=0.0)
    reader = Reader(small)
    with reader.transaction() as connection:
        tables = upkeep.sizes(connection)
        values = next(table.rows for table in tables if table.name == "metrics")
    reader.close()
    each = _bytes_of_figures(tables) / values
    p50 = statistics.median(ours)
    return [
        Figure(
            f"all {years.EVALUATIONS_OF_A_MODEL} values of a metric of a model's {years.VERSIONS} versions (median)",
            f"{p50 * 1e3:.1f} ms",
            f"{theirs.chart_s * 1e3:.1f} ms: MLflow's SQLite store, among {among:,}",
            f"1/{theirs.chart_s / p50:.1f}",
            "",
            True,
        ),
        Figure(
            "bytes of a metric's value, with its interval and the fingerprint of its evaluation",
            f"{each:.0f}",
            f"{theirs.bytes_per_value:.0f}: MLflow's SQLite store, a value alone; {PROMETHEUS_BYTES}",
            "",
            "stated",
            True,
        ),
    ]


def _bytes_of_figures(tables: list[upkeep.TableSize]) -> float:
    return sum(table.bytes or 0 for table in tables if table.name in upkeep.FIGURES)


def _charts(path: Path, name: str | None = None, *, since: float | None = None) -> list[float]:
    """Return how long a chart's read took, over other ranges each time and of other models, unless one is named."""
    reader = Reader(path)
    took = []
    with reader.transaction() as connection:
        known = [one for one in models.names(connection) if one != years.BUSY_NAME]
    for number in range(ROUNDS * len(RANGES)):
        model = name or known[number * 7919 % len(known)]
        begin = NOW - RANGES[number % len(RANGES)] if since is None else since

        def ask(connection: sqlite3.Connection, model: str = model, begin: float = begin) -> object:
            return thinning.charted(connection, model, "accuracy", since=begin)

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


def _rows(seen: Snapshot) -> object:
    return listed(seen, NOW)


def _documents(seen: Snapshot) -> object:
    return [model_document(model) for model in seen.models]


def _overview(path: Path, use: Callable[[Snapshot], object] | None = None) -> float:
    """Return the median time of a first look at many models and of what it is used for, with a connection of its own as a command has it."""
    took = []
    for _ in range(7):
        began = time.perf_counter()
        reader = Reader(path)
        seen = snapshot.read(reader)
        if use is not None:
            use(seen)
        took.append(time.perf_counter() - began)
        reader.close()
    return statistics.median(took)


def _refreshes(workspace: Workspace, writer: Writer) -> tuple[float, float]:
    """Return which share of a core a console's feed takes once a second, while a device is sampled and while a model changes, too."""
    with writer.passing() as connection:
        devices.replace(connection, [card()])
    feed = Feed(workspace)
    feed.select("model-00007")
    feed.look()
    shares = []
    for changes in (False, True):
        began = time.thread_time()
        for number in range(REFRESHES):
            # What the engine writes does not count: it is another process.
            wrote = time.thread_time()
            with writer.passing() as connection:
                devices.add_samples(connection, [card(MIDNIGHT + number + changes * REFRESHES, 0.5)])
                if changes:
                    problem = f"change {number}"
                    models.set_settings(connection, number * 7919 % MODELS + 1, task=None, problem=problem)
            began += time.thread_time() - wrote
            feed.look()
        shares.append((time.thread_time() - began) / REFRESHES)
    feed.stop()
    return shares[0], shares[1]


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


def _p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98]


if __name__ == "__main__":
    for figure in measure(int(sys.argv[1]) if sys.argv[1:] else SOME):
        print(figure.row(), flush=True)
