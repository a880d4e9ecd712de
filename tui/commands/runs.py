"""``modeltender runs``: how a model was trained, each time: from what, on which data, how it went, what it became."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from storage import jobs
from storage.tables import training as training_table
from storage.text import word
from storage.training_records import TrainingRun
from storage.vocabulary import ExitCode, JobKind, TrainingState
from storage.workspace import Workspace
from tui.commands import figures, tensorboard
from tui.commands.completing import complete_model
from tui.commands.documents import Document, in_utc
from tui.commands.options import standard_options
from tui.commands.output import show_document, show_text
from tui.commands.reading import to_look
from tui.commands.tables import table
from tui.commands.targets import find_model
from tui.commands.tensorboard import Scalar

LISTED = 50
"""Trainings that are listed: the latest."""

LISTED_JOBS = 200

HELD_OUT = "val_"
"""What the names of figures on validation data begin with."""


class EpochDocument(Document, frozen=True, kw_only=True):
    """One pass over the training data."""

    number: int
    duration_s: float
    figures: dict[str, float]


class TrainedOnDocument(Document, frozen=True, kw_only=True):
    """The data of a training; without a hash, the validation data were held out of the training data."""

    train_rows: int
    train_sha256: str
    validation_rows: int
    validation_sha256: str | None


class RunDocument(Document, frozen=True, kw_only=True):
    """One training."""

    run: int
    model: str
    state: str
    how: str
    base: int | None
    base_sha256: str | None
    version: int | None
    artefact: str | None
    sha256: str | None
    seed: int
    settings: dict[str, Any]
    data: TrainedOnDocument | None
    versions: dict[str, str]
    best_epoch: int | None
    epochs: tuple[EpochDocument, ...]
    started_at: datetime
    finished_at: datetime | None
    message: str
    trigger: str | None
    """Why it began, where nobody asked for it."""


@click.command(epilog="Example: modeltender runs mnist")
@click.argument("model", metavar="MODEL", shell_complete=complete_model)
@click.option(
    "--tensorboard",
    "event_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write their curves for TensorBoard; with --json, list the files.",
)
@standard_options
def runs(*, workspace: Workspace, as_json: bool, model: str, event_folder: Path | None) -> int:
    """List a model's trainings, the latest first: what each started from, how it went, and which version it became.

    Everything a training printed is in .modeltender/training/RUN/log.txt.
    """
    with to_look(workspace) as reader, reader.transaction() as connection:
        found = training_table.read(connection, model, limit=LISTED)
        name = found[0].model if found else find_model(connection, model).name
        active = any(
            job.kind is JobKind.TRAIN and job.model == name and job.finished_at is None
            for job in jobs.read(connection, limit=LISTED_JOBS)
        )
    if event_folder is not None:
        tensorboard.show(tensorboard.write(event_folder, curves(name, found)), as_json=as_json)
    elif as_json:
        show_document([run_document(run, active=active) for run in found])
    elif found:
        show_text(runs_table(found, active=active))
    else:
        show_text(f"{name} was not trained here. Train it with: modeltender train {word(name)}")
    return ExitCode.DONE


def curves(model: str, found: list[TrainingRun]) -> dict[str, list[Scalar]]:
    """Return the curves of trainings as Keras names them: ``epoch_loss`` on the training data, and beside it on validation data."""
    written: dict[str, list[Scalar]] = {}
    for run in found:
        at = run.started_at
        for epoch in run.curve:
            at += epoch.duration_s
            for name, value in epoch.figures.items():
                side = "validation" if name.startswith(HELD_OUT) else "train"
                tag = f"epoch_{name.removeprefix(HELD_OUT)}"
                # Keras counts epochs from 0 there.
                scalar = Scalar(tag, epoch.number - 1, at, value)
                written.setdefault(f"{model}/training-{run.id}/{side}", []).append(scalar)
    return written


def runs_table(found: list[TrainingRun], *, active: bool) -> str:
    """Return trainings, a line each, with the reason under one that came to nothing."""
    now = time.time()
    headings = ["RUN", "STATE", "HOW", "BASE", "VERSION", "EPOCHS", "RESULT", "STARTED"]
    rows = [
        [
            str(run.id),
            state(run, active=active),
            run.how,
            "-" if run.base_version is None else str(run.base_version),
            "-" if run.version is None else str(run.version),
            str(len(run.curve)),
            headline(run),
            figures.age(run.started_at, now),
        ]
        for run in found
    ]
    reasons = [
        f"run {run.id}: {run.message}"
        for run in found
        if run.message and run.state in {TrainingState.FAILED, TrainingState.CANCELLED}
    ]
    began = [f"run {run.id} started automatically: {run.trigger}" for run in found if run.trigger]
    return "\n".join([table(headings, rows, right=("RUN", "BASE", "VERSION", "EPOCHS")), *began, *reasons])


def run_text(run: TrainingRun) -> str:
    """Return what came of a training, for a person."""
    passed = "1 epoch" if len(run.curve) == 1 else f"{len(run.curve)} epochs"
    base = "" if run.base_version is None else f" from version {run.base_version}"
    became = f"version {run.version}" if run.version else f"train/{run.model}/{run.artefact}"
    result = summary(run)
    lines = [
        f"{run.model}: {run.how}{base}, {passed}" + (f": {result}" if run.curve else ""),
        f"It is {became}.",
    ]
    if run.version:
        lines.append(
            f"It will be evaluated automatically; see: modeltender show {word(run.model)}@{run.version}"
        )
    return "\n".join(lines)


def origin_text(run: TrainingRun) -> str:
    """Return where a version came from."""
    base = "" if run.base_version is None else f" of version {run.base_version}"
    return f"version {run.version} came from training {run.id}: {run.how}{base}, {summary(run)}"


def state(run: TrainingRun, *, active: bool) -> str:
    """Return how far a training is: one that nobody works at was cut off, and the next one goes on with it."""
    return "cut off" if run.state is TrainingState.RUNNING and not active else run.state.value


def summary(run: TrainingRun) -> str:
    """Return the figures of the best epoch, else of the last: those on the validation data where there are any."""
    return ", ".join(f"{name} {value:.4g}" for name, value in _shown(run).items()) or figures.NOT_KNOWN


def headline(run: TrainingRun) -> str:
    """Return the one of these figures that people look at first: a table has no room for more."""
    return summary(run).split(", ", maxsplit=1)[0].removeprefix("val_")


def _shown(run: TrainingRun) -> dict[str, float]:
    last = run.curve[-1] if run.curve else None
    best = next((epoch for epoch in run.curve if epoch.number == run.best_epoch), last)
    found = dict(sorted(best.figures.items())) if best else {}
    return {name: value for name, value in found.items() if name.startswith(HELD_OUT)} or found


def run_document(run: TrainingRun, *, active: bool = True) -> RunDocument:
    """Return a training as JSON has it."""
    data = run.data
    return RunDocument(
        run=run.id,
        model=run.model,
        state=state(run, active=active),
        how=run.how,
        base=run.base_version,
        base_sha256=run.base_sha256 or None,
        version=run.version,
        artefact=run.artefact or None,
        sha256=run.sha256 or None,
        seed=run.seed,
        settings=run.settings,
        data=None
        if data is None
        else TrainedOnDocument(
            train_rows=data.train_rows,
            train_sha256=data.train_sha256,
            validation_rows=data.validation_rows,
            validation_sha256=data.validation_sha256 or None,
        ),
        versions=run.versions,
        best_epoch=run.best_epoch,
        epochs=tuple(
            EpochDocument(number=epoch.number, duration_s=epoch.duration_s, figures=epoch.figures)
            for epoch in run.curve
        ),
        started_at=datetime.fromtimestamp(run.started_at, UTC),
        finished_at=in_utc(run.finished_at),
        message=run.message,
        trigger=run.trigger or None,
    )
