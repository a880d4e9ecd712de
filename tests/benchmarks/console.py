"""How quickly the console is there, and what it costs while it stays open."""

import statistics
import subprocess
import sys
import time

from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import COMMAND, Stage
from tests.terminal import Terminal

ROUNDS = 7
REST_S = 20.0
MEGABYTE = 1024 * 1024


def run(stage: Stage) -> list[Figure]:
    """Measure the first complete paint beside a bare import of Textual, then memory and processor time at rest."""
    stage.settle()
    bare, paint = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-P", "-c", "import textual.app"], check=True)
        bare.append(time.perf_counter() - started)
        with Terminal([COMMAND, str(stage.workspace.root)], columns=80, rows=24) as terminal:
            paint.append(terminal.wait_for(_complete))
            terminal.send("q")
            terminal.wait_closed()
    ratio = statistics.median(shown / imported for shown, imported in zip(paint, bare, strict=True))
    resident, share, written = _at_rest(stage)
    return [
        Figure(
            "console: process start to first complete paint, 80x24",
            f"{statistics.median(paint) * 1e3:.0f} ms",
            f"{statistics.median(bare) * 1e3:.0f} ms: python -c 'import textual.app'",
            f"{ratio:.2f}x",
            "2x",
            ratio <= 2,
        ),
        Figure(
            "console: resident memory with the samples open",
            f"{resident / MEGABYTE:.0f} MB",
            "",
            "",
            "70 MB",
            resident <= 70 * MEGABYTE,
        ),
        Figure(
            "console: processor at rest with 1 Hz updates",
            f"{share * 100:.1f} % of a core",
            f"{written / REST_S:.0f} bytes/s to the terminal",
            "",
            "3 %",
            share <= 0.03,
        ),
    ]


def _complete(screen: str) -> bool:
    """Whether everything is there: every panel's figures and the footer, the last line."""
    return "mnist" in screen and "quit" in screen.splitlines()[-1] and "cpu" in screen


def _at_rest(stage: Stage) -> tuple[int, float, int]:
    with Terminal([COMMAND, str(stage.workspace.root)], columns=80, rows=24) as terminal:
        terminal.wait_for(_complete)
        terminal.read(3.0)
        process = terminal.process()
        before = process.cpu_times()
        received = len(terminal.received)
        started = time.perf_counter()
        terminal.read(REST_S)
        after = process.cpu_times()
        share = (after.user + after.system - before.user - before.system) / (time.perf_counter() - started)
        resident = process.memory_info().rss
        terminal.send("q")
        terminal.wait_closed()
        return resident, share, len(terminal.received) - received
