"""Whether a model is trained without anybody asking, and asking for it.

Owns what counts as a reason, and what keeps a training from following another for nothing: the least time between two, data
and version that have not changed since the last one, and trainings that fail. What comes of one is a candidate like any
other; the gate's own settings say whether that is promoted. It opens no data file, and must not train.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.data import identity
from engine.data.location import locate_training
from engine.faults import failing_jobs
from storage import jobs
from storage.database import Writer
from storage.durations import rough
from storage.errors import JobError
from storage.records import Job, JobParameters, Version
from storage.settings import ModelSettings
from storage.tables import events, models, training
from storage.tables import faults as fault_table
from storage.train_settings import Train
from storage.training_records import TrainingRun
from storage.vocabulary import JobKind, TrainTrigger
from storage.workspace import Workspace

FAULTS = (TrainTrigger.OBJECTIVE_MISSED, TrainTrigger.QUALITY_TREND)
"""Reasons that are faults, the worse first."""


class Known(NamedTuple):
    """What is known about a model when it is asked whether to train it."""

    train: Train
    current: Version
    faults: dict[str, str]
    """The sentences of what is open about the deployed version or the model, by code."""
    last: TrainingRun | None
    """The latest training, whoever asked for it."""
    asked_at: float | None
    """When one was last asked for by itself."""
    stamp: str
    """Of the training data as they lie there; empty where there are none, or where they are still written."""
    volume: Callable[[], int]
    """Counts their bytes: dear for a folder of images, and seldom needed."""


class Reason(NamedTuple):
    """Why a model is to be trained."""

    trigger: TrainTrigger
    words: str


def reason(known: Known, *, now: float) -> Reason | None:
    """Return why a training should begin now, or ``None``: pure, but for the bytes that it may have counted."""
    if not known.train.automatic or _held_back(known, now=now):
        return None
    return _of_faults(known) or _of_data(known) or _of_time(known, now=now)


def _held_back(known: Known, *, now: float) -> bool:
    """Whether no reason counts: the last training by itself is too fresh, or another one would come to nothing."""
    train = known.train
    if known.asked_at is not None and known.asked_at <= now < known.asked_at + train.interval_s:
        return True
    if failing_jobs.SPEC.code in known.faults:
        return True
    # What trains here gives the same weights for the same version, data and seed; a program may have data of its own.
    return not train.command and (not known.stamp or _same_again(known))


def _of_faults(known: Known) -> Reason | None:
    for trigger in FAULTS:
        if trigger in known.train.automatic and trigger in known.faults:
            return Reason(trigger, f"{trigger}: {known.faults[trigger].rstrip('.')}")
    return None


def _of_data(known: Known) -> Reason | None:
    """Return what is new about the training data since the last training; without one there is no telling."""
    last, trigger = known.last, TrainTrigger.NEW_DATA
    if trigger not in known.train.automatic:
        return None
    if last is None or not last.data_bytes or last.data_stamp == known.stamp:
        return None
    grown = known.volume() / last.data_bytes - 1
    if grown >= known.train.new_data:
        return Reason(
            trigger, f"{trigger}: the training data have grown by {grown:.0%} since training {last.id}"
        )
    if grown > 0:
        return None
    # Those that are no more are others: of a file with as many examples as before, only the content is new.
    return Reason(trigger, f"{trigger}: the training data are others than those of training {last.id}")


def _of_time(known: Known, *, now: float) -> Reason | None:
    trigger, last, current = TrainTrigger.SCHEDULE, known.last, known.current
    if last is not None and last.started_at > current.found_at:
        since, told = last.started_at, f"training {last.id} was"
    else:
        since, told = current.found_at, f"version {current.number} came"
    if trigger not in known.train.automatic or now - since < known.train.every_s:
        return None
    return Reason(trigger, f"{trigger}: {told} {rough(now - since)} ago")


def _same_again(known: Known) -> bool:
    """Whether the last training began from the same version with the same data."""
    last = known.last
    return last is not None and last.base_sha256 == known.current.sha256 and last.data_stamp == known.stamp


def _last_asked(job: Job | None, runs: Sequence[TrainingRun]) -> float | None:
    """Return when a training was last asked for by itself: jobs are forgotten in time, trainings are not."""
    times = [run.started_at for run in runs if run.trigger]
    return max([*times, *([] if job is None else [job.requested_at])], default=None)


class Retraining:
    """Looks at one model after the other, and asks for trainings."""

    def __init__(self, workspace: Workspace, writer: Writer, *, now: Callable[[], float]) -> None:
        self._workspace = workspace
        self._writer = writer
        self._now = now
        self._stamps: dict[str, str] = {}
        """What the training data looked like a look ago: what changes in between is still being written."""

    def look(self, model: str, settings: ModelSettings) -> None:
        """Ask for a training of a model that has something deployed, where there is a reason for one."""
        if not settings.train.automatic:
            return
        source = self._source(model, settings)
        stamp = "" if source is None else identity.stamp(source)
        before, self._stamps[model] = self._stamps.get(model), stamp
        if stamp != before:
            return
        with self._writer.passing() as connection:
            found = models.read_one(connection, model)
            busy = any(name == model for name, _ in jobs.pending_versions(connection, JobKind.TRAIN))
            asked = jobs.latest(connection, JobKind.TRAIN, model, requested_by=jobs.RETRAINING)
            runs = training.read(connection, model, limit=1)
            faults = fault_table.all_open(connection, model)
        if found is None or found.current is None or busy:
            return
        current = found.current
        about = {None, current.number}
        wanted = reason(
            Known(
                train=settings.train,
                current=current,
                faults={fault.code: fault.message for fault in faults if fault.version in about},
                last=runs[0] if runs else None,
                asked_at=_last_asked(asked, runs),
                stamp=stamp,
                volume=lambda: 0 if source is None else identity.volume(source),
            ),
            now=self._now(),
        )
        if wanted is not None:
            self._ask(model, current, wanted)

    def _source(self, model: str, settings: ModelSettings) -> Path | None:
        try:
            return locate_training(self._workspace, model, settings)
        except JobError:
            # None, or several: a training that somebody asks for says so.
            return None

    def _ask(self, model: str, current: Version, wanted: Reason) -> None:
        with self._writer.transaction() as connection:
            job = jobs.add(
                connection,
                JobKind.TRAIN,
                model,
                None,
                requested_by=jobs.RETRAINING,
                now=self._now(),
                parameters=JobParameters(trigger=wanted.trigger, reason=wanted.words),
            )
            events.add(
                connection,
                "retraining",
                f"version {current.number} is trained further automatically (job {job.id}): {wanted.words}",
                at=self._now(),
                model=model,
                version=current.number,
            )
