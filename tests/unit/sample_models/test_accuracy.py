"""How good the samples are, by the scripts that a person would write with each framework."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sample_models
from sample_models.build import SAMPLES, arrival
from sample_models.candidates import artefacts

MARGIN = 0.02
"""What the gates of the samples ask for."""

TOLERANCE = 0.012
"""Another processor may round otherwise while it trains: some of 2,000 images, or two of 200."""

READ = """
import json, sys
import numpy as np
data = np.load(sys.argv[1])
x, y = data["x"], data["y"]
def right(scores):
    chosen = scores.argmax(1) if scores.shape[1] > 1 else (scores[:, 0] > 0.5).astype(int)
    return float((chosen == y).mean())
def tell(scored):
    print(json.dumps([right(scored(file)) for file in sys.argv[2:]]))
"""

KERAS = (
    READ
    + """
import keras
x = (x.astype("float32") * np.float32(1 / 255))[..., None]
tell(lambda file: keras.models.load_model(file).predict(x, verbose=0))
"""
)

TORCH = (
    READ
    + """
import torch
x = torch.from_numpy((x.astype("float32") * np.float32(1 / 255))[:, None])
tell(lambda file: torch.jit.load(file)(x).detach().numpy())
"""
)

ONNX = (
    READ
    + """
import onnxruntime
x = x.astype("float32") * np.float32(1 / 255) if x.dtype == np.uint8 else x
tell(lambda file: onnxruntime.InferenceSession(file).run(None, {"x": x})[0])
"""
)

SCRIPTS = {"model.keras": KERAS, "model.pt": TORCH, "model.onnx": ONNX}


def measured(script: str, data: Path, *files: Path) -> list[float]:
    """Return the share of right answers of each file, from a script that uses nothing of this project."""
    words = [sys.executable, "-P", "-W", "ignore", "-c", script, str(data), *map(str, files)]
    return list(json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout))


@pytest.fixture(scope="module")
def accuracies(samples: Path) -> dict[tuple[str, int], float]:
    """Return the accuracy of every version, the arriving one and the candidates included."""
    found: dict[tuple[str, int], float] = {}
    for sample in SAMPLES:
        folder = samples / "models" / sample.name
        versions = [
            folder / str(number) / sample.artefact for number, _ in enumerate(sample.versions, start=1)
        ]
        if sample.name == "mnist":
            versions.append(arrival(samples))
        versions += [file for candidate, file in artefacts().items() if candidate.model == sample.name]
        figures = measured(SCRIPTS[sample.artefact], samples / "test" / sample.name / "test.npz", *versions)
        found |= {(sample.name, number): figure for number, figure in enumerate(figures, start=1)}
    return found


def documented() -> Iterator[tuple[tuple[str, int], float]]:
    """Yield the figures of the README's table."""
    readme = Path(sample_models.__file__).with_name("README.md").read_text()
    for row in re.finditer(r"^\| `([\w-]+)` \| (\d)[^|]*\|[^|]*\| (0\.\d+) \|$", readme, re.MULTILINE):
        yield (row[1], int(row[2])), float(row[3])


def test_the_readme_tells_how_good_each_version_is(accuracies: dict[tuple[str, int], float]) -> None:
    """Every version is in the README's table, with the accuracy that a plain script finds."""
    assert dict(documented()) == pytest.approx(accuracies, abs=TOLERANCE)


def test_each_version_is_clearly_better_than_the_one_before(accuracies: dict[tuple[str, int], float]) -> None:
    """From the deployed version to the one that arrives, each step is larger than the gate's margin."""
    first, second, third = (accuracies["mnist", number] for number in (1, 2, 3))
    assert second - first > MARGIN
    assert third - second > MARGIN
