"""What engines cost that have nothing to do: one with the samples, one that is looked at, twenty on one machine; and a start."""

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psutil

from storage import launch
from storage.workspace import Workspace, create_workspace, engine_pid
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import COMMAND, Stage
from tests.terminal import Terminal

REST_S = 40.0
SETTLE_S = 10.0
"""After a start: what follows it by itself has been done by then."""

REFINED_S = 30.0
"""After the last job: by then what it measured has been refined and packed."""

IDLE_CORE = 0.005
STARTS = 5
START_S = 0.7
TOGETHER = 20
CONSOLES = 8
LOOKED_AT_CORE = 0.001
"""Of a core for each console: it reads, and the engine need not know."""

READ_S = 0.05
MEGABYTE = 1024 * 1024


class Rest(NamedTuple):
    """What a process took in a while."""

    share: float
    """Of a core."""
    wakes: float
    """How often a second one of its threads was woken."""


def run(stage: Stage) -> list[Figure]:
    """Measure the engine of the samples at rest and under the eyes of consoles, then engines of workspaces that are new."""
    stage.settle()
    engine = psutil.Process(engine_pid(stage.workspace))
    time.sleep(REFINED_S)
    alone = _rest(engine, lambda: time.sleep(REST_S))
    figures = [
        Figure(
            f"the engine at rest, with the samples open, over {REST_S:.0f} s",
            f"{alone.share:.2%} of a core",
            f"{alone.wakes:.0f} wake-ups a second",
            "",
            f"{IDLE_CORE:.1%}",
            alone.share <= IDLE_CORE,
        ),
        _looked_at(stage, engine, alone),
    ]
    with tempfile.TemporaryDirectory(prefix="modeltender-idle-") as name:
        figures += [_started(create_workspace(Path(name) / "one")), *_together(Path(name))]
    return figures


def _looked_at(stage: Stage, engine: psutil.Process, alone: Rest) -> Figure:
    """Attach consoles to the engine that was measured alone a moment ago."""
    with ExitStack() as stack:
        terminals = [
            stack.enter_context(Terminal([COMMAND, str(stage.workspace.root)], columns=80, rows=24))
            for _ in range(CONSOLES)
        ]
        # One after another: a terminal that nobody reads stops its console.
        _read(terminals, SETTLE_S)
        watched = _rest(engine, lambda: _read(terminals, REST_S))
        for terminal in terminals:
            terminal.send("q")
            terminal.wait_closed()
    grown = watched.share - alone.share
    return Figure(
        f"the same engine with {CONSOLES} consoles attached",
        f"{grown:+.2%} of a core",
        f"{watched.share:.2%} with them",
        "",
        f"{CONSOLES * LOOKED_AT_CORE:+.1%} at most",
        grown <= CONSOLES * LOOKED_AT_CORE,
    )


def _started(workspace: Workspace) -> Figure:
    """Start the engine of a workspace several times, the first time with a new database."""
    took = []
    for _ in range(STARTS):
        began = time.perf_counter()
        launch.start(workspace)
        took.append(time.perf_counter() - began)
        launch.stop(workspace)
    seconds = statistics.median(took)
    return Figure(
        f"an engine's start until it works (the first, with a new database: {took[0] * 1e3:.0f} ms)",
        f"{seconds * 1e3:.0f} ms",
        "",
        "",
        f"{START_S * 1e3:.0f} ms",
        seconds <= START_S,
    )


def _together(root: Path) -> list[Figure]:
    """Let the engines of many new workspaces rest side by side."""
    workspaces = [create_workspace(root / f"workspace-{number:02d}") for number in range(TOGETHER)]
    try:
        engines = [psutil.Process(launch.start(workspace)) for workspace in workspaces]
        time.sleep(SETTLE_S)
        before = {engine: _cpu_s(engine) for engine in engines}
        began = time.perf_counter()
        time.sleep(REST_S)
        share = sum(_cpu_s(engine) - used for engine, used in before.items()) / (time.perf_counter() - began)
        # Each page that several have counts as a part of one for each of them.
        memory = sum(_own_bytes(engine) for engine in engines) / MEGABYTE
    finally:
        for workspace in workspaces:
            launch.stop(workspace)
    return [
        Figure(
            f"{TOGETHER} engines at rest on one machine, together",
            f"{share:.1%} of a core",
            f"{share / TOGETHER:.2%} each",
            "",
            f"{TOGETHER * IDLE_CORE:.0%}",
            share <= TOGETHER * IDLE_CORE,
        ),
        Figure(
            f"their memory, with their examiners, together ({memory / TOGETHER:.0f} MB each)",
            f"{memory:.0f} MB",
            "",
            "",
            "",
            kept=True,
        ),
    ]


def _rest(engine: psutil.Process, wait: Callable[[], None]) -> Rest:
    used, woken, began = _cpu_s(engine), _woken(engine), time.perf_counter()
    wait()
    seconds = time.perf_counter() - began
    return Rest((_cpu_s(engine) - used) / seconds, (_woken(engine) - woken) / seconds)


def _read(terminals: list[Terminal], seconds: float) -> None:
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        for terminal in terminals:
            terminal.read(READ_S)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _woken(process: psutil.Process) -> int:
    """Return how often the threads of a process gave up the processor of themselves, each time to be woken later."""
    files = Path(f"/proc/{process.pid}/task").glob("*/status")
    rows = [row for file in files for row in file.read_text().splitlines()]
    return sum(int(row.split()[1]) for row in rows if row.startswith("voluntary_ctxt_switches"))


def _own_bytes(engine: psutil.Process) -> int:
    family = (engine, *engine.children(recursive=True))
    return sum(process.memory_full_info().pss for process in family)
