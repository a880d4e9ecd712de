"""How the console keeps up with a hand on its keys while it lists thousands of models, in a real terminal.

``python -m tests.benchmarks.scrolling`` runs this alone; it needs neither an engine nor samples.
"""

import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from engine.packing import Packing
from storage.database import Writer
from tests.benchmarks import years
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import COMMAND, Stage
from tests.terminal import Terminal

MODELS = 5000
KEYS_A_SECOND = 30
"""As a keyboard repeats a key that is held."""

HELD_S = 10.0
FRAMES = 20
"""Pictures a second from which on rows seem to move."""

LONGEST_S = 1 / FRAMES
FILTER_S = 0.05
FILTER_ROUNDS = 10
DIGITS = "4999"
PATIENCE_S = 60.0
GLANCE_S = 0.001

J, PAGE_DOWN = "j", "\x1b[6~"


def run(stage: Stage) -> list[Figure]:
    """Measure in a workspace of its own."""
    del stage
    return measure()


def measure() -> list[Figure]:
    """Hold two keys, and type a filter."""
    with tempfile.TemporaryDirectory(prefix="modeltender-scrolling-") as name:
        folder = Path(name) / "many"
        writer = Writer(years.overview(folder, MODELS))
        Packing(writer).work()
        writer.close()
        argv = [COMMAND, "--read-only", str(folder)]
        with Terminal(argv, columns=80, rows=24) as terminal:
            terminal.wait_for(lambda screen: f"Models {MODELS}" in screen and "quit" in screen, PATIENCE_S)
            terminal.read(1.0)
            figures = [_scrolled(terminal, key, word) for key, word in ((J, "j"), (PAGE_DOWN, "page down"))]
            return [*figures, _filtered(terminal)]


def _scrolled(terminal: Terminal, key: str, word: str) -> Figure:
    """Hold a key, and note when each picture is there that is another one than the last."""
    terminal.send("g")
    terminal.read(1.0)
    shown, pictures = terminal.text(), []
    began = time.perf_counter()
    for number in range(int(HELD_S * KEYS_A_SECOND)):
        terminal.send(key)
        while time.perf_counter() < began + (number + 1) / KEYS_A_SECOND:
            terminal.read(GLANCE_S)
            if terminal.text() != shown:
                shown = terminal.text()
                pictures.append(time.perf_counter())
    rate = len(pictures) / (time.perf_counter() - began)
    pauses = sorted(after - before for before, after in pairwise(pictures))
    longest = pauses[int(len(pauses) * 0.99)]
    return Figure(
        f"console: pictures a second among {MODELS:,} models, {word} held ({KEYS_A_SECOND} keys a second), 80x24",
        f"{rate:.0f}",
        f"{longest * 1e3:.0f} ms: from one to the next, p99",
        "",
        f"{FRAMES}, {LONGEST_S * 1e3:.0f} ms",
        rate >= FRAMES and longest <= LONGEST_S,
    )


def _filtered(terminal: Terminal) -> Figure:
    """Type a number into the filter, again and again; each digit leaves fewer rows."""
    waits = []
    for _ in range(FILTER_ROUNDS):
        terminal.send("/")
        terminal.wait_for("words; !not", PATIENCE_S)
        for end in range(1, len(DIGITS) + 1):
            began = time.perf_counter()
            terminal.send(DIGITS[end - 1])
            while f"  /{DIGITS[:end]} " not in terminal.text():
                terminal.read(GLANCE_S)
                if time.perf_counter() - began > PATIENCE_S:
                    raise RuntimeError(
                        f"a letter was not answered within {PATIENCE_S:.0f} s:\n{terminal.text()}"
                    )
            waits.append(time.perf_counter() - began)
        terminal.send("\x1b")
        terminal.wait_for(f"Models {MODELS} ", PATIENCE_S)
        terminal.read(0.5)
    median = statistics.median(waits)
    return Figure(
        f"console: a letter of the filter to its rows among {MODELS:,} models, 80x24",
        f"{median * 1e3:.0f} ms",
        f"{max(waits) * 1e3:.0f} ms: the longest of {len(waits)}",
        "",
        f"{FILTER_S * 1e3:.0f} ms",
        median <= FILTER_S,
    )


if __name__ == "__main__":
    for figure in measure():
        print(figure.row())
