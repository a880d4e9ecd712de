"""How quickly a person sees what hardware there is, and what it costs to watch it once a second."""

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from engine.devices.sampler import Sampler
from storage.database import Writer
from storage.workspace import create_workspace
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import COMMAND, Stage

ROUNDS = 11
WATCHED_S = 20.0


def run(stage: Stage) -> list[Figure]:
    """Measure the whole command, then the processor time of the thread that samples."""
    stage.settle()
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run(
            [COMMAND, "devices", "--json", "-w", str(stage.workspace.root)], check=True, capture_output=True
        )
        took.append(time.perf_counter() - started)
    seconds = statistics.median(took)
    share = sampling()
    return [
        Figure(
            "`modeltender devices --json`, the whole process",
            f"{seconds * 1e3:.0f} ms",
            "",
            "",
            "300 ms",
            seconds <= 0.3,
        ),
        Figure(
            "sampling every device once a second",
            f"{share:.2%} of a core",
            "",
            "",
            "0.5 %",
            share <= 0.005,
        ),
    ]


class Watched(Sampler):
    """A sampler that notes the processor time of its thread, its record included."""

    used_s = 0.0

    def run(self) -> None:
        """Sample until the end, then say what it took."""
        super().run()
        self.used_s = time.thread_time()


def sampling(watched_s: float = WATCHED_S) -> float:
    """Return the share of a core that a sampler takes that writes into a database of its own."""
    with tempfile.TemporaryDirectory(prefix="modeltender-sampling-") as folder:
        writer = Writer(create_workspace(Path(folder)).database)
        sampler = Watched(writer, 1.0, time.time)
        began = time.perf_counter()
        sampler.start()
        time.sleep(watched_s)
        sampler.stop()
        sampler.join()
        share = sampler.used_s / (time.perf_counter() - began)
        writer.close()
        return share
