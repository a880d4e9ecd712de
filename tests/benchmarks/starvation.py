"""What an engine and its viewers still do while others want all of the machine several times over."""

import itertools
import subprocess
import sys
import time

from storage.database import Reader
from storage.tables import engine as engine_table
from storage.vocabulary import JobKind
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage

SPINNING = 8
"""Processes that never rest."""

WATCHED_S = 15.0
PAUSE_S = 2.0
ANSWER_S = 2.0


def run(stage: Stage) -> list[Figure]:
    """Watch the heart beat, and ask for an overview and an evaluation, while eight processes spin."""
    stage.settle()
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(SPINNING)]
    try:
        pause = _longest_pause(stage)
        began = time.perf_counter()
        stage.run("status")
        answered = time.perf_counter() - began
        _, evaluated, _ = stage.ask(JobKind.EVALUATE, "mnist-onnx", 1)
    finally:
        for process in spinning:
            process.kill()
            process.wait()
    starved = f"with {SPINNING} spinning processes"
    return [
        Figure(
            f"{starved}: longest pause of the engine's heartbeat in {WATCHED_S:.0f} s",
            f"{pause:.2f} s",
            "",
            "",
            f"{PAUSE_S:.0f} s",
            pause <= PAUSE_S,
        ),
        Figure(
            f"{starved}: `modeltender status --json`",
            f"{answered * 1e3:.0f} ms",
            "",
            "",
            f"{ANSWER_S:.0f} s",
            answered <= ANSWER_S,
        ),
        Figure(
            f"{starved}: an evaluation of 2,000 images",
            f"{evaluated * 1e3:.0f} ms",
            "",
            "",
            "ends",
            kept=True,
        ),
    ]


def _longest_pause(stage: Stage) -> float:
    """Return the longest time between two heartbeats, by the engine's own clock."""
    reader = Reader(stage.workspace.database)
    beats: list[float] = []
    end = time.monotonic() + WATCHED_S
    while time.monotonic() < end:
        with reader.transaction() as connection:
            state = engine_table.read(connection)
        if state is not None and (not beats or state.heartbeat_at != beats[-1]):
            beats.append(state.heartbeat_at)
        time.sleep(0.02)
    reader.close()
    return max(later - earlier for earlier, later in itertools.pairwise(beats))
