"""The loop that a careful person would write by hand for each runtime, beside the product's own, in one process.

``python -P -m tests.benchmarks.loops FORMAT ARTEFACT DATA`` prints one line of JSON. All work on the same prepared
examples and take turns, so that what else the machine does hits them alike. The loops count the right answers; then
the product computes all of its figures, and the script those of them that scikit-learn has.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.examples import open_examples
from engine.evaluation import latency, measure
from engine.evaluation.outcomes import class_scores
from engine.evaluation.runs import Runs, together
from engine.processes.protocol import Evaluate, Evaluated
from engine.protocols import LoadedModel
from engine.runtimes import runtime_for
from storage.settings import Preprocess
from storage.vocabulary import Format, Task

BATCHES = (32, 64, 128, 256, 512, 1024)
"""What is tried to find the hand-written loop's best batch size."""

ROUNDS = 10
"""Turns of each pair, half of them in either order: whoever comes second finds the caches as the first left them.
The median of the turns' ratios is reported."""

TURN_S = 0.1
"""A turn lasts at least so long: fast models go over the examples several times, or chance would decide."""

PAUSE_S = 0.1

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


def _openvino(artefact: Path) -> Run:
    import openvino

    options = {
        "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)),
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = openvino.Core().compile_model(str(artefact), "CPU", options).create_infer_request()

    def run(batch: Array) -> Array:
        request.infer([batch], share_inputs=True)
        answers: Array = request.get_output_tensor(0).data.copy()
        return answers

    return run


BY_HAND: dict[Format, Callable[[Path], Run]] = {
    Format.KERAS: _keras,
    Format.TORCHSCRIPT: _torchscript,
    Format.TORCH_EXPORT: _torch_export,
    Format.ONNX: _onnx,
    Format.LITERT: _litert,
    Format.OPENVINO: _openvino,
}


def _pass(run: Run, x: Array, y: Array, size: int) -> int:
    """Return how many answers are right: the loop that is measured."""
    right = 0
    for start in range(0, len(x), size):
        right += int((run(x[start : start + size]).argmax(axis=1) == y[start : start + size]).sum())
    return right


def _figures(run: Run, x: Array, y: Array, size: int) -> None:
    """Compute by hand what the product computes too, without intervals: scikit-learn has none."""
    from sklearn import metrics

    scores = np.concatenate([run(x[start : start + size]) for start in range(0, len(x), size)])
    predicted, classes = scores.argmax(axis=1), np.arange(scores.shape[1])
    metrics.accuracy_score(y, predicted)
    metrics.balanced_accuracy_score(y, predicted)
    metrics.confusion_matrix(y, predicted)
    metrics.matthews_corrcoef(y, predicted)
    for average in (None, "macro", "weighted"):
        metrics.precision_recall_fscore_support(y, predicted, average=average, zero_division=0)
    metrics.log_loss(y, scores, labels=classes)
    metrics.roc_auc_score(y, scores, multi_class="ovr", average=None)
    metrics.average_precision_score(y[:, np.newaxis] == classes, scores, average=None)
    metrics.top_k_accuracy_score(y, scores, k=5, labels=classes)
    metrics.brier_score_loss(y, scores, labels=classes)


def _seconds(work: Callable[[], object], times: int = 1) -> float:
    """Return how long ``work`` takes, on average over so many times in a row."""
    # Threads of whoever worked before may still be waiting for more, and busily.
    time.sleep(PAUSE_S)
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


class Pair(NamedTuple):
    """How long two ways of doing the same take: the medians, and the median of by-hand to ours, turn by turn."""

    ours_s: float
    by_hand_s: float
    ratio: float


def _in_turns(ours: Callable[[], object], by_hand: Callable[[], object]) -> Pair:
    times = max(1, round(TURN_S / max(_seconds(ours), 1e-6)))
    return alternately(lambda: _seconds(ours, times), lambda: _seconds(by_hand, times))


def alternately(ours: Callable[[], float], others: Callable[[], float]) -> Pair:
    """Let both say in turns how many seconds they take."""
    turns: list[tuple[float, float]] = []
    for turn in range(ROUNDS):
        if turn % 2:
            second, first = others(), ours()
        else:
            first, second = ours(), others()
        turns.append((first, second))
    mine, theirs = (statistics.median(taken) for taken in zip(*turns, strict=True))
    return Pair(mine, theirs, statistics.median(second / first for first, second in turns))


def _bare(run: Run, queries: "list[tuple[Array]]") -> list[int]:
    """Return how many nanoseconds each query takes: the loop that is measured."""
    durations = []
    for (query,) in queries:
        began = time.perf_counter_ns()
        run(query)
        durations.append(time.perf_counter_ns() - began)
    return durations


def _single(model: LoadedModel, run: Run, x: Array) -> tuple[list[int], list[int]]:
    """Return how many nanoseconds single queries take in the product's loop, and in the bare one."""
    queries = [(x[query % len(x)][np.newaxis],) for query in range(QUERIES)]
    single: list[int] = []
    single_by_hand: list[int] = []
    for turn, start in enumerate(range(0, QUERIES, TOGETHER)):
        some = queries[start : start + TOGETHER]
        if turn % 2:
            single_by_hand += _bare(run, some)
            single += alone(model, some)
        else:
            single += alone(model, some)
            single_by_hand += _bare(run, some)
    return single, single_by_hand


def alone(model: LoadedModel, queries: "list[tuple[Array]]") -> list[int]:
    """Return how many nanoseconds each query takes in the product's own loop."""
    limits = latency.Limits(len(queries), sys.maxsize, 0, None)
    return list(latency.back_to_back(model, queries, limits, lambda _done, _total: None).durations_ns)


def right_answers(model: LoadedModel, data: Path, y: Array, size: int | None = None) -> int:
    """Return how many answers are right: the product's loop, in batches of ``size`` or of what calibration finds."""
    examples = open_examples(data, Preprocess(), model.inputs)
    answers = together(Runs(model, examples, size), lambda outputs: class_scores(outputs[0]))
    return sum(int((rows.argmax(axis=1) == y[start:stop]).sum()) for start, stop, rows in answers)


def loaded(kind: Format, artefact: Path) -> LoadedModel:
    """Return a model as a model process has it."""
    loader, _, function = runtime_for(kind).loader.partition(":")
    model: LoadedModel = getattr(__import__(loader, fromlist=[function]), function)(artefact, "cpu")
    return model


def main(kind: Format, artefact: Path, data: Path) -> dict[str, float]:
    """Return throughputs in examples a second, single-query medians in milliseconds, and both accuracies."""
    model = loaded(kind, artefact)
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
    loop = _in_turns(lambda: right_answers(model, data, y), lambda: _pass(by_hand, x, y, best))
    whole = _in_turns(ours, lambda: _figures(by_hand, x, y, best))
    single, single_by_hand = _single(model, by_hand, x)
    return {
        "loop": len(x) / loop.ours_s,
        "loop_by_hand": len(x) / loop.by_hand_s,
        "loop_ratio": loop.ratio,
        "whole": len(x) / whole.ours_s,
        "whole_by_hand": len(x) / whole.by_hand_s,
        "whole_ratio": whole.ratio,
        "figures": len({metric.name for metric in evaluated.metrics}),
        "batch": evaluated.batch_size,
        "batch_by_hand": best,
        "single_ms": statistics.median(single) / 1e6,
        "single_by_hand_ms": statistics.median(single_by_hand) / 1e6,
        "accuracy": next(metric.value for metric in evaluated.metrics if metric.name == "accuracy"),
        "accuracy_by_hand": right / len(x),
    }


if __name__ == "__main__":
    print(json.dumps(main(Format(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))))
