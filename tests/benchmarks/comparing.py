"""What it costs to hold two versions against each other, beside the evaluations that it needs."""

import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.gate import judge
from engine.evaluation.paired import bootstrap
from engine.evaluation.paired.bins import Bins
from engine.evaluation.paired.rows import Course, single
from engine.repository.gate_facts import GateFacts
from sample_models.candidates import ARTEFACT, artefacts
from storage.database import Reader, visit
from storage.records import JobParameters, Version
from storage.settings import read_model_settings
from storage.tables import models
from storage.vocabulary import Column, JobKind, Status
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage

MODEL: Final = "compared"
EXAMPLES: Final = 10_000
RESAMPLES: Final = 2000
ROUNDS: Final = 5


def run(stage: Stage) -> list[Figure]:
    """Measure two evaluations, the gate that follows, a comparison of every figure, and one bootstrap."""
    _make_model(stage)
    # In turns, so that what else the machine does meanwhile falls on each of them alike.
    rounds = [_round(stage) for _ in range(ROUNDS)]
    evaluated_s, gate_s, compared_s = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
    rows = single(
        np.random.default_rng(0).exponential(size=(EXAMPLES, 2)),
        lambda means: means[..., 0] - means[..., 1],
        Course.STRAIGHT,
    )
    bootstrap_s = _took(lambda: bootstrap.drawn(rows, 0.95, resamples=RESAMPLES))
    calibration = _calibration()
    return [
        _beside(
            "two evaluations of 10,000 examples by small ONNX networks, and the gate between them",
            evaluated_s,
            gate_s,
        ),
        _beside("the same and every figure compared, each with its interval", evaluated_s, compared_s),
        Figure(
            f"BCa interval of a paired difference, {RESAMPLES:,} resamples of {EXAMPLES:,} examples",
            f"{bootstrap_s:.2f} s",
            "",
            "",
            "0.5 s",
            bootstrap_s < 0.5,
        ),
        _instead("a mean", _took(lambda: bootstrap.estimate(rows, 0.95)), bootstrap_s),
        _instead(
            "the calibration error",
            _took(lambda: bootstrap.estimate(calibration, 0.95)),
            _took(lambda: bootstrap.drawn(calibration.rows(), 0.95)),
        ),
    ]


def _round(stage: Stage) -> tuple[float, float, float]:
    """Return how long both evaluations take, then the gate, then the comparison of every figure."""
    evaluated_s = sum(stage.ask(JobKind.EVALUATE, MODEL, number)[1] for number in (1, 2))
    stage.settle()
    return evaluated_s, _judged(stage), stage.ask(JobKind.COMPARE, MODEL, 2, JobParameters(against=1))[1]


def _beside(what: str, evaluated_s: float, more_s: float) -> Figure:
    ratio = (evaluated_s + more_s) / evaluated_s
    return Figure(
        what,
        f"{(evaluated_s + more_s) * 1e3:.0f} ms",
        f"{evaluated_s * 1e3:.0f} ms: the two evaluations alone, warm",
        f"{ratio:.2f}x",
        "1.1x",
        ratio <= 1.1,
    )


def _make_model(stage: Stage) -> None:
    """Make a model of two small networks for digits, the first one deployed, and wait until both are evaluated."""
    workspace = stage.workspace
    test = workspace.test / MODEL
    test.mkdir(parents=True)
    images = np.load(workspace.test / "mnist-onnx" / "test.npz")
    order = np.arange(EXAMPLES) % len(images["y"])
    np.savez(test / "test.npz", x=images["x"][order], y=images["y"][order])
    better = next(file for candidate, file in artefacts().items() if candidate.number == 4)
    partial = workspace.models / f".{MODEL}.partial"
    for number, artefact in enumerate((workspace.version_folder("mnist-onnx", 1) / ARTEFACT, better), 1):
        (partial / str(number)).mkdir(parents=True)
        shutil.copy(artefact, partial / str(number) / ARTEFACT)
    shutil.copy(workspace.model_settings("mnist-onnx"), partial / "model.toml")
    (partial / "current").symlink_to("1")
    partial.rename(workspace.models / MODEL)
    while any(found.status is not Status.READY for found in _versions(stage)) or len(_versions(stage)) < 2:
        time.sleep(0.05)
    stage.settle()


def _versions(stage: Stage) -> list[Version]:
    reader = Reader(stage.workspace.database)
    try:
        with reader.transaction() as connection:
            return models.versions(connection, MODEL)
    finally:
        reader.close()


def _judged(stage: Stage) -> float:
    """Judge the second version against the first from what is on record, and return how long that took."""
    settings = read_model_settings(Path(stage.workspace.model_settings(MODEL)))
    candidate, current = _versions(stage)
    with visit(stage.workspace.database) as connection:
        began = time.perf_counter()
        judge(GateFacts(connection, current, candidate, settings).facts())
        return time.perf_counter() - began


def _took(made: Callable[[], object]) -> float:
    """Return the median of how long something takes."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        made()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _calibration() -> Bins:
    """Return what two versions' calibration errors are made of, each of them sure of most of its answers."""
    random = np.random.default_rng(0)
    sides: list[dict[str, NDArray[Any]]] = [
        {
            Column.TARGET: np.zeros(EXAMPLES, dtype=np.int64),
            Column.PREDICTED: (random.random(EXAMPLES) < 0.05).astype(np.int64),
            Column.CONFIDENCE: random.beta(8, 1, EXAMPLES),
        }
        for _ in range(2)
    ]
    return Bins(*sides)


def _instead(what: str, seconds: float, drawn_s: float) -> Figure:
    """Return the row of an interval as the gate makes it, beside the draws that it stands for."""
    return Figure(
        f"the interval of {what}'s difference on {EXAMPLES:,} examples, without drawing them",
        f"{seconds * 1e3:.1f} ms",
        f"{drawn_s * 1e3:.0f} ms: {RESAMPLES:,} resamples",
        f"1/{drawn_s / seconds:.0f}",
        "less",
        seconds < drawn_s,
    )
