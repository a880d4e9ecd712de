"""One read transaction, one frozen picture of everything that the console shows."""

import sqlite3
from collections.abc import Sequence

from storage import jobs
from storage.database import Reader
from storage.records import (
    Arrival,
    Device,
    EngineState,
    Evaluation,
    Event,
    Fault,
    HistoryPoint,
    Job,
    Model,
    Promotion,
    PromotionTarget,
    Quarantined,
    Record,
    Version,
)
from storage.tables import (
    devices,
    engine,
    evaluations,
    events,
    models,
    promotion_targets,
    promotions,
    quarantine,
    training,
)
from storage.training_records import TrainingRun
from storage.vocabulary import JobKind, JobState

SHOWN_JOBS = 20
SHOWN_EVENTS = 50
DEEP_JOBS, DEEP_EVENTS = 500, 2000
"""How far back the screens of jobs and events reach, while they are open."""
SHOWN_EVALUATIONS = 20
SHOWN_HISTORY = 20_000
"""Points of one chart: far more than a terminal has dots, few enough to draw within milliseconds."""


class Snapshot(Record, frozen=True, kw_only=True):
    """Everything that the main screen shows, as it was at one moment."""

    engine: EngineState | None
    models: tuple[Model, ...]
    arrivals: tuple[Arrival, ...]
    devices: tuple[Device, ...]
    jobs: tuple[Job, ...]
    queued: int
    running: int
    events: tuple[Event, ...]
    faults: tuple[Fault, ...]
    quarantined: tuple[Quarantined, ...] = ()
    """What was taken out of the inbox and is kept."""
    trainings: tuple[TrainingRun, ...] = ()
    """Those of the jobs, where a look was deep."""


class Detail(Record, frozen=True, kw_only=True):
    """Everything that the screen of one model shows, as it was at one moment."""

    model: Model
    versions: tuple[Version, ...]
    arrivals: tuple[Arrival, ...]
    evaluations: tuple[Evaluation, ...]
    history: tuple[HistoryPoint, ...]
    """The headline metric over all versions, oldest first."""
    latency: tuple[HistoryPoint, ...]
    """The median latency over all versions, oldest first."""
    promotions: tuple[Promotion, ...]
    faults: tuple[Fault, ...]
    quarantined: tuple[Quarantined, ...] = ()
    """What was taken out of the model's inbox and is kept."""
    targets: tuple[PromotionTarget, ...] = ()
    """What else learns of a promotion, in the order in which it is told."""


def read(reader: Reader, *, deep: bool = False) -> Snapshot:
    """Return the state of the whole workspace; a ``deep`` look reaches further back among jobs and events."""
    most_jobs, most_events = (DEEP_JOBS, DEEP_EVENTS) if deep else (SHOWN_JOBS, SHOWN_EVENTS)
    with reader.transaction() as connection:
        waiting = jobs.counts(connection)
        found = jobs.read(connection, limit=most_jobs)
        return Snapshot(
            engine=engine.read(connection),
            models=tuple(models.read(connection)),
            arrivals=tuple(models.arrivals(connection)),
            devices=tuple(devices.read(connection)),
            jobs=tuple(found),
            queued=waiting[JobState.QUEUED],
            running=waiting[JobState.RUNNING],
            events=tuple(events.read(connection, limit=most_events)),
            faults=tuple(events.faults(connection)),
            quarantined=tuple(quarantine.kept(connection)),
            trainings=trainings_of(connection, found) if deep else (),
        )


def trainings_of(connection: sqlite3.Connection, found: Sequence[Job]) -> tuple[TrainingRun, ...]:
    """Return the trainings of jobs, each epoch by epoch."""
    return tuple(training.of_jobs(connection, [job.id for job in found if job.kind is JobKind.TRAIN]))


def read_detail(reader: Reader, name: str, *, metric: str | None = None, since: float = 0.0) -> Detail | None:
    """Return the state of one model, or ``None`` where there is no such model; ``metric`` defaults to its headline metric."""
    with reader.transaction() as connection:
        model = models.read_one(connection, name)
        if model is None:
            return None
        headline = metric or headline_of(connection, name)
        return Detail(
            model=model,
            versions=tuple(models.versions(connection, name)),
            arrivals=tuple(models.arrivals(connection, name)),
            evaluations=tuple(evaluations.read(connection, name, limit=SHOWN_EVALUATIONS)),
            history=tuple(evaluations.history(connection, name, headline, since=since, limit=SHOWN_HISTORY)),
            latency=tuple(evaluations.history(connection, name, "p50_ms", since=since, limit=SHOWN_HISTORY)),
            promotions=tuple(promotions.read(connection, name)),
            faults=tuple(events.faults(connection, name)),
            quarantined=tuple(quarantine.kept(connection, name)),
            targets=promotion_targets.read(connection, name),
        )


def headline_of(connection: sqlite3.Connection, name: str) -> str:
    """Return the metric that stands for a model at a glance."""
    known = evaluations.metric_names(connection, name)
    return next(
        (metric for metric in evaluations.HEADLINE_METRICS if metric in known),
        evaluations.HEADLINE_METRICS[0],
    )
