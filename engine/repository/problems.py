"""What is wrong with the folders as they are: every fault that a look at them can find, and its end.

Owns the faults that are a state of the folders. They are computed anew at each look and compared with what is
open, so that a fault ends by itself when its cause does.
"""

import sqlite3
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from engine.repository.scanner import Listing
from engine.repository.switch import CHANGED_FAULT, interpret
from storage.fault_records import Fault
from storage.tables import events, faults
from storage.text import clean, word
from storage.vocabulary import Severity, Status
from storage.workspace import Workspace

FOLDER, SETTINGS, CURRENT, MISSING = "folder", "settings", "current", "missing"
READ = "Give the engine's user the right to read it."
MOVED = "Where it lies now: modeltender engine stop, then: modeltender engine start"
OWNED = frozenset({FOLDER, SETTINGS, CURRENT, MISSING})


class Problem(NamedTuple):
    """One thing that is wrong now."""

    code: str
    model: str
    version: int | None
    message: str
    repair: str = ""
    severity: Severity = Severity.ERROR


def find(
    workspace: Workspace,
    listing: Listing,
    rows: Iterable[sqlite3.Row],
    statuses: Mapping[tuple[str, int], Status],
) -> list[Problem]:
    """Return what is wrong: in the listing, in the models' rows (`models.model_rows`), and between the two."""
    found = _unlisted(workspace, listing)
    rows = list(rows)
    found += _emptied(listing, rows)
    for inbox in listing.inboxes.values():
        if inbox.problem:
            found.append(Problem(FOLDER, inbox.model, None, inbox.problem, READ))
    for row in rows:
        folder = listing.models.get(row["name"])
        if row["problem"]:
            found.append(
                Problem(
                    SETTINGS,
                    row["name"],
                    None,
                    row["problem"],
                    "Correct the file; it is read again at once.",
                    Severity.WARNING,
                )
            )
        if folder is not None and folder.problem:
            found.append(Problem(FOLDER, row["name"], None, folder.problem, READ))
        if row["present"]:
            found.extend(_deployed(workspace, listing, row, statuses))
    return found


def _unlisted(workspace: Workspace, listing: Listing) -> list[Problem]:
    """Tell a workspace that is somewhere else by now from folders that are missing in it."""
    if listing.problems and not workspace.root.exists():
        message = f"{clean(str(workspace.root))} is gone: it was moved or removed while its engine runs."
        return [Problem(FOLDER, "", None, message, MOVED)]
    return [
        Problem(FOLDER, "", None, problem, "Make the folder, or give the engine's user the right to read it.")
        for problem in listing.problems.values()
    ]


def _emptied(listing: Listing, rows: Iterable[sqlite3.Row]) -> Iterable[Problem]:
    """Tell an unmounted disk from models that somebody removed: an empty folder is what it leaves."""
    deployed = sum(row["current"] is not None for row in rows)
    if deployed and not listing.models and not listing.problems:
        message = f"models/ is empty, and {deployed} deployed model{'s are' if deployed > 1 else ' is'} gone."
        yield Problem(FOLDER, "", None, message, "If it lies on a disk of its own, mount it.")


def _deployed(
    workspace: Workspace, listing: Listing, row: sqlite3.Row, statuses: Mapping[tuple[str, int], Status]
) -> Iterable[Problem]:
    name, current = row["name"], row["current"]
    folder = listing.models.get(name)
    repair = f"Restore it: modeltender repair {word(name)}; or deploy another one: modeltender rollback {word(name)}"
    back = folder is not None and current in folder.versions
    if current is not None and not back and statuses.get((name, current)) is Status.MISSING:
        message = f"Version {current} of {name} is deployed, but models/{name}/{current} is gone."
        yield Problem(MISSING, name, current, message, repair)
        return
    if folder is None or folder.problem:
        return
    target = interpret(workspace, name, folder.current)
    if target.problem:
        yield Problem(
            CURRENT, name, None, target.problem, f"Deploy a version: modeltender promote {word(name)}@VERSION"
        )
    elif target.number is not None and (name, target.number) not in statuses:
        message = f"models/{name}/current points to {target.number}, and there is no such version."
        yield Problem(
            CURRENT, name, None, message, f"Deploy a version: modeltender promote {word(name)}@VERSION"
        )


def keep(
    connection: sqlite3.Connection, found: Iterable[Problem], open_now: Iterable[Fault], *, now: float
) -> None:
    """Open what is new, close what ended, leave the rest as it is."""
    wanted = {(problem.code, problem.model, problem.version): problem for problem in found}
    known = {(fault.code, fault.model, fault.version): fault for fault in open_now if fault.code in OWNED}
    for key, problem in wanted.items():
        if key in known and known[key].message == problem.message:
            continue
        new = faults.open_fault(
            connection,
            problem.code,
            problem.message,
            at=now,
            model=problem.model,
            version=problem.version,
            severity=problem.severity,
            repair=problem.repair,
        )
        if new:
            events.add(
                connection,
                problem.code,
                problem.message,
                at=now,
                severity=problem.severity,
                model=problem.model,
                version=problem.version,
            )
    for code, model, version in known.keys() - wanted.keys():
        faults.close_fault(connection, code, at=now, model=model, version=version)
        events.add(
            connection,
            f"{code}-mended",
            f"no longer: {known[code, model, version].message}",
            at=now,
            model=model,
            version=version,
        )


def forgive_changes(
    connection: sqlite3.Connection,
    open_now: Iterable[Fault],
    deployed: Container[tuple[str, int]],
    statuses: Mapping[tuple[str, int], Status],
    *,
    now: float,
) -> None:
    """Close the faults of versions that changed on disk, once the new content is checked and not ``deployed``.

    What is deployed, or would be after a rollback, without ever having been promoted stays a fault until it is
    restored, or another version is promoted or rolled back to.
    """
    for fault in open_now:
        if fault.code != CHANGED_FAULT or fault.version is None or (fault.model, fault.version) in deployed:
            continue
        if statuses.get((fault.model, fault.version)) in {Status.READY, Status.MISSING}:
            faults.close_fault(connection, fault.code, at=now, model=fault.model, version=fault.version)
