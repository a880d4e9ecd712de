"""What people use today, beside the product's own evaluation of the same Keras file on the same examples.

``python -P -m tests.benchmarks.peers ARTEFACT DATA`` prints one line of JSON: examples a second of each. MLflow is
installed for this alone, into a folder of its own that only this process sees.
"""

import contextlib
import json
import logging
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.evaluation import measure
from engine.processes.protocol import Evaluate
from engine.runtimes import runtime_for
from storage.settings import Preprocess
from storage.vocabulary import Format, Task

ROUNDS = 5

BATCH = 32
"""Keras' own default, and what a person gets who does not think about it."""


def main(artefact: Path, data: Path) -> dict[str, dict[str, float]]:
    """Return throughput and accuracy by each way; all take turns in one process."""
    loader, _, function = runtime_for(Format.KERAS).loader.partition(":")
    model = getattr(__import__(loader, fromlist=[function]), function)(artefact, "cpu")
    import keras

    request = Evaluate(data=str(data), task=Task.CLASSIFICATION, labels=(), preprocess=Preprocess())
    theirs = keras.models.load_model(artefact, compile=False)
    theirs.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    with np.load(data) as arrays:
        x, y = arrays["x"], arrays["y"]

    def ours() -> float:
        figures = measure.evaluate(model, request, lambda _done, _total: None)
        return next(metric.value for metric in figures.metrics if metric.name == "accuracy")

    def evaluate() -> float:
        return float(theirs.evaluate(x, y, batch_size=BATCH, verbose=0)[1])

    def predict() -> float:
        return float((theirs.predict(x, batch_size=BATCH, verbose=0).argmax(axis=1) == y).mean())

    def mlflow() -> float:
        return _mlflow(
            lambda frame: theirs.predict(frame.reshape(x.shape), batch_size=BATCH, verbose=0), x, y
        )

    ways: dict[str, Callable[[], float]] = {
        "modeltender": ours,
        "keras evaluate": evaluate,
        "keras predict": predict,
        "mlflow evaluate": mlflow,
    }
    accuracies = {name: way() for name, way in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - began)
    return {
        name: {"throughput": len(x) / statistics.median(seconds[name]), "accuracy": accuracies[name]}
        for name in ways
    }


def _mlflow(answer: Callable[["np.ndarray"], "np.ndarray"], x: "np.ndarray", y: "np.ndarray") -> float:
    """Return the accuracy that ``mlflow.models.evaluate`` finds for a classifier, without its plots and its tracking server."""
    import mlflow

    with mlflow.start_run():
        found = mlflow.models.evaluate(
            model=lambda frame: answer(np.asarray(frame, dtype=np.float32)).argmax(axis=1),
            data=x.reshape(len(x), -1),
            targets=y,
            model_type="classifier",
            evaluator_config={"log_model_explainability": False, "log_explainer": False},
        )
    return float(found.metrics["accuracy_score"])


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    artefact, data = (Path(argument).absolute() for argument in sys.argv[1:3])
    # MLflow writes its runs into the current folder.
    with tempfile.TemporaryDirectory() as tracked, contextlib.chdir(tracked):
        print(json.dumps(main(artefact, data)))
