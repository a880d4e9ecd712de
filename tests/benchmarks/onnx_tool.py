"""The tool that ONNX Runtime ships to measure a model, beside the product's own loops on the same file.

``python -P -m tests.benchmarks.onnx_tool ARTEFACT DATA`` prints one line of JSON: seconds a batch, by the batch's size.
The tool (`onnxruntime.tools.onnxruntime_test`) makes one random batch and runs it again and again in a session with ONNX
Runtime's own defaults; it reads no data and looks at no answer. What is ours reads the examples and counts right answers,
or for single queries times each of them.
"""

import contextlib
import io
import re
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from engine.protocols import LoadedModel
from storage.vocabulary import Format
from tests.benchmarks.loops import PAUSE_S, QUERIES, Array, alone, alternately, loaded, right_answers

SIZES = (1, 32, 256)
"""The first is what the tool takes for an axis that is free."""

AXIS = "batch"
"""What `networks` calls the free axis of its ONNX files."""

TOOL_S = 0.5
LEAST_TIMES = 10
"""What the tool measures in one turn: it makes a new session each time, whose first run is slow and must not weigh much."""

SAID = re.compile(r"^avg latency: (\S+) ms$", re.MULTILINE)


class Beside(NamedTuple):
    """Seconds a batch: the medians of the turns, and the median of the tool's to ours, turn by turn."""

    ours_s: float
    tool_s: float
    ratio: float


def tool(artefact: Path, size: int, times: int) -> float:
    """Return how many seconds a batch takes, as the tool says."""
    # Our loader first, which keeps ONNX Runtime from reporting its use to its makers: whoever calls has imported it.
    from onnxruntime.tools import onnxruntime_test

    time.sleep(PAUSE_S)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        onnxruntime_test.run_model(str(artefact), times, symbolic_dims={AXIS: size})
    found = SAID.search(said.getvalue())
    if found is None:
        raise RuntimeError(f"onnxruntime_test no longer says its average: {said.getvalue()}")
    return float(found[1]) / 1e3


def ours(model: LoadedModel, data: Path, x: Array, y: Array, size: int) -> float:
    """Return how many seconds a batch takes in the product's loop for it."""
    time.sleep(PAUSE_S)
    if size == 1:
        queries = [(x[query][np.newaxis],) for query in range(min(QUERIES, len(x)))]
        return statistics.fmean(alone(model, queries)) / 1e9
    began = time.perf_counter()
    right_answers(model, data, y, size)
    return (time.perf_counter() - began) / len(x) * size


def main(artefact: Path, data: Path) -> dict[int, Beside]:
    """Return both for every size; they take turns in one process."""
    model = loaded(Format.ONNX, artefact)
    with np.load(data) as arrays:
        x, y = arrays["x"], arrays["y"]
    found = {}
    for size in SIZES:
        mine = partial(ours, model, data, x, y, size)
        times = max(LEAST_TIMES, round(TOOL_S / mine()))
        found[size] = Beside(*alternately(mine, partial(tool, artefact, size, times)))
    return found


if __name__ == "__main__":
    print(msgspec.json.encode(main(Path(sys.argv[1]), Path(sys.argv[2]))).decode())
