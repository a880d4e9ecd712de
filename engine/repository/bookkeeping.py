"""Writing down what a listing alone tells: models, their settings, versions that came, went or are due.

Owns the comparison of a listing with the record, inside the caller's transaction. It opens no file but
``model.toml``.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping

from engine.repository import versions
from engine.repository.facts import Facts
from engine.repository.gates import refresh_gates
from engine.repository.model_settings import Read, SettingsFiles
from engine.repository.scanner import Item, Listing, Oddity
from engine.repository.settle import Key
from engine.repository.versions import Step, next_step
from storage import jobs
from storage.tables import events, models, promotion_targets
from storage.vocabulary import JobKind, Severity, Status

TOLD_BEFORE = 500
"""Events that are read at the start, so that what the engine before told is not told again."""

TOLD_AT_ONCE = 10
"""Oddities of one look that get an event each; more share one, so that no burst buries the log."""

ODDITY = "oddity"


def told_before(connection: sqlite3.Connection) -> frozenset[Oddity]:
    """Return the oddities that the log speaks of already."""
    recent = events.read(connection, limit=TOLD_BEFORE)
    return frozenset(Oddity(event.model, event.message) for event in recent if event.code == ODDITY)


def tell(
    connection: sqlite3.Connection,
    oddities: Iterable[Oddity],
    notices: Iterable[tuple[str, str]],
    *,
    now: float,
) -> None:
    """Write oddities of the folders and notices of the watching into the log."""
    odd = sorted(oddities)
    told = odd if len(odd) <= TOLD_AT_ONCE else odd[:1]
    for model, message in told:
        events.add(connection, ODDITY, message, at=now, severity=Severity.WARNING, model=model)
    if len(told) < len(odd):
        message = f"{len(odd) - len(told)} more things lie where they mean nothing"
        events.add(connection, ODDITY, message, at=now, severity=Severity.WARNING)
    for code, message in notices:
        events.add(connection, code, message, at=now, severity=Severity.WARNING)


def record_models(
    connection: sqlite3.Connection, listing: Listing, files: SettingsFiles, *, now: float
) -> None:
    """Record which models there are and what their settings say."""
    rows = {row["name"]: row for row in models.model_rows(connection)}
    listed = set(listing.models) | set(listing.inboxes)
    if not listing.problems:
        models.set_present(connection, listed)
    for name in sorted(listed):
        row, folder = rows.get(name), listing.models.get(name)
        known = row is not None and row["present"]
        model_id = row["id"] if row is not None and known else models.ensure(connection, name, now=now)
        if folder is not None and folder.problem:
            continue
        before = files.before(name)
        read = files.read(name, "" if folder is None else folder.settings)
        if _told_otherwise(before, read):
            _check_failed(connection, name, now=now)
        if before is None or read.settings != before.settings:
            # The margin or the metric may be another, also since the engine last ran.
            refresh_gates(connection, name, read.settings)
            if read.settings is not None:
                promotion_targets.declare(connection, model_id, read.settings.targets)
        task = None if read.settings is None else read.settings.task
        if row is None or (row["task"], row["problem"]) != (task, read.problem):
            models.set_settings(connection, model_id, task=task, problem=read.problem)
        if row is not None and row["problem"] and not read.problem:
            # Their jobs failed on the broken file, and nobody else would ask again.
            ask_again(connection, name, now=now)


def _told_otherwise(before: Read | None, read: Read) -> bool:
    """Whether what could not be loaded as it was before may load now."""
    if read.settings is None:
        return False
    if before is None or before.settings is None:
        # Another engine tried, perhaps in a workspace that did not trust such files yet.
        return bool(read.loader)
    return (before.settings.runtime, before.loader) != (read.settings.runtime, read.loader)


def show_arriving(connection: sqlite3.Connection, progress: Mapping[Key, str], facts: Facts) -> None:
    """Record how far the versions are that are being copied into place."""
    for (model, name), said in progress.items():
        row = facts.versions.get((model, int(name)))
        # One that was recorded before and changes now keeps what is said of it until its new content is known.
        if row is not None and row["status"] == Status.SETTLING and row["reason"] != said:
            models.set_version(connection, row["id"], status=Status.SETTLING, reason=said)


def _check_failed(connection: sqlite3.Connection, model: str, *, now: float) -> None:
    """Have the versions of a model loaded again that could not be loaded as its settings said before."""
    for row in models.version_rows(connection):
        failed = row["status"] in {Status.FAILED, Status.QUARANTINED} and row["sha256"] is not None
        if failed and row["model"] == model and not versions.refused(row):
            versions.check(connection, row, now=now)


def check_unconfined(connection: sqlite3.Connection, *, now: float) -> None:
    """Have the versions loaded again that no engine tries by itself: walls may stand now that were missing before."""
    for row in models.version_rows(connection):
        if row["status"] == Status.FAILED and row["retry_at"] is None and row["sha256"] is not None:
            versions.check(connection, row, now=now)


def ask_again(connection: sqlite3.Connection, model: str | None = None, *, now: float) -> None:
    """Ask for the check of every version (of one model) that waits for one which nobody is doing."""
    asked = jobs.pending_versions(connection, JobKind.EVALUATE)
    for row in models.version_rows(connection):
        waits = row["status"] == Status.CHECKING and model in {None, row["model"]}
        if waits and (row["model"], row["number"]) not in asked:
            jobs.add(
                connection, JobKind.EVALUATE, row["model"], row["number"], requested_by=jobs.ARRIVAL, now=now
            )


def record_versions(
    connection: sqlite3.Connection, listing: Listing, facts: Facts, looked: Collection[Key], *, now: float
) -> dict[Key, Item]:
    """Record versions that are new, gone or due; return those that must be looked into."""
    wanted: dict[Key, Item] = {}
    for name, folder in listing.models.items():
        for number, item in folder.versions.items():
            if (name, number) not in facts.versions:
                model_id = facts.models[name]["id"]
                models.add_version(connection, model_id, number, status=Status.SETTLING, found_at=now)
                wanted[name, item.name] = item
    for (name, number), row in facts.versions.items():
        known = listing.models.get(name)
        if "models" in listing.problems or (known is not None and known.problem):
            # What cannot be seen is not gone.
            continue
        present = None if known is None else known.versions.get(number)
        step = next_step(row, None if present is None else present.stamp, now=now, looked=looked)
        if step is Step.LOOK and present is not None:
            wanted[name, present.name] = present
        elif step is Step.CHECK:
            versions.check(connection, row, now=now)
        elif step is Step.LOSE:
            versions.lose(connection, row, now=now)
    return wanted
