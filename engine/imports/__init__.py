"""Bringing in what other servers have: which models a folder of theirs holds.

Owns the choice of the kind of a folder. Reading never changes the source and opens no model: what the files hold is for
the examiner to say.
"""

from pathlib import Path

from engine.imports import mlflow, tensorflow_serving, triton
from engine.imports.found import FoundModel, shown, version_folders
from storage.errors import JobError

LAYOUT = (
    "Name a TensorFlow Serving base folder (NAME/1/saved_model.pb) or a folder of them, a models.config, a Triton model "
    "repository (NAME/1/model.onnx), or an MLflow registry (mlflow.db, mlruns/)."
)


def read(source: Path) -> tuple[FoundModel, ...]:
    """Return the models that a file or folder holds, in the order of their names.

    Raises:
        JobError: there are none, or it cannot be read.
    """
    try:
        found = _read(source)
    except OSError as error:
        raise JobError(
            f"{shown(source)} cannot be read by the engine ({error.strerror or error}).",
            "Name a file or folder of this machine that the engine's user may read.",
            code="no-source",
        ) from None
    if not found:
        raise JobError(f"{shown(source)} holds no models with numbered versions.", LAYOUT, code="no-source")
    return tuple(sorted(found, key=lambda model: model.name))


def _read(source: Path) -> tuple[FoundModel, ...]:
    registered = mlflow.read(source)
    if registered:
        return registered
    config = source / tensorflow_serving.CONFIG
    if not source.is_dir() or config.is_file():
        return tensorflow_serving.configured(config if source.is_dir() else source)
    return tuple(_model(folder) for folder in _folders(source))


def _folders(source: Path) -> list[Path]:
    """Return the folders of models: the source itself, or those in it."""
    if _is_model(source):
        return [source]
    return [folder for folder in sorted(source.iterdir()) if folder.is_dir() and _is_model(folder)]


def _is_model(folder: Path) -> bool:
    return (folder / triton.CONFIG).is_file() or bool(version_folders(folder))


def _model(folder: Path) -> FoundModel:
    return triton.model(folder) if triton.is_one(folder) else tensorflow_serving.model(folder)
