"""What ``show`` says of trainings that begin by themselves: on what, how often at most, and what came of the last one."""

from collections.abc import Sequence
from datetime import UTC, datetime

from storage.errors import SettingsError
from storage.settings import read_model_settings
from storage.train_settings import Train
from storage.training_records import TrainingRun
from storage.vocabulary import TrainTrigger
from storage.workspace import Workspace
from tui.commands.figures import age
from tui.commands.model_documents import RetrainingDocument, UnaskedDocument


def train_settings(workspace: Workspace, model: str) -> Train | None:
    """Return how a model is trained, or ``None`` where its settings cannot be read: that is a problem of its own."""
    try:
        return read_model_settings(workspace.model_settings(model)).train
    except SettingsError:
        return None


def retraining_text(train: Train | None, runs: Sequence[TrainingRun], now: float) -> list[str]:
    """Return what is trained by itself, as lines; none where nothing is."""
    if train is None or not train.automatic:
        return []
    reasons = [
        f"schedule (every {train.every})" if one is TrainTrigger.SCHEDULE else str(one)
        for one in train.automatic
    ]
    lines = [f"trained automatically on {', '.join(reasons)}; at least {train.interval} apart"]
    last = _last(runs)
    if last is not None:
        became = f", version {last.version}" if last.version else ""
        told = f"the last time {age(last.started_at, now)} (training {last.id}, {last.state}{became})"
        lines.append(f"{told}: {last.trigger}")
    return lines


def retraining_document(train: Train | None, runs: Sequence[TrainingRun]) -> RetrainingDocument | None:
    """Return the same as JSON has it."""
    if train is None or not train.automatic:
        return None
    last = _last(runs)
    return RetrainingDocument(
        on=train.automatic,
        every_s=train.every_s,
        interval_s=train.interval_s,
        last=None
        if last is None
        else UnaskedDocument(
            run=last.id,
            at=datetime.fromtimestamp(last.started_at, UTC),
            trigger=last.trigger,
            state=last.state,
            version=last.version,
        ),
    )


def _last(runs: Sequence[TrainingRun]) -> TrainingRun | None:
    return next((run for run in runs if run.trigger), None)
