"""One read transaction, one frozen picture of everything that the console shows."""

import sqlite3
from collections.abc import Sequence
from math import inf

from storage import jobs
from storage.database import Reader
from storage.fault_records import Event, Fault
from storage.histories import NOTHING, History
from storage.model_records import PackedVersion
from storage.notice_records import Delivery
from storage.notice_vocabulary import Channel
from storage.promotion_records import Promotion, PromotionTarget
from storage.records import (
    Arrival,
    Device,
    EngineState,
    Evaluation,
    Job,
    Model,
    Quarantined,
    Record,
    Versions,
)
from storage.seen import SeenRows, SeenThings
from storage.tables import (
    devices,
    engine,
    evaluations,
    events,
    inbox,
    models,
    notices,
    promotion_targets,
    promotions,
    quarantine,
    thinning,
    training,
    version_lists,
)
from storage.tables import faults as fault_table
from storage.tables.overviews import Overviews
from storage.training_records import TrainingRun
from storage.vocabulary import JobKind, JobState

SHOWN_JOBS = 20
SHOWN_EVENTS = 50
DEEP_JOBS, DEEP_EVENTS = 500, 2000
"""How far back the screens of jobs and events reach, while they are open."""
SHOWN_EVALUATIONS = 20
SHOWN_VERSIONS = 200
"""Of a model, the newest; besides those that are deployed, could be, or have an evaluation among the shown ones. Each takes
2 KiB."""


class Seen:
    """What was last read of a workspace, for the next look."""

    def __init__(self) -> None:
        """Have seen nothing yet."""
        self.models = Overviews()
        self.jobs: SeenRows[Job] = SeenRows()
        self.events: SeenRows[Event] = SeenRows()
        self.versions: SeenThings[PackedVersion] = SeenThings()
        self.evaluations: SeenThings[Evaluation] = SeenThings()
        self.promotions: SeenRows[Promotion] = SeenRows()


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
    told: Delivery | None = None
    """The latest that consoles were told by themselves."""
    trainings: tuple[TrainingRun, ...] = ()
    """Those of the jobs, where a look was deep."""


class Detail(Record, frozen=True, kw_only=True):
    """Everything that the screen of one model shows, as it was at one moment."""

    model: Model
    versions: Versions
    """The newest, and those that matter besides (`SHOWN_VERSIONS`); `Model.versions` counts all."""
    arrivals: tuple[Arrival, ...]
    evaluations: tuple[Evaluation, ...]
    history: History
    """The headline metric over all versions, oldest first."""
    latency: History
    """The median latency over all versions, oldest first."""
    recent_history: History = NOTHING
    recent_latency: History = NOTHING
    """The same of the time that the charts show, where the whole time has too many values to tell each of them."""
    promotions: tuple[Promotion, ...]
    faults: tuple[Fault, ...]
    quarantined: tuple[Quarantined, ...] = ()
    """What was taken out of the model's inbox and is kept."""
    targets: tuple[PromotionTarget, ...] = ()
    """Who else is told of a promotion, in this order."""


def read(reader: Reader, *, deep: bool = False, seen: Seen | None = None) -> Snapshot:
    """Return the state of the whole workspace.

    Args:
        reader: the database.
        deep: whether to reach further back among jobs and events.
        seen: what was last read; only what changed since is read again.
    """
    most_jobs, most_events = (DEEP_JOBS, DEEP_EVENTS) if deep else (SHOWN_JOBS, SHOWN_EVENTS)
    known = seen or Seen()
    with reader.transaction() as connection:
        waiting = jobs.counts(connection)
        found = jobs.read(connection, limit=most_jobs, seen=known.jobs)
        return Snapshot(
            engine=engine.read(connection),
            models=known.models.read(connection),
            arrivals=tuple(inbox.read(connection)),
            devices=tuple(devices.read(connection)),
            jobs=tuple(found),
            queued=waiting[JobState.QUEUED],
            running=waiting[JobState.RUNNING],
            events=tuple(events.read(connection, limit=most_events, seen=known.events)),
            faults=tuple(fault_table.all_open(connection)),
            quarantined=tuple(quarantine.kept(connection)),
            told=next(iter(notices.latest(connection, limit=1, of=Channel.CONSOLE)), None),
            trainings=trainings_of(connection, found) if deep else (),
        )


def trainings_of(connection: sqlite3.Connection, found: Sequence[Job]) -> tuple[TrainingRun, ...]:
    """Return the trainings of jobs, each epoch by epoch."""
    return tuple(training.of_jobs(connection, [job.id for job in found if job.kind is JobKind.TRAIN]))


def read_detail(
    reader: Reader,
    name: str,
    *,
    metric: str | None = None,
    span_s: float = inf,
    seen: Seen | None = None,
) -> Detail | None:
    """Return the state of one model, or ``None`` where there is no such model.

    Args:
        reader: the database.
        name: the model's name.
        metric: whose history is wanted; by default the model's headline metric.
        span_s: how far back from the latest value charts show.
        seen: what was last read; only what changed since is read again.
    """
    known = seen or Seen()
    with reader.transaction() as connection:
        model = models.read_one(connection, name)
        if model is None:
            return None
        headline = metric or headline_of(connection, name)
        history, recent_history = _charted(connection, name, headline, span_s)
        latency, recent_latency = _charted(connection, name, "p50_ms", span_s)
        latest = evaluations.read(connection, name, limit=SHOWN_EVALUATIONS, seen=known.evaluations)
        matter = {one.id for one in (model.current, model.previous, model.candidate) if one is not None}
        matter |= {evaluation.version_id for evaluation in latest}
        return Detail(
            model=model,
            versions=version_lists.read(
                connection, name, newest=SHOWN_VERSIONS, besides=matter, seen=known.versions
            ),
            arrivals=tuple(inbox.read(connection, name)),
            evaluations=tuple(latest),
            history=history,
            latency=latency,
            recent_history=recent_history,
            recent_latency=recent_latency,
            promotions=tuple(promotions.read(connection, name, seen=known.promotions)),
            faults=tuple(fault_table.all_open(connection, name)),
            quarantined=tuple(quarantine.kept(connection, name)),
            targets=promotion_targets.read(connection, name),
        )


def _charted(
    connection: sqlite3.Connection, model: str, figure: str, span_s: float
) -> tuple[History, History]:
    """Return a figure over all the time, and where that could not tell every value, over the latest of it."""
    whole = thinning.charted(connection, model, figure)
    if whole.step_s is None or span_s == inf or not whole.points:
        return whole.points, NOTHING
    recent = thinning.charted(connection, model, figure, since=whole.points[-1].at - span_s)
    return whole.points, recent.points


def headline_of(connection: sqlite3.Connection, name: str) -> str:
    """Return the metric that stands for a model at a glance."""
    known = evaluations.metric_names(connection, name)
    return next(
        (metric for metric in evaluations.HEADLINE_METRICS if metric in known),
        evaluations.HEADLINE_METRICS[0],
    )
