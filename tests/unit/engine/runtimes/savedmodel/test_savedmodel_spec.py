"""What the folder of a SavedModel must hold, and what its graph may do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.protocols import Recognition
from engine.runtimes import recognise
from engine.runtimes.savedmodel import operators
from storage.vocabulary import Format
from tests import saved_models
from tests.saved_models import computing, exported, module, tensorflow, tensorflow_1, with_vocabulary
from tests.tiny_models import KERAS_WARNING, copied

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

DATA = "variables/variables.data-00000-of-00001"
INDEX = "variables/variables.index"


@pytest.fixture
def folder(saved: Callable[[Format], Path], tmp_path: Path) -> Path:
    """Return the folder of a good SavedModel, to be spoilt."""
    return copied(saved(Format.SAVED_MODEL), tmp_path / "m").parent


def seen(folder: Path) -> Recognition:
    """Return what the graph in a folder is."""
    return recognise(folder / "saved_model.pb")


def test_everything_below_belongs_to_it(folder: Path) -> None:
    """Variables, assets and what TensorFlow and Keras write beside the graph are parts of one model."""
    for name in ("assets/words.txt", "assets/deep/more.txt", "assets.extra/warm", "keras_metadata.pb"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text("x")
    (folder / "README.md").write_text("about")
    (folder / "variables" / ".data.Xy12").write_text("half")
    names = [str(path.relative_to(folder)) for path in seen(folder).companions]
    own = (
        "assets.extra/warm",
        "assets/deep/more.txt",
        "assets/words.txt",
        "fingerprint.pb",
        "keras_metadata.pb",
    )
    assert names == [*own, DATA, INDEX]


@pytest.mark.parametrize("missing", [INDEX, DATA, "variables"])
def test_variables_that_are_missing_may_be_on_their_way(folder: Path, missing: str) -> None:
    """A copy that has brought the graph and not yet all variables is not taken as complete."""
    path = folder / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    found = seen(folder)
    assert (found.format, found.complete, found.refused) == (None, False, False)
    assert "keeps its variables in variables/" in found.reason
    assert "which is missing beside it" in found.reason


@pytest.mark.parametrize("cut", [INDEX, DATA])
def test_variables_that_are_cut_short_may_be_on_their_way(folder: Path, cut: str) -> None:
    """Wherever the copy of a part stopped, the model is not complete."""
    whole = (folder / cut).read_bytes()
    for share in (0, 0.3, 0.9, 0.999):
        (folder / cut).write_bytes(whole[: int(len(whole) * share)])
        found = seen(folder)
        assert (found.format, found.complete) == (None, False)
        assert "is cut short" in found.reason


def test_every_shard_is_needed(tmp_path: Path) -> None:
    """Variables in several files are one model, and each of the files is awaited."""
    module(tmp_path / "m", "f", signatures=("f",))
    with tensorflow() as tf:
        prefixes = [str(tmp_path / name) for name in "ab"]
        for prefix in prefixes:
            tf.raw_ops.SaveV2(
                prefix=prefix, tensor_names=[prefix], shape_and_slices=[""], tensors=[tf.zeros([64])]
            )
        tf.raw_ops.MergeV2Checkpoints(
            checkpoint_prefixes=prefixes, destination_prefix=str(tmp_path / "m" / "variables" / "variables")
        )
    (tmp_path / "m" / DATA).unlink(missing_ok=True)
    shards = sorted((tmp_path / "m" / "variables").glob("variables.data-*-of-00002"))
    assert len(shards) == 2
    assert seen(tmp_path / "m").format is Format.SAVED_MODEL
    shards[1].write_bytes(shards[1].read_bytes()[:-1])
    assert "variables.data-00001-of-00002, which is cut short" in seen(tmp_path / "m").reason


def test_an_index_that_is_damaged_is_no_model(folder: Path) -> None:
    """Its end is there, its middle is not what it should be: that will not change by waiting."""
    raw = bytearray((folder / INDEX).read_bytes())
    raw[:40] = b"\xff" * 40
    (folder / INDEX).write_bytes(raw)
    found = seen(folder)
    assert found.format is None
    assert "variables/variables.index, which" in found.reason


def test_assets_that_are_missing_are_awaited(tmp_path: Path) -> None:
    """A vocabulary belongs to its model; without it the model is not complete."""
    artefact = with_vocabulary(tmp_path / "m")
    assert recognise(artefact).format is Format.SAVED_MODEL
    (tmp_path / "m" / "assets" / "vocabulary.txt").unlink()
    found = recognise(artefact)
    assert not found.complete
    assert "keeps its assets in assets/vocabulary.txt, which is missing beside it" in found.reason


def test_an_asset_outside_the_folder_is_refused(tmp_path: Path) -> None:
    """An asset's name that leads out of the folder is no accident."""
    artefact = with_vocabulary(tmp_path / "m")
    raw = artefact.read_bytes()
    assert raw.count(b"vocabulary.txt")
    artefact.write_bytes(raw.replace(b"vocabulary.txt", b"../../../../ab"))
    assert recognise(artefact).refused


