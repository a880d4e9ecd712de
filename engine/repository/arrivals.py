"""Writing down what became of the files of the inbox.

Owns the rows and events that a decision leaves. The decisions are `engine.repository.inbox`'s.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping

from engine.repository import quarantine
from engine.repository.inbox import Decision, Group, Waiting, stored_name
from engine.repository.ingest import Ingested
from engine.repository.scanner import Listing
from engine.repository.settle import Key
from storage import jobs
from storage.records import Arrival
from storage.tables import events, inbox, models
from storage.vocabulary import JobKind, Severity, Status

TOLD = 3
"""Files turned down at once that get an event each; more of a kind share one, so that no burst buries the log."""

ANEW = frozenset({Status.UNSUPPORTED, Status.QUARANTINED})
"""What a new engine decides about once more."""

Rows = Mapping[Key, sqlite3.Row]
"""What is recorded about the inbox, by model and stored name."""


def undecided(rows: Rows, group: Group, decided: Collection[Key]) -> bool:
    """Whether nothing was decided yet about a group as it is now.

    ``decided`` are those that this engine decided about: what an older program did not support or could not move away
    is looked at once more.
    """
    row = rows.get((group.key[0], stored_name(group.key[1])))
    if row is None or row["stamp"] != group.stamp:
        return True
    return row["status"] in ANEW and group.key not in decided


def awaited(rows: Rows, groups: Iterable[Group], decisions: Iterable[Decision]) -> frozenset[str]:
    """Return the models of groups of which nothing is decided yet; what failed and is tried again is not awaited."""
    settled = {(decision.model, decision.name) for decision in decisions if decision.holds}
    settled |= {key for key, row in rows.items() if row["status"] == Status.FAILED and not row["stamp"]}
    return frozenset(
        group.key[0] for group in groups if (group.key[0], stored_name(group.key[1])) not in settled
    )


def record(connection: sqlite3.Connection, decisions: Iterable[Decision], rows: Rows, *, now: float) -> None:
    """Record what was decided."""
    turned_down: dict[str, list[Decision]] = {}
    for decision in decisions:
        row = rows.get((decision.model, decision.name))
        if decision.ingested is not None:
            _ingested(connection, decision, decision.ingested, now=now)
        elif decision.entry is not None:
            inbox.forget(connection, decision.model, decision.name)
            turned_down.setdefault(decision.model, []).append(decision)
        elif row is not None and row["sha256"] is not None and row["sha256"] == decision.sha256:
            # The same file again, touched or saved once more: what was said about it still holds.
            _set(
                connection,
                decision,
                decision.stamp,
                row["version_id"],
                reason=row["reason"],
                now=row["seen_at"],
            )
        elif row is None or (row["status"], row["reason"]) != (decision.status, decision.reason):
            _set(connection, decision, decision.stamp, None, reason=decision.reason, now=now)
            if decision.status is not Status.SETTLING:
                turned_down.setdefault(decision.model, []).append(decision)
        elif row["stamp"] != decision.stamp:
            _set(
                connection,
                decision,
                decision.stamp,
                row["version_id"],
                reason=row["reason"],
                now=row["seen_at"],
            )
    for model, together in turned_down.items():
        _tell(connection, model, together, now=now)


def show_waiting(
    connection: sqlite3.Connection, waiting: Iterable[Waiting], rows: Rows, *, now: float
) -> None:
    """Record what is still being written or examined and how far it is, so that a person sees it coming."""
    for (model, name), item, reason in waiting:
        stored = stored_name(name)
        row = rows.get((model, stored))
        if row is None or (row["stamp"] == "" and row["reason"] != reason):
            arrival = Arrival(
                model=model,
                name=stored,
                status=Status.SETTLING,
                reason=reason,
                bytes=item.bytes,
                seen_at=now,
            )
            inbox.put(connection, arrival, stamp="", sha256=None, version_id=None)


def gone(rows: Rows, listing: Listing, claimed: Collection[Key]) -> set[Key]:
    """Return what is on record and no longer in an inbox that could be listed, or turned out to belong to another."""
    if "train" in listing.problems:
        return set()
    present = {
        (inbox.model, stored_name(item.name))
        for inbox in listing.inboxes.values()
        for item in inbox.items
        if (inbox.model, item.name) not in claimed
    }
    unseen = {inbox.model for inbox in listing.inboxes.values() if inbox.problem}
    return {key for key in rows.keys() - present if key[0] not in unseen}


def _ingested(connection: sqlite3.Connection, decision: Decision, made: Ingested, *, now: float) -> None:
    model_id = models.ensure(connection, decision.model, now=now)
    source = f"train/{decision.model}/{decision.name}"
    version_id = models.add_version(
        connection,
        model_id,
        made.number,
        status=Status.CHECKING,
        found_at=now,
        stamp=made.item.stamp,
        source=source,
    )
    models.set_artefact(
        connection,
        version_id,
        artefact=made.artefact,
        kind=decision.examined.format if decision.examined else None,
        sha256=made.content.sha256,
        size=made.content.bytes,
        companions=made.companions,
    )
    jobs.add(connection, JobKind.EVALUATE, decision.model, made.number, requested_by=jobs.ARRIVAL, now=now)
    _set(connection, decision, decision.stamp, version_id, reason="", now=now)
    message = f"version {made.number} found, from {source}"
    events.add(connection, "found", message, at=now, model=decision.model, version=made.number)


def _tell(connection: sqlite3.Connection, model: str, decisions: list[Decision], *, now: float) -> None:
    shown = decisions if len(decisions) <= TOLD else decisions[:1]
    for decision in shown:
        severity = Severity.INFO if decision.status is Status.READY else Severity.WARNING
        if decision.entry is None:
            code = f"arrival-{decision.status}"
            message = f"train/{model}/{decision.name} is no new version: {decision.reason}"
        else:
            code, message = (
                quarantine.CODE,
                quarantine.told(model, decision.name, decision.entry, decision.reason),
            )
        events.add(connection, code, message, at=now, severity=severity, model=model)
    if len(shown) < len(decisions):
        message = f"{len(decisions) - len(shown)} more files in train/{model} are no new versions"
        events.add(connection, "arrivals", message, at=now, severity=Severity.WARNING, model=model)


def _set(
    connection: sqlite3.Connection,
    decision: Decision,
    stamp: str,
    version_id: int | None,
    *,
    reason: str,
    now: float,
) -> None:
    arrival = Arrival(
        model=decision.model,
        name=decision.name,
        status=decision.status,
        reason=reason,
        bytes=decision.bytes,
        seen_at=now,
    )
    inbox.put(connection, arrival, stamp=stamp, sha256=decision.sha256, version_id=version_id)
