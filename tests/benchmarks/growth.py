"""How time and memory of an evaluation grow with the examples: a thousand to a million.

``python -P -m tests.benchmarks.growth ARTEFACT DATA`` evaluates once in a fresh process, as a just-arrived version is,
and prints one line of JSON.
"""

import json
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from tests.benchmarks import apart, networks
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage

SIZES = (1_000, 10_000, 100_000, 1_000_000)

NETWORK = "dense"

ROUNDS = 3
"""Each size is measured so often, and the fastest counts: what else the machine does only ever adds."""


def run(stage: Stage) -> list[Figure]:
    """Measure each size in a process of its own."""
    del stage  # no engine takes part
    with tempfile.TemporaryDirectory(prefix="modeltender-growth-") as name:
        folder = Path(name)
        networks.build(folder)
        found = {size: _measured(folder, size) for size in SIZES}
    slopes = [(found[large][0] - found[small][0]) / (large - small) * 1e6 for small, large in pairwise(SIZES)]
    slope = slopes[-1] / slopes[-2]
    times = ", ".join(f"{size:,}: {seconds:.3f}" for size, (seconds, _) in found.items())
    memory = {size: megabytes for size, (_, megabytes) in found.items()}
    grown = memory[SIZES[-1]] - memory[SIZES[0]]
    held = ", ".join(f"{size:,}: {memory[size]:.0f}" for size in SIZES)
    return [
        Figure(
            f"a further example among {SIZES[-1]:,}, just arrived (seconds in all: {times})",
            f"{slopes[-1]:.2f} µs",
            f"{slopes[-2]:.2f} µs: among {SIZES[-2]:,}",
            f"{slope:.2f}x",
            "0.90 to 1.10",
            0.9 <= slope <= 1.1,
        ),
        Figure(
            f"private memory at the peak (MB: {held})",
            f"{memory[SIZES[-1]]:.0f} MB",
            f"{memory[SIZES[0]]:.0f} MB: {SIZES[0]:,} examples",
            f"+{grown:.0f} MB",
            "flat",
            grown <= FLAT_MB,
        ),
    ]


FLAT_MB = 96
"""What prepared examples and figures may take whatever their number; the examples alone would be 3 GB."""


def _measured(folder: Path, size: int) -> tuple[float, float]:
    """Return seconds and megabytes of evaluating so many examples."""
    generator = np.random.default_rng(0)
    data = folder / "data.npz"
    x = generator.integers(0, 256, (size, *networks.SHAPES[NETWORK]), dtype=np.uint8)
    np.savez(data, x=x, y=generator.integers(0, 10, size))
    artefact = str(folder / f"{NETWORK}.onnx")
    answers = [apart.ask(dict[str, float], "growth", artefact, str(data)) for _ in range(ROUNDS)]
    return min(answer["seconds"] for answer in answers), max(answer["megabytes"] for answer in answers)


def main(artefact: Path, data: Path) -> dict[str, float]:
    """Return how long one evaluation took, and the most private memory that it held beyond the loaded model."""
    from engine.evaluation import measure
    from engine.processes.protocol import Evaluate
    from engine.runtimes.onnx.loader import load
    from storage.settings import Preprocess
    from storage.vocabulary import Task

    model = load(artefact, "cpu")
    request = Evaluate(
        data=str(data),
        task=Task.CLASSIFICATION,
        labels=(),
        preprocess=Preprocess(dtype="float32", scale=1 / 255),
    )
    before = _private_megabytes()
    peak = [before]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            peak[0] = max(peak[0], _private_megabytes())

    watching = threading.Thread(target=watch)
    watching.start()
    began = time.perf_counter()
    measure.evaluate(model, request, lambda _done, _total: None)
    seconds = time.perf_counter() - began
    over.set()
    watching.join()
    return {"seconds": seconds, "megabytes": peak[0] - before}


def _private_megabytes() -> float:
    """Return the process' anonymous memory: pages of a mapped file belong to the system's cache."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
