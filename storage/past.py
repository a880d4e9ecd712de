"""The workspace as it was at an earlier moment, told from everything that is recorded with its time.

Owns what can be known of the past, and says what cannot: nothing is made up. What is deployed follows from the
promotions, what was wrong from when faults began and ended, what ran from the jobs' times. Not recorded are how far a
running job had come, what a gate said before it was asked again, and what a version's folder looked like before its
first evaluation; what retention has dropped is named. It reads only.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from math import inf, nextafter
from typing import NamedTuple

from msgspec.structs import replace

from storage.database import Reader
from storage.fault_records import Fault
from storage.model_records import PackedVersion
from storage.past_devices import devices_at
from storage.past_work import engine_at, jobs_at, missing_at
from storage.promotion_records import GateReport
from storage.record import Record
from storage.records import Model, Quarantined, Shown, Version, Versions
from storage.seen import AT_ONCE
from storage.snapshot import (
    DEEP_EVENTS,
    DEEP_JOBS,
    SHOWN_EVALUATIONS,
    SHOWN_EVENTS,
    SHOWN_JOBS,
    SHOWN_VERSIONS,
    Detail,
    Snapshot,
    headline_of,
    trainings_of,
)
from storage.tables import assembly, deployed, evaluations, events, promotions, quarantine, thinning
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
            thinning.charted(connection, name, figure, until=after).points for figure in figures
        )
        latest = evaluations.read(connection, name, limit=SHOWN_EVALUATIONS, until=at)
        return Detail(
            model=model,
            versions=versions_at(connection, name, at, {one.version_id for one in latest}),
            arrivals=(),
            evaluations=tuple(latest),
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


def versions_at(
    connection: sqlite3.Connection, name: str, at: float, besides: Collection[int] = ()
) -> Versions:
    """Return the versions of a model that had been found by a moment, the newest first, each as it was then.

    As of the present, those are `SHOWN_VERSIONS`, and besides them what played a role and the versions of the ids named.
    """
    then = _then(connection, name, at)
    shown = [
        number
        for place, (number, version_id) in enumerate(then.ids.items())
        if place < SHOWN_VERSIONS or number in then.roles or version_id in besides
    ]
    packed: list[PackedVersion] = []
    for begin in range(0, len(shown), AT_ONCE):
        some = shown[begin : begin + AT_ONCE]
        made = _versions(connection, then, some, at)
        packed += [PackedVersion.of(made[number]) for number in some]
    return Versions(packed)


def numbered_at(
    connection: sqlite3.Connection, name: str, numbers: Iterable[int], at: float
) -> dict[int | None, Version]:
    """Return the versions of these numbers that had been found by a moment, by number, each as it was then."""
    return _versions(connection, _then(connection, name, at), numbers, at)


class _Then(NamedTuple):
    """Which versions a model had at a moment, and which of them played a role."""

    ids: dict[int, int]
    """By number, the newest first."""
    deployed: Version | None
    """As it is now."""
    previous: int | None
    roles: dict[int | None, Role]


def _then(connection: sqlite3.Connection, name: str, at: float) -> _Then:
    rows = connection.execute(
        "SELECT number, versions.id FROM versions JOIN models ON models.id = model_id "
        "WHERE name = ? AND found_at <= ? ORDER BY number DESC",
        (name, at),
    )
    ids = {row["number"]: row["id"] for row in rows}
    current, previous = _deployed(connection, name, at)
    deployed = next(iter(_stored(connection, ids, [current])), None)
    above = (number for number in ids if number > (current or 0))
    # One after another: it is hardly ever more than the first.
    candidate = next(
        (
            found.number
            for number in above
            for found in _stored(connection, ids, [number])
            if _version(connection, found, deployed, at).status is Status.READY
        ),
        None,
    )
    # A version that was rolled back from is a candidate again, and still what lies under the current one.
    roles = {previous: Role.PREVIOUS, current: Role.CURRENT, candidate: Role.CANDIDATE}
    return _Then(ids, deployed, previous, roles)


def _stored(
    connection: sqlite3.Connection, ids: Mapping[int, int], numbers: Iterable[int | None]
) -> list[Version]:
    """Return the versions of these numbers that there are, as they are now."""
    wanted = [ids[number] for number in numbers if number is not None and number in ids]
    return list(assembly.versions(connection, wanted).values()) if wanted else []


def _versions(
    connection: sqlite3.Connection, then: _Then, numbers: Iterable[int | None], at: float
) -> dict[int | None, Version]:
    """Return the versions of these numbers that there were, by number, each as it was."""
    return {
        found.number: _with_role(_version(connection, found, then.deployed, at), then.roles.get(found.number))
        for found in _stored(connection, then.ids, numbers)
    }


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
    then = _then(connection, name, at)
    numbers = {role: number for number, role in then.roles.items()}
    newest = next(iter(then.ids), None)
    found = _versions(connection, then, {*then.roles, newest}, at)
    current = found.get(numbers.get(Role.CURRENT))
    return assembly.model(
        Shown(
            current=current,
            previous=found.get(then.previous),
            candidate=found.get(numbers.get(Role.CANDIDATE)),
            newest=found.get(newest),
        ),
        id=row["id"],
        name=name,
        task=None if row["task"] is None else Task(row["task"]),
        problem="",
        versions=len(then.ids),
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
