"""Promises about what MLflow is given: every file has its place, and MLflow itself loads it and answers alike."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.repository.targets.mlflow_model import LAYOUTS, described, written
from storage.measured import Loading, TensorSpec
from storage.records import Version
from storage.vocabulary import Format, Status
from tests.tiny_models import NAMES, PREPROCESS, ROWS, SAVE, digits, expected_probabilities

PEERS = Path(sys.prefix) / "bench"
"""Where MLflow is, where anybody has installed it to compare with."""

FORMATS = [kind for kind in LAYOUTS if kind is not None]

TORCH = (Format.TORCHSCRIPT, Format.TORCH_EXPORT)


def version(
    kind: Format, *, name: str = "x", shape: tuple[int | None, ...] | None = (None, 8, 8, 1)
) -> Version:
    """Return the record of a version that was loaded once."""
    loading = Loading(
        runtime="runtime",
        runtime_version="1.2.3+cpu",
        device="cpu",
        inputs=(TensorSpec(name, shape, "float32"),),
        outputs=(TensorSpec("y", (None, 10), "float32"),),
        load_s=0.1,
        peak_rss_bytes=None,
    )
    return Version(
        id=1,
        model="digits",
        number=3,
        format=kind,
        status=Status.READY,
        reason="",
        role=None,
        sha256="ab" * 32,
        bytes=1,
        artefact="m",
        source="",
        found_at=0.0,
        parameters=None,
        loading=loading,
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_everything_that_a_flavour_names_is_there(kind: Format) -> None:
    """The files of the version keep their places relative to each other, and what the texts name is among them."""
    found = described(version(kind), ["model.bin", "variables/index", "weights.bin"], now=0.0)
    artefact, *others = found.places
    folder = artefact.rpartition("/")[0]
    assert [name.removeprefix(f"{folder}/") for name in others] == ["variables/index", "weights.bin"]
    layout = LAYOUTS[kind]
    there = {*found.places, *found.texts}
    for named in ("data", "model_data", "saved_model_dir"):
        place = str(layout.options.get(named, "")).replace("{artefact}", artefact)
        assert not place or any(name == place or name.startswith(f"{place}/") for name in there)
    assert layout.artefact in {"", artefact.rpartition("/")[2]}
    assert {"MLmodel", "requirements.txt", "python_env.yaml"} <= set(found.texts)
    assert f"{layout.package}==1.2.3\n" in found.texts["requirements.txt"]
    assert f'loader_module: "mlflow.{layout.flavour}"' in found.texts["MLmodel"]


def test_a_model_of_unknown_shape_has_no_signature() -> None:
    """What TorchScript does not tell is not made up."""
    known = described(version(Format.TORCHSCRIPT), ["m"], now=0.0).texts["MLmodel"]
    unknown = described(version(Format.TORCHSCRIPT, shape=None), ["m"], now=0.0).texts["MLmodel"]
    assert '\\"shape\\":[-1,8,8,1]' in known
    assert "signature" in known
    assert "signature" not in unknown


def test_texts_are_yaml() -> None:
    """Mappings are blocks, and whatever a name may hold is quoted as JSON, which YAML reads."""
    assert (
        written({"a": {"b": 'x: "#', "c": None}, "d": ["é\n"]})
        == 'a:\n  b: "x: \\"#"\n  c: null\nd: ["é\\n"]\n'
    )


@pytest.mark.skipif(not (PEERS / "mlflow").is_dir(), reason="MLflow is not installed beside (make bench)")
@pytest.mark.timeout(
    3600
)  # three frameworks and MLflow, wherever they are: minutes on a machine that is busy
def test_mlflow_itself_loads_every_format(tmp_path: Path) -> None:
    """Each folder is a model to MLflow, and answers as the classifier does that it was made of."""
    for kind in FORMATS:
        artefact = tmp_path / "made" / kind.value / NAMES[kind]
        artefact.parent.mkdir(parents=True)
        _lay_out(kind, SAVE[kind](artefact), tmp_path / kind.value)
        np.save(tmp_path / f"{kind.value}.npy", _examples(kind))
    folders = [str(tmp_path / kind.value) for kind in FORMATS]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.mlflow_answers", str(tmp_path / "x"), *folders],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[5]), str(PEERS)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for kind in FORMATS:
        answers = np.load(tmp_path / kind.value / "answers.npy")
        if kind in TORCH:
            powers = np.exp(answers - answers.max(axis=1, keepdims=True))
            answers = powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(answers, expected_probabilities(), atol=1e-5)


def _lay_out(kind: Format, artefact: Path, folder: Path) -> None:
    """Write a folder as it is registered."""
    files = [artefact.name]
    if kind is Format.SAVED_MODEL:
        files += [
            str(path.relative_to(artefact.parent))
            for path in sorted(artefact.parent.rglob("*"))
            if path.is_file() and path != artefact
        ]
    shape = (None, 8, 8, 1) if PREPROCESS[kind].layout == "NHWC" else (None, 1, 8, 8)
    name = _input_name(artefact.parent) if kind is Format.SAVED_MODEL else "x"
    found = described(version(kind, name=name, shape=shape), files, now=0.0)
    for file, place in zip(files, found.places, strict=True):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(artefact.parent / file, folder / place)
    for place, text in found.texts.items():
        (folder / place).write_text(text)


def _input_name(folder: Path) -> str:
    tensorflow = importlib.import_module("tensorflow")
    served = tensorflow.saved_model.load(str(folder)).signatures["serving_default"]
    [name] = served.structured_input_signature[1]
    return str(name)


def _examples(kind: Format) -> "NDArray[np.float32]":
    images = np.asarray(digits()[0][-ROWS:] / 16, np.float32)
    return images.reshape((-1, 8, 8, 1) if PREPROCESS[kind].layout == "NHWC" else (-1, 1, 8, 8))
