"""The names of things that are no model that we can run, so that a person learns what they have.

Owns one sentence for each known mark. It must not decide that anything may be loaded: every way through
this module ends in a reason against it.
"""

import codecs
from pathlib import Path

from engine.artefacts import pickles, tars
from engine.artefacts.archive import Archive
from engine.artefacts.content import HEAD, Content, HarmfulError
from storage.text import clean

PICKLE = b"\x80"
LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How `torch.save` began its files before it wrote zip archives: a pickled magic number."""

MARKS = (
    (0, b"\x7fELF", "is a program or native library, not a model"),
    (0, b"GGUF", "is a GGUF model, which is not supported"),
    (0, b"#!", "is a script, not a model"),
    (0, b"\x1f\x8b", "is a gzip archive; unpack it first"),
    (0, b"BZh", "is a bzip2 archive; unpack it first"),
    (0, b"\xfd7zXZ\x00", "is an xz archive; unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "is a zstd archive; unpack it first"),
    (0, b"\x93NUMPY", "holds an array, not a model"),
    (0, b"SQLite format 3\x00", "is a database, not a model"),
    (4, b"ORTM", "is an ONNX Runtime .ort model, which is not supported; keep the .onnx file"),
    (0, LEGACY_TORCH, "is an old torch.save file; save the model with torch.jit.script(model).save(...)"),
)
"""Where a mark stands, the mark, and what it means."""


TAR_AT, TAR = 257, b"ustar"


def describe_file(content: Content) -> str:
    """Return what is known about a file that no runtime claims, as the end of the sentence "FILE …".

    Raises:
        HarmfulError: it would harm whoever opened it.
    """
    head = content.head
    if head[TAR_AT:].startswith(TAR):
        return tars.describe(content)
    for offset, mark, words in MARKS:
        if head[offset:].startswith(mark):
            return words
    if head.startswith(PICKLE):
        names = pickles.named(content.piece(0, min(content.size, pickles.MAXIMUM_PICKLE)))
        return describe_pickle(names)
    if _is_text(head):
        return "is a text file, not a model"
    return "is not a model of a format that is known"


def describe_archive(archive: Archive) -> str:
    """Return what is known about a zip archive that no runtime claims."""
    names = list(archive.members)
    if names and all(name.endswith(".npy") for name in names):
        return "holds arrays (.npz), not a model"
    pickled = next((name for name in names if name.endswith("/data.pkl")), None)
    if pickled is not None:
        return describe_pickle(pickles.named(archive.read(pickled, pickles.MAXIMUM_PICKLE)))
    return "is a zip archive without a model that is known"


def describe_pickle(names: tuple[str, ...]) -> str:
    """Return why a pickle is not opened.

    Raises:
        HarmfulError: it names something that no honest model needs.
    """
    danger = pickles.dangerous(names)
    if danger is not None:
        raise HarmfulError(f"is a pickle that would run code ({clean(danger)}); it is not opened")
    if pickles.is_weights(names):
        return "holds weights only, not a model (a state_dict); save the model with torch.jit.script(model).save(...)"
    if any(name.startswith("torch.") for name in names):
        return "is a pickled torch module; save it with torch.jit.script(model).save(...) instead"
    return "is a pickle, which runs code when it is opened; save the model in a format of its framework"


def describe_folder(folder: Path) -> str:
    """Return what is known about a folder."""
    if (folder / "saved_model.pbtxt").is_file():
        return "is a SavedModel written as text, which is not supported; save it with tf.saved_model.save"
    if (folder / "config.json").is_file() and (folder / "metadata.json").is_file():
        return "is an unpacked Keras model; save it as one .keras file"
    if (folder / "MLmodel").is_file():
        return (
            "holds a model of MLflow in a flavour that nothing here runs; log it with mlflow.onnx, mlflow.tensorflow, "
            "mlflow.keras, or mlflow.pytorch as TorchScript"
        )
    return "is a folder, not a model file"


def _is_text(head: bytes) -> bool:
    try:
        # The head may end inside a character, which only matters where the file ends there too.
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\r\n\t\f" for character in text)