@pytest.mark.parametrize("part", [DATA, "variables"])
def test_a_part_behind_a_link_is_refused(folder: Path, part: str) -> None:
    """A link may lead to any file of the machine, which would be copied and hashed as part of the model."""
    (folder / part).rename(folder.parent / "elsewhere")
    (folder / part).symlink_to(folder.parent / "elsewhere")
    found = seen(folder)
    assert found.refused
    assert "through a link" in found.reason


def test_a_second_name_of_a_file_is_refused(folder: Path) -> None:
    """So may a hard link."""
    os.link(folder / DATA, folder.parent / "second")
    assert "through a link" in seen(folder).reason


def test_the_graph_alone_under_another_name_is_named(folder: Path) -> None:
    """TensorFlow finds the graph by its name only."""
    (folder / "saved_model.pb").rename(folder / "frozen.pb")
    assert "it must be called saved_model.pb" in recognise(folder / "frozen.pb").reason


def test_a_graph_for_training_only_is_named(tmp_path: Path) -> None:
    """A graph that does not answer is no deployed model; the sentence says what it is for."""
    artefact = tensorflow_1(tmp_path / "m", tags=(("train", "gpu"),))
    assert "holds graphs for gpu, train, none for serve" in recognise(artefact).reason


def test_a_look_at_it_loads_no_framework(saved: Callable[[Format], Path]) -> None:
    """The engine's own process tells a SavedModel without TensorFlow and without numpy."""
    code = (
        "import sys; from pathlib import Path; from engine.runtimes import recognise\n"
        f"found = recognise(Path({str(saved(Format.SAVED_MODEL))!r}))\n"
        "assert found.format and not {'numpy', 'tensorflow', 'google'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=60)


# What graphs may do.


def rnn(keras: Any) -> Any:
    """Return a model with a loop, dropout, normalisation and random numbers."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((4, 3)),
            layers.GaussianNoise(0.1),
            layers.LSTM(5, return_sequences=True),
            layers.GRU(4),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(2, activation="softmax"),
        ]
    )


HONEST: dict[str, Callable[[Path], Path]] = {
    "keras": lambda folder: exported(folder, rnn),
    "module": lambda folder: module(folder, "f", "g", signatures=("g",)),
    "without signatures": lambda folder: module(folder, "f", "g"),
    "called": saved_models.called,
    "vocabulary": with_vocabulary,
    "tensorflow 1": tensorflow_1,
    "two sets of tags": lambda folder: tensorflow_1(folder, tags=(("serve",), ("serve", "gpu"))),
    "prints": lambda folder: computing(folder, lambda tf, x: _after(tf, tf.print("x"), x)),
}


def _after(tf: Any, operation: Any, x: Any) -> Any:
    with tf.control_dependencies([operation]):
        return tf.identity(x)


@pytest.mark.parametrize("write", HONEST.values(), ids=HONEST.keys())
def test_honest_models_pass(write: Callable[[Path], Path], tmp_path: Path) -> None:
    """Saving and restoring its own variables is part of every model, and held against none."""
    found = recognise(write(tmp_path / "m"))
    assert (found.format, found.reason) == (Format.SAVED_MODEL, "")


def restored(tf: Any, x: Any) -> Any:
    """Read a variable from a file of the model's choice."""
    return (
        x
        + tf.raw_ops.RestoreV2(
            prefix="/tmp/x", tensor_names=["v"], shape_and_slices=[""], dtypes=[tf.float32]
        )[0]
    )


def read_in_a_branch(tf: Any, x: Any) -> Any:
    """Read a file in a function that only a branch calls."""
    length = tf.cond(
        tf.reduce_sum(x) > 0,
        lambda: tf.strings.length(tf.io.read_file("/etc/passwd")),
        lambda: tf.constant(0),
    )
    return x + tf.cast(length, tf.float32)


def read_lines(tf: Any, x: Any) -> Any:
    """Read a file as a data set."""
    lines = tf.data.TextLineDataset(["/etc/passwd"])
    return x + lines.reduce(0.0, lambda total, line: total + tf.cast(tf.strings.length(line), tf.float32))


HARMFUL: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "read": (
        lambda tf, x: x + tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32),
        "uses ReadFile, which reads files",
    ),
    "read in a branch": (read_in_a_branch, "uses ReadFile, which reads files"),
    "read as data": (read_lines, "uses TextLineDataset, which reads files"),
    "list": (
        lambda tf, x: x + tf.cast(tf.size(tf.io.matching_files("/etc/*")), tf.float32),
        "uses MatchingFiles, which reads files",
    ),
    "write": (
        lambda tf, x: _after(tf, tf.io.write_file("/tmp/x", "x"), x),
        "uses WriteFile, which writes files",
    ),
    "print into a file": (
        lambda tf, x: _after(tf, tf.print("x", output_stream="file:///tmp/x"), x),
        "uses PrintV2 to write files",
    ),
    "python": (
        lambda tf, x: tf.py_function(lambda value: value, [x], tf.float32),
        "uses EagerPyFunc, which calls Python code that is not in the model",
    ),
    "numpy": (
        lambda tf, x: tf.numpy_function(lambda value: value, [x], tf.float32),
        "uses PyFunc, which calls Python code that is not in the model",
    ),
    "restore": (restored, "uses RestoreV2 outside of restoring its variables"),
    "end": (
        lambda tf, x: _after(tf, tf.raw_ops.Abort(), x),
        "uses Abort, which ends the process that it runs in",
    ),
}


