"""TensorFlow Serving: base folders with numbered versions, by themselves or as a ``models.config`` names them."""

from pathlib import Path
from typing import Final

from engine.imports.found import (
    FoundModel,
    FoundVersion,
    configuration,
    located,
    served,
    shown,
    version_folders,
    whole,
    word,
)
from engine.repository.targets.prototext import Message
from storage.errors import JobError
from storage.vocabulary import ImportKind

CONFIG: Final = "models.config"
"""What the server's documentation calls the file that names several models."""

TENSORFLOW: Final = "tensorflow"

NOWHERE: Final = "nowhere"
"""Where a model lies whose entry does not say it."""

KIND: Final = ImportKind.TENSORFLOW_SERVING


def model(folder: Path) -> FoundModel:
    """Return what a base folder holds; without a configuration the server serves the highest number."""
    return FoundModel(folder.name, KIND, folder, _versions(folder, None))


def configured(file: Path) -> tuple[FoundModel, ...]:
    """Return the models that a configuration file names.

    Raises:
        JobError: it cannot be read, or names none.
    """
    entries = [
        entry
        for listed in configuration(file).messages("model_config_list")
        for entry in listed.messages("config")
    ]
    if not entries:
        raise JobError(
            f"{shown(file)} has no model in a model_config_list.",
            "Name the configuration of a TensorFlow Serving, or a folder with models.",
            code="no-source",
        )
    return tuple(_entry(entry, file.parent) for entry in entries)


def _entry(entry: Message, beside: Path) -> FoundModel:
    name, written, platform = word(entry, "name"), word(entry, "base_path"), word(entry, "model_platform")
    if platform not in {"", TENSORFLOW}:
        problem = f"{platform} is a platform of somebody's own, whose files are no model that is known"
        return FoundModel(name, KIND, Path(written), problem=problem, written=written or NOWHERE)
    if "://" in written:
        problem = f"{written} does not lie on this machine: copy it here, and import the copy"
        return FoundModel(name, KIND, Path(written), problem=problem, written=written or NOWHERE)
    base = located(written, beside)
    if base is None:
        problem = f"there is no folder {written or '(base_path is missing)'}, nor one of its name beside the configuration"
        return FoundModel(name, KIND, Path(written), problem=problem, written=written or NOWHERE)
    return FoundModel(name or base.name, KIND, base, _versions(base, entry))


def _versions(base: Path, entry: Message | None) -> tuple[FoundVersion, ...]:
    folders = version_folders(base)
    policies = entry.messages("model_version_policy") if entry else []
    now = served(policies, folders)
    labels = _labels(entry) if entry else {}
    return tuple(
        FoundVersion(number, folder, number in now, tuple(labels.get(number, ())))
        for number, folder in folders.items()
    )


def _labels(entry: Message) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for label in entry.messages("version_labels"):
        found.setdefault(whole(label, "value"), []).append(word(label, "key"))
    return found
