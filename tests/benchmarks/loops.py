"""The loop that a careful person would write by hand for each runtime, beside the product's own, in one process.

``python -P -m tests.benchmarks.loops FORMAT ARTEFACT DATA`` prints one line of JSON. Both work on the same prepared
examples and count the same right answers; they take turns, so that what else the machine does hits both alike.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import latency, measure
from engine.processes.protocol import Evaluate, Evaluated
from engine.runtimes import runtime_for
from storage.settings import Preprocess
from storage.vocabulary import Format, Task

BATCHES = (32, 64, 128, 256, 512, 1024)
"""What is tried to find the hand-written loop's best batch size."""

ROUNDS = 5
"""Turns of each loop; the median of the turns' ratios is reported."""

QUERIES = 1000
TOGETHER = 50
"""Single queries of one turn: ours are timed by the product's own loop, the others by a bare one."""

Array = NDArray[Any]
Run = Callable[[Array], Array]
"""From a batch of examples to the model's answers, as fast as its framework can."""


def _keras(artefact: Path) -> Run:
    import keras
    import tensorflow as tf

    model = keras.models.load_model(artefact, compile=False)
    signature = tf.TensorSpec([None, *model.inputs[0].shape[1:]], "float32")
    compiled = tf.function(lambda x: model(x, training=False), input_signature=[signature])
    function = compiled.get_concrete_function()

    def run(batch: Array) -> Array:
        answers: Array = function(tf.convert_to_tensor(batch)).numpy()
        return answers

    return run


def _torchscript(artefact: Path) -> Run:
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    model = torch.jit.freeze(torch.jit.load(str(artefact), map_location="cpu").eval())

    def run(batch: Array) -> Array:
        with torch.inference_mode():
            answers: Array = model(torch.from_numpy(batch)).numpy()
        return answers

    return run


def _torch_export(artefact: Path) -> Run:
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    module = torch.export.load(artefact).module()

    def run(batch: Array) -> Array:
        with torch.inference_mode():
            answers: Array = module(torch.from_numpy(batch)).numpy()
        return answers

    return run


def _litert(artefact: Path) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(artefact), num_threads=len(os.sched_getaffinity(0)))
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    sized = [0]

    def run(batch: Array) -> Array:
        if len(batch) != sized[0]:
            interpreter.resize_tensor_input(taken["index"], batch.shape)
            interpreter.allocate_tensors()
            sized[0] = len(batch)
        interpreter.set_tensor(taken["index"], batch)
        interpreter.invoke()
        answers: Array = interpreter.get_tensor(given["index"])
        return answers

    return run


def _onnx(artefact: Path) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(str(artefact), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(batch: Array) -> Array:
        answers: Array = session.run(None, {name: batch})[0]
        return answers

    return run


BY_HAND: dict[Format, Callable[[Path], Run]] = {
    Format.KERAS: _keras,
    Format.TORCHSCRIPT: _torchscript,
    Format.TORCH_EXPORT: _torch_export,
    Format.ONNX: _onnx,
    Format.LITERT: _litert,
}


def _pass(run: Run, x: Array, y: Array, size: int) -> int:
    """Return how many answers are right: the loop that is measured."""
    right = 0
    for start in range(0, len(x), size):
        right += int((run(x[start : start + size]).argmax(axis=1) == y[start : start + size]).sum())
    return right


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _bare(run: Run, queries: "list[tuple[Array]]") -> list[int]:
    """Return how many nanoseconds each query takes: the loop that is measured."""
    durations = []
    for (query,) in queries:
        began = time.perf_counter_ns()
        run(query)
        durations.append(time.perf_counter_ns() - began)
    return durations


def main(kind: Format, artefact: Path, data: Path) -> dict[str, float]:
    """Return throughputs in examples a second, single-query medians in milliseconds, and both accuracies."""
    loader, _, function = runtime_for(kind).loader.partition(":")
    model = getattr(__import__(loader, fromlist=[function]), function)(artefact, "cpu")
    request = Evaluate(data=str(data), task=Task.CLASSIFICATION, labels=(), preprocess=Preprocess())
    by_hand = BY_HAND[kind](artefact)
    with np.load(data) as arrays:
        x, y = arrays["x"], arrays["y"]

    def ours() -> Evaluated:
        return measure.evaluate(model, request, lambda _done, _total: None)

    evaluated = ours()
    tried = {size: min(_seconds(lambda: _pass(by_hand, x, y, size)) for _ in range(2)) for size in BATCHES}  # noqa: B023 - called at once
    best = min(tried, key=lambda size: tried[size])
    right = _pass(by_hand, x, y, best)
    turns = [(_seconds(ours), _seconds(lambda: _pass(by_hand, x, y, best))) for _ in range(ROUNDS)]
    queries = [(x[query % len(x)][np.newaxis],) for query in range(QUERIES)]
    single, single_by_hand = [], []
    for start in range(0, QUERIES, TOGETHER):
        some = queries[start : start + TOGETHER]
        limits = latency.Limits(len(some), sys.maxsize, 0, None)
        single += latency.back_to_back(model, some, limits, lambda _done, _total: None).durations_ns
        single_by_hand += _bare(by_hand, some)
    return {
        "throughput": len(x) / statistics.median(mine for mine, _ in turns),
        "by_hand": len(x) / statistics.median(other for _, other in turns),
        "ratio": statistics.median(other / mine for mine, other in turns),
        "batch": evaluated.batch_size,
        "batch_by_hand": best,
        "single_ms": statistics.median(single) / 1e6,
        "single_by_hand_ms": statistics.median(single_by_hand) / 1e6,
        "accuracy": next(metric.value for metric in evaluated.metrics if metric.name == "accuracy"),
        "accuracy_by_hand": right / len(x),
    }


if __name__ == "__main__":
    print(json.dumps(main(Format(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))))
