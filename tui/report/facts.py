"""Everything that a model's report tells, read at one moment.

Owns what is asked of the database and of ``model.toml``. It changes nothing and draws nothing.
"""

import sqlite3
from typing import Final, NamedTuple

from storage import objectives
from storage.errors import SettingsError
from storage.fault_records import CheckAnswer, Fault
from storage.histories import History
from storage.objectives import Judgement
from storage.promotion_records import Promotion
from storage.records import Device, LatencyMeasurement, Model, Version
from storage.settings import read_model_settings
from storage.tables import checks, devices, evaluations, latencies, models, promotions
from storage.tables import faults as fault_table
from storage.workspace import Workspace

PAST_FAULTS: Final = 100
"""Problems that are over which a report lists: more than anybody reads, and few enough for any page."""


class Facts(NamedTuple):
    """What is known of one model."""

    model: Model
    versions: tuple[Version, ...]
    metric: str
    """The headline figure's name."""
    quality: History
    median: History
    slowest: History
    """The 99th percentile of the latency, where it was measured on enough queries."""
    objectives: dict[str, str]
    judgements: tuple[Judgement, ...]
    """What the deployed version's last evaluation says about each objective."""
    faults: tuple[Fault, ...]
    past: tuple[Fault, ...]
    """Problems that ended, the latest first."""
    answers: tuple[CheckAnswer, ...]
    promotions: tuple[Promotion, ...]
    measured: tuple[LatencyMeasurement, ...]
    devices: tuple[Device, ...]
    since: float
    """Nothing older is told; 0 tells everything."""


def gather(connection: sqlite3.Connection, workspace: Workspace, model: Model, *, since: float) -> Facts:
    """Return what is known of a model, of that what happened from ``since`` on."""
    name = model.name
    wanted = _objectives(workspace, name)
    metric = _headline(connection, model)
    evaluation = model.current.evaluation if model.current else None
    return Facts(
        model=model,
        versions=tuple(models.versions(connection, name)),
        metric=metric,
        quality=evaluations.history(connection, name, metric, since=since),
        median=evaluations.history(connection, name, "p50_ms", since=since),
        slowest=evaluations.history(connection, name, "p99_ms", since=since),
        objectives=wanted,
        judgements=objectives.judge(wanted, evaluation) if evaluation else (),
        faults=tuple(fault_table.all_open(connection, name)),
        past=tuple(fault_table.ended(connection, name, since=since, limit=PAST_FAULTS)),
        answers=tuple(checks.read(connection, name).values()),
        promotions=tuple(one for one in promotions.entries(connection, name) if one.at >= since),
        measured=tuple(latencies.latest(connection, name)),
        devices=tuple(devices.read(connection)),
        since=since,
    )


def _headline(connection: sqlite3.Connection, model: Model) -> str:
    """Return the name of the figure that stands for the model: the deployed version's, else any that it ever had."""
    found = evaluations.headline(model.current.evaluation if model.current else None)
    if found is not None:
        return found.name
    known = evaluations.metric_names(connection, model.name)
    wanted = evaluations.HEADLINE_METRICS
    return next((name for name in wanted if name in known), wanted[0])


def _objectives(workspace: Workspace, model: str) -> dict[str, str]:
    try:
        return read_model_settings(workspace.model_settings(model)).objectives
    except SettingsError:
        # The engine has made a problem of the model out of it, which the page tells.
        return {}
