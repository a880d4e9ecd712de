"""The workspace as it was at an earlier moment, told from everything that is recorded with its time.

Owns what can be known of the past, and says what cannot: nothing is made up. What is deployed follows from the
promotions, what was wrong from when faults began and ended, what ran from the jobs' times. Not recorded are how far a
running job had come, what a gate said before it was asked again, and what a version's folder looked like before its
first evaluation; what retention has dropped is named. It reads only.
"""

import sqlite3
from collections import Counter
from math import inf, nextafter

from msgspec.structs import replace

from storage.database import Reader
from storage.fault_records import Fault
from storage.past_devices import devices_at
from storage.past_work import engine_at, jobs_at, missing_at
from storage.promotion_records import GateReport
from storage.record import Record
from storage.records import Model, Quarantined, Shown, Version, Versions
from storage.snapshot import (
    DEEP_EVENTS,
    DEEP_JOBS,
    SHOWN_EVALUATIONS,
    SHOWN_EVENTS,
    SHOWN_JOBS,
    Detail,
    Snapshot,
    headline_of,
    trainings_of,
)
from storage.tables import assembly, deployed, evaluations, events, models, promotions, quarantine, thinning
from storage.tables import faults as fault_table
from storage.vocabulary import Custody, FaultState, JobKind, JobState, Role, Severity, Status, Task

AS_NOW = "as it is now; what it was then is not recorded"
"""Said of a version's state where nothing tells what it was."""


class Past(Record, frozen=True, kw_only=True):
    """The workspace at one moment."""

    at: float
    snapshot: Snapshot
    ran: bool
    """Whether an engine was at work."""
    missing: tuple[str, ...]
    """What is not recorded of that moment, in words."""


def read(reader: Reader, at: float, *, deep: bool = False) -> Past:
    """Return the state of the whole workspace at a moment; a ``deep`` look reaches further back among jobs and events."""
    most_jobs, most_events = (DEEP_JOBS, DEEP_EVENTS) if deep else (SHOWN_JOBS, SHOWN_EVENTS)
    with reader.transaction() as connection:
        found = jobs_at(connection, at)
        known = devices_at(connection, at)
        readings = any(device.at is not None for device in known)
        state, ran = engine_at(connection, at)
        return Past(
            at=at,
            snapshot=Snapshot(
                engine=state,
                models=tuple(models_at(connection, at)),
                arrivals=(),
                devices=tuple(known),
                jobs=tuple(found[:most_jobs]),
                queued=sum(job.state is JobState.QUEUED for job in found),
                running=sum(job.state is JobState.RUNNING for job in found),
                events=tuple(events.read(connection, limit=most_events, until=at)),
                faults=tuple(faults_at(connection, at)),
                quarantined=tuple(_quarantined(connection, at)),
                # Epochs have no time of their own: of a training that went on nobody knows how far it was.
                trainings=tuple(
                    run
                    for run in trainings_of(connection, found[:most_jobs] if deep else ())
                    if run.finished_at is not None and run.finished_at <= at
                ),
            ),
            ran=ran,
            missing=missing_at(connection, at, readings=readings),
        )


def read_detail(reader: Reader, name: str, at: float) -> Detail | None:
    """Return the state of one model at a moment, or ``None`` where there was no such model."""
    with reader.transaction() as connection:
        model = next(iter(models_at(connection, at, name)), None)
        if model is None:
            return None
        figures = (headline_of(connection, name), "p50_ms")
        after = nextafter(at, inf)
        history, latency = (
            tuple(thinning.charted(connection, name, figure, until=after).points) for figure in figures
        )
        return Detail(
            model=model,
            versions=Versions.of(versions_at(connection, name, at)),
            arrivals=(),
            evaluations=tuple(evaluations.read(connection, name, limit=SHOWN_EVALUATIONS, until=at)),
            history=history,
            latency=latency,
            promotions=tuple(one for one in promotions.read(connection, name) if one.at <= at),
            faults=tuple(faults_at(connection, at, name)),
            quarantined=tuple(_quarantined(connection, at, name)),
        )


def models_at(connection: sqlite3.Connection, at: float, name: str | None = None) -> list[Model]:
    """Return the models that there were at a moment, by name.

    When a folder went is not recorded: a model that is gone now was still there as long as anything was told of it later.
    """
    rows = connection.execute(
        "SELECT * FROM models WHERE (created_at <= :at OR EXISTS (SELECT 1 FROM versions WHERE model_id = models.id "
        "AND found_at <= :at)) AND (:name IS NULL OR name = :name) AND (present "
        "OR EXISTS (SELECT 1 FROM events WHERE events.model = models.name AND events.at > :at) "
        "OR EXISTS (SELECT 1 FROM versions JOIN evaluations ON version_id = versions.id "
        "WHERE model_id = models.id AND evaluations.at > :at)) ORDER BY name",
        {"at": at, "name": name},
    ).fetchall()
    # Counted once for all models: there may be thousands.
    faults = Counter(
        fault.model for fault in faults_at(connection, at) if fault.severity is not Severity.INFO
    )
    kept = Counter(entry.model for entry in _quarantined(connection, at))
    found = [_model(connection, row, at) for row in rows]
    return [replace(model, faults=faults[model.name], quarantined=kept[model.name]) for model in found]


