"""How long retraining takes, beside a bare script that does the same with Keras' ``fit``."""

import json
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage

MODEL = "mnist"
EPOCHS = 30
ROUNDS = 3
"""In turns, so that what else the machine does meets both."""


class Taken(NamedTuple):
    """How long one training took: from the command to the saved model, and one epoch of it."""

    whole_s: float
    epoch_s: float


def run(stage: Stage) -> list[Figure]:
    """Train the same model for as many epochs with the command and with a script."""
    workspace = stage.workspace
    settings = workspace.model_settings(MODEL)
    before = settings.read_text()
    settings.write_text(f"{before}\n[train]\nearly_stopping = 0\nbatch_size = 128\n")
    try:
        # The host imports its framework once for all that is asked of it.
        stage.run("train", MODEL, "--epochs", "1")
        rounds = [(_ours(stage), _bare(stage)) for _ in range(ROUNDS)]
    finally:
        settings.write_text(before)
        for made in (workspace.train / MODEL).glob("trained-*"):
            made.unlink()
    ours = Taken(*(median(one[0][place] for one in rounds) for place in range(2)))
    bare = Taken(*(median(one[1][place] for one in rounds) for place in range(2)))
    ratio = median(one[0].epoch_s / one[1].epoch_s for one in rounds)
    return [
        Figure(
            f"an epoch of retraining {MODEL}, with its checkpoint",
            f"{ours.epoch_s * 1000:.0f} ms",
            f"{bare.epoch_s * 1000:.0f} ms: a bare `fit` script",
            f"{ratio:.2f}x",
            "<= 1.05x",
            ratio <= 1.05,
        ),
        Figure(
            f"{EPOCHS} epochs, from the command to the saved model",
            f"{ours.whole_s:.1f} s",
            f"{bare.whole_s:.1f} s: that script, with its import",
            f"{ours.whole_s / bare.whole_s:.2f}x",
            "< 1x",
            ours.whole_s < bare.whole_s,
        ),
    ]


def _ours(stage: Stage) -> Taken:
    began = time.time()
    run = stage.run("train", MODEL, "--epochs", str(EPOCHS))
    whole_s = datetime.fromisoformat(run["finished_at"]).timestamp() - began
    stage.settle()
    # The first epoch traces, in the script too.
    return Taken(whole_s, median(epoch["duration_s"] for epoch in run["epochs"][1:]))


def _bare(stage: Stage) -> Taken:
    workspace = stage.workspace
    output = workspace.root / "bare.keras"
    data = (workspace.train / MODEL / "train.npz", workspace.test / MODEL / "validation.npz")
    artefact = next(workspace.version_folder(MODEL, 1).glob("*.keras"))
    words = [str(artefact), *map(str, data), str(EPOCHS), str(output)]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.benchmarks.bare_fit", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    whole_s = time.perf_counter() - began
    output.unlink()
    seconds: list[float] = json.loads(done.stdout.splitlines()[-1])
    return Taken(whole_s, median(seconds[1:]))
