"""How quickly the console is there; what it costs while it stays open is `terminals`'."""

import statistics
import subprocess
import sys
import time

from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import COMMAND, Stage
from tests.benchmarks.terminals import complete
from tests.terminal import Terminal

ROUNDS = 7


def run(stage: Stage) -> list[Figure]:
    """Measure the first complete paint beside a bare import of Textual."""
    stage.settle()
    bare, paint = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-P", "-c", "import textual.app"], check=True)
        bare.append(time.perf_counter() - started)
        with Terminal([COMMAND, str(stage.workspace.root)], columns=80, rows=24) as terminal:
            paint.append(terminal.wait_for(complete))
            terminal.send("q")
            terminal.wait_closed()
    ratio = statistics.median(shown / imported for shown, imported in zip(paint, bare, strict=True))
    return [
        Figure(
            "console: process start to first complete paint, 80x24",
            f"{statistics.median(paint) * 1e3:.0f} ms",
            f"{statistics.median(bare) * 1e3:.0f} ms: python -c 'import textual.app'",
            f"{ratio:.2f}x",
            "1.5x",
            ratio <= 1.5,
        ),
    ]
