"""What a scrape of thousands of models costs the engine: the first one, later ones, and by gzip.

Figures are random to their last digit, which compresses as badly as figures can. What is measured is what the engine's
address makes (`engine.endpoint.Texts`), without the sending.

``python -m tests.benchmarks.exposing`` runs it alone, in half a minute.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

import psutil

from engine import endpoint
from engine.endpoint import Texts
from engine.packing import Packing
from storage.database import Writer
from storage.tables import models
from tests.benchmarks import years
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage

MODELS = 5000

SCRAPES = 8

CHANGED = 50
"""Models that are evaluated between two scrapes: all of them within half an hour, where a scrape comes every 15 seconds."""

RANDOM = "0.5 + random() / 18446744073709551616.0"
"""From 0 to 1, in SQLite."""


def run(stage: Stage | None = None) -> list[Figure]:
    """Measure at the full size."""
    del stage  # no engine takes part
    with tempfile.TemporaryDirectory(prefix="modeltender-exposing-") as name:
        path = _filled(Path(name))
        writer, texts = Writer(path), Texts(path)
        before = psutil.Process().memory_info().rss
        first_s, plain = _scrape(texts, compressed=False)
        later, packed = [], []
        for scrape in range(SCRAPES):
            _change(writer, scrape)
            took_s, _ = _scrape(texts, compressed=False)
            later.append(took_s)
            # The text is there: what is measured now is its packing.
            began = time.process_time()
            compressed = texts.get(compressed=True)
            packed.append(time.process_time() - began)
        kept = psutil.Process().memory_info().rss - before
        writer.close()
    later_s, gzip_s = statistics.median(later), statistics.median(packed)
    return [
        Figure(
            f"a scrape of {MODELS:,} models ({len(plain) / 1e6:.0f} MB), {CHANGED} of them evaluated anew since the last one: processor",
            f"{later_s * 1e3:.0f} ms",
            f"{first_s * 1e3:.0f} ms: the first one",
            f"1/{first_s / later_s:.0f}",
            "1/5",
            later_s <= first_s / 5,
        ),
        Figure(
            "the same by gzip, besides",
            f"+{gzip_s * 1e3:.0f} ms, {len(compressed) / 1e6:.1f} MB",
            f"{len(plain) / 1e6:.1f} MB: as it is",
            f"1/{len(plain) / len(compressed):.0f}",
            "stated",
            True,
        ),
        Figure(
            "the engine's memory, once such texts have been asked for",
            f"+{kept / 1e6:.0f} MB",
            "",
            "",
            "stated",
            True,
        ),
    ]


def _filled(folder: Path) -> Path:
    path = years.overview(folder, MODELS)
    writer = Writer(path)
    with writer.passing() as connection:
        connection.execute(f"UPDATE metrics SET value = {RANDOM}, low = {RANDOM}, high = {RANDOM}")
        connection.execute(
            f"UPDATE latencies SET p50_ms = {RANDOM}, p95_ms = {RANDOM}, p99_ms = {RANDOM}, throughput = {RANDOM}"
        )
    Packing(writer).work()
    writer.close()
    return path


def _scrape(texts: Texts, *, compressed: bool) -> tuple[float, bytes]:
    """Return the processor time of a scrape, and what it got."""
    time.sleep(endpoint.FRESH_S)
    began = time.process_time()
    body = texts.get(compressed=compressed)
    return time.process_time() - began, body


def _change(writer: Writer, scrape: int) -> None:
    with writer.passing() as connection:
        for number in range(CHANGED):
            changed = (scrape * CHANGED + number) * 7919 % MODELS + 1
            models.set_settings(connection, changed, task=None, problem=f"change {scrape}")
    Packing(writer).work()


if __name__ == "__main__":
    os.nice(10)
    for figure in run():
        print(figure.row(), flush=True)
