"""What a training is to be: from what, on which data, how; and the key under which one that was cut off is found again.

Owns reading the settings and finding the data. It must not start anything.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.data import identity
from engine.data.location import locate, locate_training
from engine.jobs.companions import class_names
from engine.jobs.context import Context
from engine.jobs.loading import wanted_version
from engine.protocols import RuntimeSpec
from engine.runtimes import runtime_for
from storage.errors import OWN_SETTINGS, JobError, UnknownError
from storage.records import Job, Version
from storage.settings import ModelSettings, read_model_settings
from storage.text import word
from storage.vocabulary import Format

NO_DATA = "no-data"


class Plan(NamedTuple):
    """One training, before it begins."""

    how: str
    settings: ModelSettings
    labels: tuple[str, ...]
    base: Version | None
    runtime: RuntimeSpec
    train: Path
    validation: Path | None
    epochs: int
    key: str


def plan(context: Context, job: Job) -> Plan:
    """Return what a job asks for.

    Raises:
        Error: there is nothing to begin from, no data, or nothing that may train such a model here.
    """
    settings = read_model_settings(context.workspace.model_settings(job.model))
    asked = job.parameters
    by_command = bool(settings.train.command) and not asked.build
    if by_command and not context.settings.trust.commands:
        raise JobError(
            f"model.toml names a program that trains {job.model}, and this workspace runs no programs.",
            "If you trust it, say so in modeltender.toml: [trust] commands = true; then: modeltender engine stop.",
            code="untrusted",
        )
    base = None if asked.build else _base(context, job, by_command=by_command)
    runtime = runtime_for(base.format if base and base.format and not by_command else Format.KERAS)
    if not runtime.trainer and not by_command:
        raise _cannot(job.model, base, runtime)
    train = locate_training(context.workspace, job.model, settings)
    validation = _validation(context, job.model, settings)
    how = "command" if by_command else _how(job)
    epochs = asked.epochs or settings.train.epochs
    known = msgspec.json.encode(
        (
            how,
            "" if base is None else base.sha256,
            epochs,
            (asked.from_scratch, asked.untrained),
            (settings.train.decisive, settings.build, settings.preprocess, settings.data, settings.output),
            (settings.task, settings.labels, runtime.name),
            identity.identity(train),
            "" if validation is None else identity.identity(validation),
        )
    )
    key = hashlib.blake2b(known, digest_size=16).hexdigest()
    labels = class_names(context.workspace, job.model, settings)
    return Plan(how, settings, labels, base, runtime, train, validation, epochs, key)


def _how(job: Job) -> str:
    if job.parameters.build:
        return "built, not trained" if job.parameters.untrained else "built"
    return "from scratch" if job.parameters.from_scratch else "warm start"


def _base(context: Context, job: Job, *, by_command: bool) -> Version | None:
    try:
        return wanted_version(context, job)
    except UnknownError:
        if by_command:
            return None
        raise UnknownError(
            f"{job.model} has no version that a training could begin from.",
            f"Make a first one: modeltender build {word(job.model)}",
        ) from None


def _cannot(model: str, base: Version | None, runtime: RuntimeSpec) -> JobError:
    if base is None or base.format in {Format.KERAS, Format.KERAS_H5}:
        return JobError(
            f"Models of Keras are trained with TensorFlow, which is not installed here ({runtime.name} only runs them).",
            "Install it with: pip install 'modeltender[tensorflow]'",
        )
    return JobError(
        f"{model}@{base.number} is {base.format}, which is made for answering alone: models of Keras and TorchScript are trained here.",
        f'Name your own program in {OWN_SETTINGS}: [train] command = ["python", "train.py"]',
    )


def _validation(context: Context, model: str, settings: ModelSettings) -> Path | None:
    """Return the validation data, or ``None`` where there are none and a share of the training data is held out."""
    try:
        return locate(context.workspace, model, settings, "validation")
    except JobError as error:
        if error.code != NO_DATA or settings.data.validation or "There are no" not in error.message:
            raise
        return None
