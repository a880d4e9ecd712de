"""``make bench``: the figures that modeltender promises, each measured beside what it is compared with.

Prints a Markdown table; with ``--write`` it becomes the measured part of docs/benchmarks.md. Absolute times
depend on the machine and what else it does; ratios of two measurements of the same run are what counts.
"""

import argparse
import datetime as dt
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil

from sample_models.build import build
from tests.benchmarks import (
    arrival,
    checking,
    comparing,
    console,
    devices,
    evaluation,
    exporting,
    exposing,
    growth,
    history,
    idle,
    planted,
    promotion,
    scrolling,
    speed,
    starvation,
    terminals,
    timing,
    training,
    watching,
)
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage

REPORT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
MARK = "<!-- measured -->"

BENCHMARKS: tuple[Callable[[Stage], list[Figure]], ...] = (
    evaluation.run,
    comparing.run,
    arrival.run,
    promotion.run,
    console.run,
    terminals.run,
    scrolling.run,
    devices.run,
    checking.run,
    speed.run,
    growth.run,
    history.run,
    exposing.run,
    timing.run,
    exporting.run,
    watching.run,
    idle.run,
    starvation.run,
    training.run,
    planted.run,
)


def main() -> None:
    """Run every benchmark, or those whose module's name is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="names of benchmark modules")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="modeltender-bench-") as folder:
        root = Path(folder) / "workspace"
        build(root, on_progress=lambda line: print(line, file=sys.stderr))
        with Stage(root) as stage:
            for benchmark in BENCHMARKS:
                if not arguments.only or benchmark.__module__.rsplit(".", 1)[-1] in arguments.only:
                    found = benchmark(stage)
                    # Told at once: what comes later may take long, or fail.
                    print(*(figure.row() for figure in found), sep="\n", file=sys.stderr, flush=True)
                    figures += found
    table = _table(figures)
    print(table)
    if arguments.write:
        report = REPORT.read_text()
        REPORT.write_text(report[: report.index(MARK) + len(MARK)] + "\n" + table)


def _table(figures: list[Figure]) -> str:
    machine = f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"
    lines = [
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} on {machine}, Python {platform.python_version()}, with `make bench`.",
        "",
        "| what | measured | beside | ratio | promised | kept |",
        "|---|---|---|---|---|---|",
    ]
    lines += [figure.row() for figure in figures]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
