"""How a training in a process of its own ends, and that it comes out the same each time."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sample_models import training
from sample_models.build import arrival
from sample_models.training import ENVIRONMENT, FAMILIES, Family
from storage.errors import JobError

TRAINED = {"torch_digits": "model.pt", "onnx_models": "digits.onnx"}
"""Families that train within seconds, and what is compared."""


def test_a_training_that_fails_says_how(tmp_path: Path) -> None:
    """The error names the samples, the exit status and the last lines that were printed."""
    absent = Family("no_such_family", (), "Nothing", "none")
    with pytest.raises(JobError) as caught:
        training._train(absent, tmp_path)
    assert caught.value.message.startswith("The samples for Nothing could not be trained (exit status 1: ")
    assert "No module named sample_models.no_such_family" in caught.value.message
    assert "sample_models.no_such_family FOLDER" in caught.value.hint


def test_a_training_that_dies_without_a_word_is_named_by_its_signal() -> None:
    """A crash leaves nothing to quote; the signal is what there is to say."""
    done = subprocess.run(
        [sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert training._ending(done) == "signal 11"


def test_a_training_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes far too long is stopped with a sentence; here the limit is shorter than any start."""
    monkeypatch.setattr(training, "TRAINING_S", 0.001)
    with pytest.raises(JobError, match=r"Keras with TensorFlow took more than 0 s and was stopped\."):
        training._train(FAMILIES[0], tmp_path)


@pytest.mark.parametrize("module", TRAINED)
def test_training_again_gives_the_same_model(samples: Path, tmp_path: Path, module: str) -> None:
    """A second training ends with the very same weights as the first."""
    family = next(family for family in FAMILIES if family.module == module)
    training._train(family, tmp_path)
    first = arrival(samples).parents[1] / module / TRAINED[module]
    assert weights(tmp_path / TRAINED[module]) == weights(first)


def test_training_keras_again_gives_the_same_model(samples: Path, tmp_path: Path) -> None:
    """The Keras networks too are the same each time; the quickest one stands for all."""
    environment = os.environ | ENVIRONMENT
    again = [sys.executable, "-P", "-m", "sample_models.keras_digits", str(tmp_path), "dense"]
    subprocess.run(again, env=environment, capture_output=True, check=True)
    first = keras_weights(arrival(samples).with_name("dense.keras"))
    assert len(first) == 4
    assert keras_weights(tmp_path / "dense.keras") == first


def test_only_what_is_installed_is_trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without any family there are still the digits themselves, and nothing else."""
    monkeypatch.setattr(training, "installed", tuple)
    training.train_all(tmp_path, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["digits"]
    assert len(list((tmp_path / "digits").iterdir())) == 3


def weights(file: Path) -> Any:
    """Return the bytes that decide what a model answers: TorchScript archives also hold a number of their own."""
    if not zipfile.is_zipfile(file):
        return file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist() if "/data/" in name}


def keras_weights(file: Path) -> dict[str, bytes]:
    """Return the weights in a Keras archive, without the seconds that Keras takes to read them."""
    import h5py

    found: dict[str, bytes] = {}

    def note(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and name.startswith("layers/"):
            found[name] = node[()].tobytes()

    with zipfile.ZipFile(file) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as opened:
        opened.visititems(note)
    return found
