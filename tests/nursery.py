"""Processes that work without end and are killed, again and again: many for the price of one start."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.processes import kernel

PROJECT = str(Path(__file__).parents[1])


def nursery(work: Callable[[], None]) -> None:
    """Fork a process that does ``work`` for every line on standard input, and tell when it is dead."""
    for _ in sys.stdin:
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            # A test run that is killed itself must not leave somebody behind who never rests.
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() == parent:
                work()
            os._exit(1)
        os.waitpid(child, 0)
        print("dead", flush=True)


@contextmanager
def killing(script: str) -> Iterator[Callable[[float | None], None]]:
    """Yield what runs a worker of the nursery that ``script`` opens for some seconds and then kills it.

    ``None`` waits for one that kills itself.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": PROJECT},
    )
    asked, told = process.stdin, process.stdout
    assert asked is not None
    assert told is not None

    def run_and_kill(seconds: float | None) -> None:
        asked.write("again\n")
        asked.flush()
        pid = told.readline()
        assert pid.strip().isdigit(), "the worker must come up after every kill"
        if seconds is not None:
            time.sleep(seconds)
            os.kill(int(pid), signal.SIGKILL)
        assert told.readline() == "dead\n"

    with process:
        try:
            yield run_and_kill
        finally:
            # Its input ends, and so does it.
            asked.close()
