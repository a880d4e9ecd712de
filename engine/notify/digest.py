"""What happened in a day, in plain words: what each model is, what went wrong, what ended, what was deployed.

Owns what is asked of the database; it changes nothing.
"""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from storage import jobs
from storage.fault_records import Fault
from storage.records import Evaluation, Model
from storage.tables import engine as engine_table
from storage.tables import evaluations, events, faults, models
from storage.vocabulary import JobState

DAY_S: Final = 86_400.0

MOST: Final = 20
"""Lines of a list; what is beyond is counted."""

DEPLOYED: Final = ("promote", "rollback", "promote-outside")
"""Codes of events after which something else is deployed."""

ENDED: Final = 1000
"""Faults that ended which are counted: those of a day, but for very bad ones."""

JOBS: Final = 500
"""Finished jobs that are looked through: those of a day, but for very busy ones."""


def compose(connection: sqlite3.Connection, at: float) -> str:
    """Return the digest of the day before a moment."""
    since = at - DAY_S
    found = models.read(connection)
    open_ = faults.all_open(connection)
    ended = faults.ended(connection, since=since, limit=ENDED)
    deployed = events.of_codes(connection, DEPLOYED, since=since)
    failed = [
        job
        for job in jobs.read(connection, limit=JOBS)
        if job.state is JobState.FAILED and job.finished_at is not None and job.finished_at >= since
    ]
    sections = [
        (f"Models: {len(found)}", [_model(model) for model in found]),
        (f"Open faults: {len(open_)}", [_fault(fault) for fault in open_]),
        (f"Faults that ended: {len(ended)}", [_fault(fault) for fault in ended]),
        (f"Deployed: {len(deployed)}", [f"{_clock(one.at)}  {one.model}: {one.message}" for one in deployed]),
        (
            f"Failed jobs: {len(failed)}",
            [f"J{job.id}  {' '.join(filter(None, (job.kind, job.model)))}: {job.error}" for job in failed],
        ),
    ]
    starts = [start for start in engine_table.unexpected_starts(connection, limit=100) if start >= since]
    lines = [f"The day before {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"]
    for heading, entries in sections:
        lines += ["", heading, *_listed(entries)]
    if starts:
        again = _counted(len(starts), "time")
        lines += ["", f"The engine restarted {again} after one that had not ended in good order."]
    return "\n".join(lines)


def _listed(entries: Iterable[str]) -> list[str]:
    lines = [f"  {entry}" for entry in entries]
    more = len(lines) - MOST
    return lines if more <= 0 else [*lines[:MOST], f"  and {more} more"]


def _model(model: Model) -> str:
    if model.current is None:
        return f"{model.name}: nothing is deployed"
    told = f"{model.name}: version {model.current.number}, {_figure(model.current.evaluation)}"
    candidate = f"; candidate {model.candidate.number}" if model.candidate else ""
    return told + candidate + (f"; {_counted(model.faults, 'open fault')}" if model.faults else "")


def _figure(evaluation: Evaluation | None) -> str:
    metric = evaluations.headline(evaluation)
    if evaluation is None or metric is None:
        return "no figures"
    interval = (
        "" if metric.low is None or metric.high is None else f" ({metric.low:.4f} to {metric.high:.4f})"
    )
    median = evaluation.latency.p50_ms if evaluation.latency else None
    return f"{metric.name} {metric.value:.4f}{interval}" + (
        "" if median is None else f", median {median:.3g} ms"
    )


def _fault(fault: Fault) -> str:
    where = fault.model + (f"@{fault.version}" if fault.version is not None else "") or "workspace"
    return f"{fault.severity}  {where}  {fault.code}: {fault.message}"


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
