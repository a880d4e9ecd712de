"""How long an evaluation takes, beside the script that a person would write."""

import json
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np

from sample_models.build import arrival
from storage.database import Reader
from storage.tables import models
from storage.vocabulary import JobKind, Status
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage

ROUNDS = 5
IMAGES = 1000
MODEL = "bench"

SCRIPT = """
import json, sys
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1], compile=False)
model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
data = np.load(sys.argv[2])
x = (data["x"].astype("float32") * np.float32(0.00392156862745098))[..., None]
loss, accuracy = model.evaluate(x, data["y"], verbose=0)
right = int((model.predict(x, verbose=0).argmax(1) == data["y"]).sum())
print(json.dumps({"loss": loss, "accuracy": accuracy, "right": right}))
"""
"""What a careful person writes: the same preprocessing, the same data, Keras' own evaluate()."""

TIMED_SCRIPT = SCRIPT.replace(
    'right = int((model.predict(x, verbose=0).argmax(1) == data["y"]).sum())\n', "right = 0\n"
)


def run(stage: Stage) -> list[Figure]:
    """Measure a just-arrived version, a warm re-evaluation, and the time until a job runs."""
    data = _make_model(stage)
    script, cold, warm, running = [], [], [], []
    artefact = arrival(stage.workspace.root)
    for number in range(1, ROUNDS + 1):
        script.append(_time([sys.executable, "-P", "-c", TIMED_SCRIPT, str(artefact), str(data)])[0])
        _arrive(stage, artefact, number)
        started = time.perf_counter()
        document = stage.run("evaluate", f"{MODEL}@{number}")
        cold.append(time.perf_counter() - started)
        stage.settle()
        for _ in range(3):
            waited, done, _job = stage.ask(JobKind.EVALUATE, MODEL, number)
            running.append(waited)
            warm.append(done)
    reference = json.loads(_time([sys.executable, "-P", "-c", SCRIPT, str(artefact), str(data)])[1])
    metrics = document["metrics"]
    same = round(metrics["accuracy"]["value"] * IMAGES) == reference["right"]
    loss_difference = abs(metrics["log_loss"]["value"] - reference["loss"])
    slow, arrived, again, started_s = (statistics.median(times) for times in (script, cold, warm, running))
    return [
        Figure(
            "evaluate a just-arrived Keras version, 1,000 images, host warm (command's start included)",
            f"{arrived * 1e3:.0f} ms",
            f"{slow * 1e3:.0f} ms: script that imports keras, loads, evaluate()",
            f"1/{slow / arrived:.1f}",
            "1/10",
            arrived <= slow / 10,
        ),
        Figure(
            "warm re-evaluation, request to recorded result",
            f"{again * 1e3:.0f} ms",
            f"{slow * 1e3:.0f} ms: the same script",
            f"1/{slow / again:.1f}",
            "1/30",
            again <= slow / 30,
        ),
        Figure(
            "key r to the job's state running",
            f"{started_s * 1e3:.0f} ms",
            "",
            "",
            "100 ms",
            started_s <= 0.1,
        ),
        Figure(
            "accuracy against the script's, examples",
            f"{metrics['accuracy']['value']:.4f}",
            f"{reference['right'] / IMAGES:.4f}",
            "",
            "identical",
            same,
        ),
        Figure(
            "log loss against the script's",
            f"{metrics['log_loss']['value']:.7f}",
            f"{reference['loss']:.7f}",
            f"{loss_difference:.1e} apart",
            "1e-5",
            loss_difference <= 1e-5,
        ),
    ]


def _make_model(stage: Stage) -> Path:
    """Make a model without versions whose test data are the first 1,000 images of MNIST's test set."""
    source = stage.workspace.models / "mnist" / "model.toml"
    test = stage.workspace.test / MODEL
    test.mkdir(parents=True)
    images = np.load(stage.workspace.test / "mnist" / "test.npz")
    np.savez(test / "test.npz", x=images["x"][:IMAGES], y=images["y"][:IMAGES])
    (stage.workspace.models / MODEL).mkdir()
    shutil.copy(source, stage.workspace.models / MODEL / "model.toml")
    return test / "test.npz"


def _arrive(stage: Stage, artefact: Path, number: int) -> None:
    """Put a version in place and return as soon as its files have settled, before anything of it is loaded."""
    partial = stage.workspace.models / MODEL / f".{number}.partial"
    partial.mkdir()
    copy = partial / artefact.name
    shutil.copy(artefact, copy)
    with zipfile.ZipFile(copy, "a") as archive:
        # Another content, so that no warm process of an earlier round can stand in for this version.
        archive.comment = str(number).encode()
    partial.rename(stage.workspace.models / MODEL / str(number))
    reader = Reader(stage.workspace.database)
    while True:
        with reader.transaction() as connection:
            found = {version.number: version.status for version in models.versions(connection, MODEL)}
        if found.get(number, Status.SETTLING) is not Status.SETTLING:
            break
        time.sleep(0.002)
    reader.close()


def _time(argv: list[str]) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return time.perf_counter() - started, done.stdout
