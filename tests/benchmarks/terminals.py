"""What the console costs a terminal and a machine while it stays open, beside programs that people leave open today.

All run in the same kind of pseudo-terminal, one after another, and are asked for a new picture each second.
"""

import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import psutil

from storage import launch
from storage.vocabulary import JobKind
from tests.benchmarks.apart import PEERS
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import COMMAND, Stage
from tests.terminal import Terminal

SMALL, LARGE = (80, 24), (160, 45)

REST_S = 20.0
MINUTE_S = 60.0
"""Where nothing happens the clock and the ages go on once a minute: less would count all of that, or none."""

BEGIN_S = 4.0
"""Until each has drawn its first pictures and its figures have settled."""

PATIENT_S = 60.0
KEYS = 200
KEY_S = 0.05
"""Up to which a reaction counts as immediate, with room for the line."""

GLANCE_S = 0.001
"""How finely the moment is read at which a key's effect is seen."""

START_BYTES = {SMALL: 30_000, LARGE: 80_000}
"""The larger one is a second of a slow line (640 kbit/s)."""

MEGABYTE = 1024 * 1024
RESIDENT = 50 * MEGABYTE
CORES = 0.02


class Rest(NamedTuple):
    """What a program costs while nobody touches it."""

    cores: float
    written: float
    """Bytes a second that the terminal is sent."""
    started: int
    """Bytes that it was sent until its first pictures were drawn."""
    resident: int

    def words(self, name: str) -> str:
        """Return the costs as the other side of a row."""
        return f"{self.cores * 100:.1f} %, {self.written:,.0f} bytes/s: {name}"


def console(stage: Stage) -> list[str]:
    """Return the command line of the console."""
    return [COMMAND, str(stage.workspace.root)]


def at_rest(
    argv: Sequence[str],
    size: tuple[int, int],
    *,
    ready: Callable[[str], bool],
    environ: Mapping[str, str] = {},
    watched_s: float = REST_S,
) -> Rest:
    """Open a program in a terminal of a size, wait until it has settled, and watch it."""
    columns, rows = size
    with Terminal(argv, columns=columns, rows=rows, environ=environ) as terminal:
        terminal.wait_for(ready, PATIENT_S)
        terminal.read(BEGIN_S)
        began = len(terminal.received)
        process = terminal.process()
        family = [process, *process.children(recursive=True)]
        before, at = _seconds(family), time.perf_counter()
        terminal.read(watched_s)
        took = time.perf_counter() - at
        return Rest(
            cores=(_seconds(family) - before) / took,
            written=(len(terminal.received) - began) / took,
            started=began,
            resident=sum(one.memory_info().rss for one in family),
        )


def run(stage: Stage) -> list[Figure]:
    """Watch the console and its peers at two sizes, the console while nothing happens, and its keys while others work."""
    stage.settle()
    figures = [figure for size in (SMALL, LARGE) for figure in _beside(stage, size)]
    launch.stop(stage.workspace)
    alone = [COMMAND, "--read-only", str(stage.workspace.root)]
    idle = at_rest(alone, SMALL, ready=complete, watched_s=MINUTE_S)
    launch.start(stage.workspace)
    busy, p50, p99 = _keys(stage)
    return [
        *figures,
        Figure(
            "console: bytes a second while nothing changes (no engine), 80x24",
            f"{idle.written:.0f}",
            "",
            "",
            "10",
            idle.written <= 10,
        ),
        Figure(
            f"console: a key to its screen (jobs and back) while evaluations run, p99 of {KEYS}",
            f"{p99 * 1e3:.0f} ms",
            f"{p50 * 1e3:.0f} ms: the median; all cores {busy:.0f} % busy",
            "",
            f"{KEY_S * 1e3:.0f} ms",
            p99 <= KEY_S,
        ),
    ]


def complete(screen: str) -> bool:
    """Whether everything is there: every panel's figures and the footer, the last line."""
    return "mnist" in screen and "quit" in screen.splitlines()[-1] and "cpu" in screen


def peers() -> dict[str, list[str]]:
    """Return the command lines of the peers that this machine has, each drawing once a second."""
    found = {}
    if (PEERS / "glances").is_dir():
        found["glances"] = [sys.executable, "-P", "-m", "glances", "-t", "1", "--disable-check-update"]
    for name, words in {
        "top": ["-d", "1"],
        "btop": ["--force-utf", "-u", "1000"],
        "nvitop": ["--interval", "1"],
    }.items():
        if (where := shutil.which(name)) is not None:
            found[name] = [where, *words]
    return found


def _beside(stage: Stage, size: tuple[int, int]) -> list[Figure]:
    what = f"{size[0]}x{size[1]}"
    ours = at_rest(console(stage), size, ready=complete)
    theirs = {
        name: at_rest(argv, size, ready=_drawn, environ={"PYTHONPATH": str(PEERS)})
        for name, argv in peers().items()
    }
    least = min((rest.written for rest in theirs.values()), default=ours.written)
    return [
        Figure(
            f"console: processor and bytes to the terminal with 1 Hz updates, {what}",
            f"{ours.cores * 100:.1f} % of a core, {ours.written:,.0f} bytes/s",
            "; ".join(rest.words(name) for name, rest in theirs.items()),
            "",
            f"{CORES * 100:.0f} %, fewer bytes than any",
            ours.cores <= CORES and ours.written <= least,
        ),
        Figure(
            f"console: bytes of its start and first {BEGIN_S:.0f} s, and resident memory, {what}",
            f"{ours.started / 1000:.0f} kB, {ours.resident / MEGABYTE:.0f} MB",
            "; ".join(
                f"{rest.started / 1000:.0f} kB, {rest.resident / MEGABYTE:.0f} MB: {name}"
                for name, rest in theirs.items()
            ),
            "",
            f"{START_BYTES[size] // 1000} kB, {RESIDENT // MEGABYTE} MB",
            ours.started <= START_BYTES[size] and ours.resident <= RESIDENT,
        ),
    ]


def _drawn(screen: str) -> bool:
    """Whether there is a picture: a third of the lines say something."""
    lines = screen.splitlines()
    return sum(1 for line in lines if line.strip()) >= len(lines) / 3


def _keys(stage: Stage) -> tuple[float, float, float]:
    """Go to the jobs and back while evaluations run; return how busy the cores were, and the median and p99 in seconds."""
    waits = []
    with evaluating(stage), Terminal(console(stage), columns=80, rows=24) as terminal:
        terminal.wait_for(complete, PATIENT_S)
        psutil.cpu_percent()
        for number in range(KEYS):
            away = number % 2 == 0
            began = time.perf_counter()
            terminal.send("4" if away else "1")
            while _is_away(terminal) != away:
                terminal.read(GLANCE_S)
                if time.perf_counter() - began > PATIENT_S:
                    raise RuntimeError(f"a key was not answered within {PATIENT_S:.0f} s:\n{terminal.text()}")
            waits.append(time.perf_counter() - began)
        busy = psutil.cpu_percent()
    return busy, statistics.median(waits), statistics.quantiles(waits, n=100)[98]


def _is_away(terminal: Terminal) -> bool:
    """Whether the first line says that another screen than the overview is shown."""
    return " modeltender >" in terminal.text().splitlines()[0]


@contextmanager
def evaluating(stage: Stage) -> Iterator[None]:
    """Have evaluations run, one at once after another."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            stage.ask(JobKind.EVALUATE, "mnist-torch", 1)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _seconds(family: Sequence[psutil.Process]) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in family)
