"""Wrong data of many kinds, each told in a sentence of its own that names the file and says what to do.

Real files, a real model, the same code that runs in a model process; a few of them through the command as well.
"""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation import measure
from engine.processes.protocol import Evaluate
from engine.protocols import LoadedModel
from engine.runtimes.onnx.loader import load
from storage import launch
from storage.errors import JobError
from storage.settings import Preprocess
from storage.vocabulary import ExitCode, Task
from storage.workspace import Workspace
from tests.tiny_models import CHANNELS_FIRST, digits, save_onnx

X, Y = (array[:20] for array in digits())
NOTHING = Preprocess()
SAVE = "Save it with numpy.savez(file, x=inputs, y=targets)."
INTEGERS = "Save y as one integer per example."
PREPARE = "Prepare the data as the model was trained; [preprocess] in model.toml cannot make them fit."
KNOWN = "Use the data that the model was trained for, or correct their labels."

PREPROCESS_LINE = 'preprocess = { dtype = "float32", scale = 0.0625, layout = "NCHW" }\n'
"""What `CHANNELS_FIRST` is in a model.toml."""

Write = Callable[[Path], None]


def saved(**arrays: object) -> Write:
    """Return what writes these arrays."""
    return lambda file: np.savez(file, **arrays)  # type: ignore[arg-type]


def holding(content: bytes) -> Write:
    """Return what writes these bytes."""

    def write(file: Path) -> None:
        file.write_bytes(content)

    return write


def cut_short(file: Path) -> None:
    """Write the first half of a good file."""
    np.savez(file, x=X, y=Y)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def with_a_wrong_bit(file: Path) -> None:
    """Write a good file and turn a bit of its images."""
    np.savez(file, x=X, y=Y)
    content = bytearray(file.read_bytes())
    content[content.index(X[3].tobytes())] ^= 1
    file.write_bytes(content)


def with_nothing_in_it(file: Path) -> None:
    """Write an archive without arrays."""
    zipfile.ZipFile(file, "w").close()


def changed(array: "NDArray[Any]", place: int | tuple[int, ...], value: float) -> "NDArray[Any]":
    """Return a copy with one value other than it was."""
    copy = array.astype(np.float64)
    copy[place] = value
    return copy


class Wrong(NamedTuple):
    """Data that cannot be used, and what a person is told."""

    write: Write
    message: str
    hint: str
    preprocess: Preprocess = CHANNELS_FIRST
    labels: tuple[str, ...] = ()


