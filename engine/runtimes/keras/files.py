"""Opens Keras' own files with Keras, whichever framework it runs on.

Owns the names that Keras insists on, and the words for what it cannot read. Runs in a model process only; a
loader imports it after it has chosen Keras' backend.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import msgspec

from engine.artefacts.archive import open_archive
from engine.artefacts.content import Content, ContentError
from engine.protocols import TensorSpec
from engine.runtimes.keras import hdf5
from engine.runtimes.keras.legacy import check_file
from engine.runtimes.keras.spec import METADATA
from engine.runtimes.keras.weights import check_weights
from storage.errors import Error, JobError
from storage.text import clean, first_line

ARCHIVE, LEGACY = ".keras", ".h5"
READ = {ARCHIVE: (".keras",), LEGACY: (".h5", ".hdf5")}
"""Keras goes by the end of a name, and has two for old files; the content has been looked at before."""

METADATA_BYTES = 64 * 1024
"""Of ``metadata.json``: it holds two lines."""

VERSION = 20

KERAS_2_INPUTS = "_nested_inputs"
"""Where Keras 2 keeps the structure of a model's inputs: other environments than the engine's may still have it."""

NUMPY_NAMES = {"string": "str"}
"""Of types that numpy calls otherwise than Keras."""

UNKNOWN_LAYER = re.compile(r"Unknown layer: '([^']+)'")


def read_model(artefact: Path, *, trusted: bool) -> Any:
    """Return the Keras model in ``artefact``, not compiled; the code that a ``trusted`` one carries may be run.

    Raises:
        JobError: it must not be loaded, or was saved before it was built.
    """
    model = (_read_legacy if is_hdf5(artefact) else _read_archive)(artefact, trusted=trusted)
    if not getattr(model, "inputs", None):
        raise JobError(
            "The model was saved before it was built, so the shape of its inputs is not known.",
            "Call it once on data, or begin it with keras.Input(shape), and save it again.",
        )
    return model


def packed(model: Any, flat: Sequence[Any], tree: Any) -> Any:
    """Return flat inputs in the structure that ``model`` is called with: alone, in a list, or in a dictionary.

    ``tree`` is what packs structures: ``keras.tree``, or what an older Keras used for it.
    """
    structure = getattr(model, "_inputs_struct", getattr(model, KERAS_2_INPUTS, None))
    return flat[0] if structure is None else tree.pack_sequence_as(structure, flat)


def describe(tensor: Any) -> TensorSpec:
    """Return an input or output of a Keras model as the engine describes it."""
    # A type is a word in Keras 3, and TensorFlow's own in Keras 2.
    dtype = str(getattr(tensor.dtype, "name", tensor.dtype))
    return TensorSpec(str(tensor.name), tuple(tensor.shape), NUMPY_NAMES.get(dtype, dtype))


def describe_outputs(model: Any) -> tuple[TensorSpec, ...]:
    """Return a model's outputs, by the names of the layers that they come from: those that a person gave.

    Keras numbers the tensors themselves as they are made in a process, so the next one may call them otherwise.
    """
    found = tuple(map(describe, model.outputs))
    names = [str(name) for name in getattr(model, "output_names", None) or ()]
    if not names and len(found) == 1 and model.layers:
        names = [str(model.layers[-1].name)]
    if len(names) != len(found) or len(set(names)) < len(names):
        # A layer that is used twice gives two outputs of one name.
        return found
    return tuple(msgspec.structs.replace(spec, name=name) for spec, name in zip(found, names, strict=True))


def is_hdf5(artefact: Path) -> bool:
    """Whether a file is a legacy one; its name says nothing."""
    with artefact.open("rb") as file:
        return file.read(len(hdf5.MAGIC)) == hdf5.MAGIC


def _read_archive(artefact: Path, *, trusted: bool) -> Any:
    check_weights(artefact)
    saved_with = _saved_with(artefact)
    try:
        return _read(artefact, ARCHIVE, trusted=trusted)
    except Exception as error:
        if isinstance(error, Error) or saved_with in {"", keras.__version__}:
            raise
        # Keras' own words seldom say that another Keras is why.
        raise JobError(
            f"{first_line(error)} (saved with Keras {saved_with}, installed is {keras.__version__}).",
            f"Load it with Keras {saved_with} and save it again, or export it as a SavedModel there.",
        ) from error


def _saved_with(artefact: Path) -> str:
    """Return the version of the Keras that made an archive, or nothing where it does not tell."""
    with Content(artefact) as content:
        try:
            told = msgspec.json.decode(open_archive(content).read(METADATA, METADATA_BYTES), type=_Metadata)
        except (ContentError, KeyError, msgspec.MsgspecError):
            # Keras will say what is wrong with the file; nothing is known of who made it.
            return ""
    return clean(told.keras_version, VERSION)


class _Metadata(msgspec.Struct):
    """What ``metadata.json`` tells of who made an archive."""

    keras_version: str = ""


def _read_legacy(artefact: Path, *, trusted: bool) -> Any:
    check_file(artefact, trusted=trusted)
    try:
        return _read(artefact, LEGACY, trusted=trusted)
    except ValueError as error:
        unknown = UNKNOWN_LAYER.search(str(error))
        if unknown is None:
            raise
        raise JobError(
            f"The model needs the layer {clean(unknown[1])}, which Keras {keras.__version__} does not find in a "
            "legacy .h5 file.",
            "Save it as .keras with the Keras that made it, or export it as a SavedModel.",
        ) from None


def _read(artefact: Path, suffix: str = ARCHIVE, *, trusted: bool) -> Any:
    if artefact.name.endswith(READ[suffix]):
        return keras.models.load_model(artefact, compile=False, safe_mode=not trusted)
    # A copy, because the walls of a model process let nobody make links.
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder, f"model{suffix}")
        try:
            shutil.copyfile(artefact, named)
        except OSError as error:
            raise JobError(
                f"{clean(artefact.name, 60)} cannot be copied to a name that Keras reads: {error.strerror}.",
                f"Hand it in as a file whose name ends in {suffix}.",
            ) from None
        return keras.models.load_model(named, compile=False, safe_mode=not trusted)
