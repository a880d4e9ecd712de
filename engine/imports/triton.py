"""Triton Inference Server: a repository of model folders, each with versions and mostly with a ``config.pbtxt``."""

from pathlib import Path
from typing import Final

from engine.imports.found import (
    FoundModel,
    FoundVersion,
    configuration,
    served,
    version_folders,
    whole,
    word,
)
from engine.repository.targets.prototext import Message
from storage.errors import JobError
from storage.imported import Declared, DeclaredTensor
from storage.text import clean
from storage.vocabulary import ImportKind

CONFIG: Final = "config.pbtxt"

MODEL: Final = "model"
"""What the server calls the model in a version's folder, before the ending."""

KIND: Final = ImportKind.TRITON

PLAN = (
    "it is a TensorRT plan, which runs only with the TensorRT and on the kind of GPU that built it; import the ONNX "
    "model that it was built from"
)
CODE = "it is Python code and not a model; import the models that it calls"
GRAPH = "it is a frozen TensorFlow graph, which nothing here loads; save it as a SavedModel"
ENSEMBLE = "it is an ensemble, which only joins other models; import those"
PIPELINE = "it is a DALI pipeline, which prepares data and is no model"

UNSUPPORTED: Final = {
    "tensorrt_plan": PLAN,
    "tensorrt": PLAN,
    "python": CODE,
    "tensorflow_graphdef": GRAPH,
    "ensemble": ENSEMBLE,
    "dali": PIPELINE,
}
"""Platforms and backends whose versions cannot come in, each with its reason."""

UNSUPPORTED_FILES: Final = {
    "model.plan": PLAN,
    "model.py": CODE,
    "model.graphdef": GRAPH,
    "model.dali": PIPELINE,
}
"""The same, told by what lies there: a configuration may say nothing of it, or be missing."""


def is_one(folder: Path) -> bool:
    """Whether a folder is a model of a Triton repository: it is configured so, or its versions hold a ``model.*``."""
    if (folder / CONFIG).is_file():
        return True
    return any(
        entry.stem == MODEL for version in version_folders(folder).values() for entry in version.iterdir()
    )


def model(folder: Path) -> FoundModel:
    """Return what a model's folder holds."""
    file = folder / CONFIG
    if not file.is_file():
        # The server completes what the configuration leaves out, also all of it.
        return FoundModel(folder.name, KIND, folder, _versions(folder, None))
    try:
        config = configuration(file)
    except JobError as error:
        return FoundModel(folder.name, KIND, folder, problem=error.message.rstrip("."))
    return FoundModel(folder.name, KIND, folder, _versions(folder, config), _declared(config))


def _versions(folder: Path, config: Message | None) -> tuple[FoundVersion, ...]:
    folders = version_folders(folder)
    now = served(config.messages("version_policy") if config else [], folders)
    platform = (word(config, "platform") or word(config, "backend")) if config else ""
    artefact = word(config, "default_model_filename") if config else ""
    return tuple(
        FoundVersion(
            number,
            path,
            number in now,
            artefact=artefact if _names_entry(path, artefact) else "",
            problem=UNSUPPORTED.get(platform) or _told_by_file(path),
        )
        for number, path in folders.items()
    )


def _names_entry(version: Path, artefact: str) -> bool:
    """Whether a configured file name is that of an entry of the version's folder, and leads nowhere else."""
    return (
        bool(artefact)
        and "/" not in artefact
        and artefact not in {".", ".."}
        and (version / artefact).exists()
    )


def _told_by_file(version: Path) -> str:
    return next((words for name, words in UNSUPPORTED_FILES.items() if (version / name).is_file()), "")


def _declared(config: Message) -> Declared:
    return Declared(
        max_batch_size=whole(config, "max_batch_size"),
        inputs=tuple(map(_tensor, config.messages("input"))),
        outputs=tuple(map(_tensor, config.messages("output"))),
    )


def _tensor(message: Message) -> DeclaredTensor:
    dims = [clean(number.meant).lstrip("+") for number in message.scalars("dims")]
    return DeclaredTensor(
        word(message, "name"),
        word(message, "data_type").removeprefix("TYPE_"),
        tuple(int(number) for number in dims if number.removeprefix("-").isdigit()),
        word(message, "label_filename"),
    )