def versions_at(connection: sqlite3.Connection, name: str, at: float) -> list[Version]:
    """Return the versions of a model that had been found by a moment, the newest first, each as it was then."""
    known = [found for found in models.versions(connection, name) if found.found_at <= at]
    current, previous = _deployed(connection, name, at)
    deployed = next((found for found in known if found.number == current), None)
    then = [_version(connection, found, deployed, at) for found in known]
    candidate = next(
        (found.number for found in then if found.status is Status.READY and found.number > (current or 0)),
        None,
    )
    roles = {previous: Role.PREVIOUS, current: Role.CURRENT, candidate: Role.CANDIDATE}
    return [_with_role(found, roles.get(found.number)) for found in then]


def _with_role(found: Version, role: Role | None) -> Version:
    if role is not Role.CANDIDATE or found.gate is not None:
        return replace(found, role=role)
    why = (
        "it had no figures yet"
        if found.evaluation is None
        else "what the gate said of it then is not recorded"
    )
    return replace(found, role=role, reason=why)


def faults_at(connection: sqlite3.Connection, at: float, model: str | None = None) -> list[Fault]:
    """Return the faults that were open at a moment, the worst and newest first; who knew of them then is not recorded."""
    return [
        replace(
            fault,
            state=FaultState.OPEN,
            acknowledged_by="",
            last_at=min(fault.last_at, at),
            count=1,
            tried=fault.tried if fault.tried_at is not None and fault.tried_at <= at else "",
        )
        for fault in fault_table.open_at(connection, at, model)
    ]


def _model(connection: sqlite3.Connection, row: sqlite3.Row, at: float) -> Model:
    name = row["name"]
    versions = versions_at(connection, name, at)
    by_role = {version.role: version for version in versions}
    current = by_role.get(Role.CURRENT)
    # A version that was rolled back from is a candidate again, and still what lies under the current one.
    previous = by_role.get(Role.PREVIOUS)
    if previous is None:
        _, number = _deployed(connection, name, at)
        previous = next((version for version in versions if version.number == number), None)
    return assembly.model(
        Shown(
            current=current,
            previous=previous,
            candidate=by_role.get(Role.CANDIDATE),
            newest=versions[0] if versions else None,
        ),
        id=row["id"],
        name=name,
        task=None if row["task"] is None else Task(row["task"]),
        problem="",
        versions=len(versions),
        faults=0,
        trend=_trend(connection, current, at),
    )


def _trend(connection: sqlite3.Connection, current: Version | None, at: float) -> tuple[float, ...]:
    if current is None:
        return ()
    return evaluations.trends(connection, [current.id], assembly.TREND_POINTS, until=at).get(current.id, ())


def _version(connection: sqlite3.Connection, found: Version, current: Version | None, at: float) -> Version:
    evaluation = evaluations.last_until(connection, found.id, at)
    refusal = found.refusal if found.refusal is not None and found.refusal.at <= at else None
    status, reason = found.status, found.reason
    if evaluation is not None and refusal is None:
        status, reason = Status.READY, ""
    elif refusal is None and status is not Status.READY:
        reason = f"{reason.rstrip('.')} ({AS_NOW})" if reason else AS_NOW
    failure = found.failure if found.failure is not None and found.failure.at <= at else None
    return replace(
        found,
        status=status,
        reason=reason,
        evaluation=evaluation,
        gate=_gate(found, current, at),
        failure=failure,
        refusal=refusal,
    )


def _gate(found: Version, current: Version | None, at: float) -> GateReport | None:
    """Return what the gate had said of a version, if nothing that it is judged from has been measured since."""
    against = None if current is None else current.number
    judged = [found, *([current] if current else [])]
    unchanged = all(one.evaluation is not None and one.evaluation.at <= at for one in judged)
    return found.gate if found.gate is not None and found.gate.against == against and unchanged else None


def _deployed(connection: sqlite3.Connection, name: str, at: float) -> tuple[int | None, int | None]:
    """Return the numbers of the version that was deployed at a moment, and of the one that lay under it."""
    told = promotions.read(connection, name)
    before = next((one for one in told if one.at <= at), None)
    if before is None:
        # What the first switch that is on record took away had been there until then; without any, nothing was switched.
        first = told[-1] if told else None
        return (first.from_version if first else deployed.current_number(connection, name)), None
    if events.told_between(connection, events.MOVED_OUTSIDE, name, after=before.at, until=at):
        return None, before.to_version
    under = before.from_version
    if before.kind is not JobKind.PROMOTE:
        under = next(
            (
                one.from_version
                for one in told
                if one.at <= at and one.kind is JobKind.PROMOTE and one.to_version == before.to_version
            ),
            None,
        )
    return before.to_version, None if under == before.to_version else under


def _quarantined(connection: sqlite3.Connection, at: float, model: str | None = None) -> list[Quarantined]:
    """Return what was kept in quarantine at a moment, the oldest first."""
    then = [
        entry
        for entry in reversed(quarantine.read(connection))
        if entry.found_at <= at and (model is None or entry.model == model)
    ]
    return [entry for entry in then if entry.state is Custody.KEPT or (entry.at or 0.0) > at]