@pytest.mark.parametrize(("compute", "words"), HARMFUL.values(), ids=HARMFUL.keys())
def test_what_a_deployed_model_has_no_use_for_is_refused(
    compute: Callable[[Any, Any], Any], words: str, tmp_path: Path
) -> None:
    """Files, other people's code and the end of the process are named by the operator that asks for them."""
    found = recognise(computing(tmp_path / "m", compute))
    assert (found.format, found.refused) == (None, True)
    assert words in found.reason


# The lists, against TensorFlow itself.

SUSPICIOUS = ("file", "path", "address", "url", "uri", "directory", "logdir", "ckpt", "_dir")
"""In the name of an operator's argument: something outside the model is meant."""

HARMLESS = {
    "CTCBeamSearchDecoder": "its paths are those of a search",
    "CacheDataset": "without a name it caches in memory; with one, behind the walls, it fails",
    "CacheDatasetV2": "the same",
    "InitializeTableFromTextFile": "reads a vocabulary among the model's own assets",
    "InitializeTableFromTextFileV2": "the same",
    "TensorSliceDataset": "its flag marks strings, it opens nothing",
}


@pytest.fixture(scope="module")
def registry() -> dict[str, Any]:
    """Return every operator that TensorFlow knows, by name."""
    with tensorflow() as tf:
        from tensorflow.python.framework import op_def_registry

        names = [name for name in dir(tf.raw_ops) if not name.startswith("_")]
        found = {name: op_def_registry.get(name) for name in names}
    return {name: definition for name, definition in found.items() if definition is not None}


def test_every_operator_that_is_given_a_file_or_an_address_is_listed(registry: dict[str, Any]) -> None:
    """A new TensorFlow that learns to open something fails this test, not a person's trust."""
    listed = operators.DOES.keys() | operators.SAVES | HARMLESS.keys()
    for name, definition in registry.items():
        arguments = [argument.name for argument in (*definition.input_arg, *definition.attr)]
        if any(word in argument for argument in arguments for word in SUSPICIOUS):
            assert name in listed or name.startswith(("CudnnRNN", "XlaSparse")), arguments


def test_every_operator_that_calls_functions_is_listed(registry: dict[str, Any]) -> None:
    """What a function does counts wherever it is called from."""
    for name, definition in registry.items():
        if any(attribute.type in {"func", "list(func)"} for attribute in definition.attr):
            known = operators.CALLERS | operators.DOES.keys()
            assert name in known or name.startswith("XlaSparse"), name


@pytest.mark.usefixtures("registry")
def test_the_lists_name_operators_that_exist() -> None:
    """A misspelt name would forbid nothing."""
    from tensorflow.python.framework import op_def_registry

    named = operators.DOES.keys() | operators.SAVES | operators.CALLERS | operators.PRINTS
    assert [name for name in sorted(named) if op_def_registry.get(name) is None] == []