WRONG: dict[str, Wrong] = {
    "empty": Wrong(holding(b""), "test.npz is empty.", SAVE),
    "something else": Wrong(
        holding(b"hello" * 100),
        "test.npz is not npz inside: it is damaged, or in another format.",
        "Copy or save it again, or give it the ending of its format.",
    ),
    "cut short": Wrong(
        cut_short, "test.npz is cut short: its zip directory is missing.", "Copy or save it again."
    ),
    "a wrong bit": Wrong(with_a_wrong_bit, "test.npz is damaged: array x cannot be read.", SAVE),
    "nothing in it": Wrong(with_nothing_in_it, "test.npz has no arrays.", SAVE),
    "no targets": Wrong(saved(x=X), "test.npz has no array y: it has x.", SAVE),
    "objects": Wrong(
        saved(x=X, y=Y.astype(object)),
        "test.npz keeps array y as Python objects, which would run code when read.",
        "Save it as numbers or strings, for example array.astype('float32').",
    ),
    "rows differ": Wrong(
        saved(x=X, y=Y[:19]), "The arrays of test.npz differ in rows: x has 20, y has 19.", SAVE
    ),
    "no rows": Wrong(saved(x=X[:0], y=Y[:0]), "test.npz has no examples: its arrays are empty.", SAVE),
    "a single target": Wrong(
        saved(x=X, y=3), "test.npz has a single number under y, not one value per example.", SAVE
    ),
    "wrong rank": Wrong(
        saved(x=X.reshape(20, 64), y=Y),
        "The model expects float32 [?, 1, 8, 8]; test.npz has x uint8 [20, 64].",
        'Put this line at the top of model.toml: preprocess = { reshape = [1, 8, 8], dtype = "float32" } '
        "(and scale = 0.00392156862745098 where it was trained on 0 to 1)",
        NOTHING,
    ),
    "wrong size": Wrong(
        saved(x=X[:, :7], y=Y),
        "The model expects float32 [?, 1, 8, 8]; test.npz has x uint8 [20, 7, 8], which [preprocess] makes "
        "float32 [20, 1, 7, 8].",
        PREPARE,
    ),
    "bytes for floats": Wrong(
        saved(x=X, y=Y),
        "The model expects float32 [?, 1, 8, 8]; test.npz has x uint8 [20, 8, 8].",
        'Put this line at the top of model.toml: preprocess = { dtype = "float32", layout = "NCHW" } '
        "(and scale = 0.00392156862745098 where it was trained on 0 to 1)",
        NOTHING,
    ),
    "text for pixels": Wrong(
        saved(x=X.astype("U3"), y=Y),
        "[preprocess] cannot be applied to x str96 [20, 8, 8] of test.npz.",
        "Correct [preprocess] in model.toml.",
    ),
    "complex numbers": Wrong(
        saved(x=X.astype(np.complex64), y=Y),
        "test.npz has complex numbers under x, which no model takes.",
        "Save their real and imaginary parts, or their magnitudes, as the model was trained on.",
    ),
    "a class too many": Wrong(
        saved(x=X, y=Y + 5),
        "test.npz has label 10 in row 5, but the model has 10 classes: 0 to 9 (10 such rows).",
        KNOWN,
    ),
    "classes from 1": Wrong(
        saved(x=X, y=Y + 1),
        "test.npz has label 10 in row 9, but the model has 10 classes: 0 to 9 (2 such rows).",
        "They run from 1 to 10, and the model counts from 0: save y - 1.",
    ),
    "a negative class": Wrong(
        saved(x=X, y=np.where(Y == 0, -1, Y)),
        "test.npz has label -1 in row 0, but the model has 10 classes: 0 to 9 (2 such rows).",
        KNOWN,
    ),
    "classes that are not whole": Wrong(
        saved(x=X, y=Y + 0.5),
        "The targets y of test.npz are float64 [20], not classes.",
        'Save y as integers, or set task = "regression" in model.toml.',
    ),
    "a class that is NaN": Wrong(
        saved(x=X, y=changed(Y, 4, np.nan)),
        "test.npz has no class in row 4, but NaN or infinity.",
        "Leave such examples out.",
    ),
    "an unknown name": Wrong(
        saved(x=X, y=np.where(Y == 3, "three", "other")),
        "test.npz has the label other, which model.toml does not name.",
        'Name every class in model.toml, in the order of the model\'s outputs: labels = ["other", "three"].',
    ),
    "columns too many": Wrong(
        saved(x=X, y=np.eye(12)[Y]),
        "The targets y of test.npz have 12 columns, but the model has 10 classes.",
        INTEGERS,
    ),
    "targets that are images": Wrong(
        saved(x=X, y=np.zeros((20, 2, 2))),
        "The targets y of test.npz are float64 [20, 2, 2], not one class per example.",
        INTEGERS,
    ),
    "a pixel that is NaN": Wrong(
        saved(x=changed(X, (5, 0, 0), np.nan), y=Y),
        "The model answered NaN or infinity on 1 of 20 examples, first on row 5.",
        "1 example holds NaN among its inputs; clean test.npz.",
    ),
    "labels too few": Wrong(
        saved(x=X, y=Y),
        "model.toml names 2 labels, but the model tells 10 classes apart.",
        "Correct labels in model.toml, or put a model there that fits.",
        labels=("even", "odd"),
    ),
    "means for colours": Wrong(
        saved(x=X, y=Y),
        "preprocess.mean has 3 numbers, which fits no axis of inputs of shape [?, 8, 8].",
        "Correct [preprocess] in model.toml.",
        Preprocess(dtype="float32", mean=(1.0, 2.0, 3.0)),
    ),
    "no file": Wrong(
        lambda file: file.unlink(missing_ok=True),
        "test.npz cannot be read (No such file or directory).",
        "Check the file.",
    ),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """Return a classifier of 8 by 8 images into ten classes."""
    return load(save_onnx(tmp_path_factory.mktemp("model") / "model.onnx"), "cpu")


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_wrong_data_are_told_in_words(model: LoadedModel, tmp_path: Path, wrong: Wrong) -> None:
    """What is wrong and where, and what to do about it, to the letter."""
    file = tmp_path / "test.npz"
    wrong.write(file)
    request = Evaluate(str(file), Task.CLASSIFICATION, wrong.labels, wrong.preprocess)
    with pytest.raises(JobError) as caught:
        measure.evaluate(model, request, lambda _done, _total: None)
    assert (caught.value.message, caught.value.hint) == (wrong.message, wrong.hint)


def test_every_kind_has_a_sentence_of_its_own() -> None:
    """Twenty kinds and more, no two alike, each short enough for one line of a log."""
    messages = [wrong.message for wrong in WRONG.values()]
    assert len(messages) >= 20
    assert len(set(messages)) == len(messages)
    assert all(len(message) < 250 and "\n" not in message for message in messages)


@pytest.mark.parametrize("kind", ["cut short", "a class too many", "bytes for floats"])
def test_command_says_the_same(workspace: Workspace, kind: str) -> None:
    """The sentence reaches who typed the command, as an object for scripts, with the status that says it failed."""
    wrong = WRONG[kind]
    version = workspace.models / "tiny" / "1"
    version.mkdir(parents=True)
    asked = "" if wrong.preprocess == NOTHING else PREPROCESS_LINE
    (version.parent / "model.toml").write_text(f'task = "classification"\n{asked}')
    save_onnx(version / "model.onnx")
    (workspace.test / "tiny").mkdir(parents=True)
    wrong.write(workspace.test / "tiny" / "test.npz")
    command = [sys.executable, "-P", "-m", "tui", "evaluate", "tiny@1", "--json", "-w", str(workspace.root)]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        launch.stop(workspace)
    error = msgspec.json.decode(said.stdout)["error"]
    assert said.returncode == ExitCode.FAILED
    assert (error["message"], error["hint"]) == (
        wrong.message,
        wrong.hint.replace(" model.toml", " models/tiny/model.toml"),
    )
