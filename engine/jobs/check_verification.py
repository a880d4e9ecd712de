"""Whether repairs have helped: what a check says about them once it has looked again.

Owns the words. A repair that changed something is judged by the check that follows it; one that made a version, when that
version is deployed. It must not open or close a fault.
"""

import sqlite3
from collections.abc import Iterable

from engine.faults import SPECS
from engine.repairs import REPAIRS
from storage.fault_records import Fault
from storage.records import Version
from storage.tables import events, exports, training
from storage.tables import faults as fault_table
from storage.vocabulary import FaultState, RepairKind, Severity

MAKES = frozenset(kind for kind, repair in REPAIRS.items() if repair.spec.makes)


def judge_done(connection: sqlite3.Connection, faults: Iterable[int], *, now: float) -> None:
    """Say whether repairs have helped; a fault that one did not end wants attention again."""
    for number in faults:
        fault = fault_table.read_one(connection, number)
        if fault is None:
            continue
        if fault.state is FaultState.RESOLVED:
            _say(connection, fault, f"ended fault {fault.id} ({fault.code})", helped=True, now=now)
        else:
            fault_table.reopen(connection, number)
            told = f"did not help: fault {fault.id} ({fault.code}) is still there{_else(fault)}"
            _say(connection, fault, told, helped=False, now=now)


def judge_made(
    connection: sqlite3.Connection, current: Version, over: Iterable[Fault], *, now: float
) -> None:
    """Say whether a version that a repair made has ended the fault of the one that was deployed before it."""
    for fault in over:
        if fault.tried not in MAKES or not _came_of(connection, current, fault):
            continue
        name = f"fault {fault.id} ({fault.code})"
        if fault_table.is_open(connection, fault.code, model=current.model, version=current.number):
            told = f"did not help: version {current.number}, which it made for {name}, has that fault too{_else(fault)}"
            _say(connection, fault, told, helped=False, now=now)
        else:
            told = f"ended {name}: version {current.number}, which it made, is deployed"
            _say(connection, fault, told, helped=True, now=now)


def _else(fault: Fault) -> str:
    """Return what else there is to do, as a sentence of its own; events have no full stop."""
    spec = SPECS.get(fault.code)
    return f". {spec.otherwise.rstrip('.').replace('{model}', fault.model)}" if spec else ""


def _came_of(connection: sqlite3.Connection, current: Version, fault: Fault) -> bool:
    """Whether the deployed version is what a repair of a fault made; something else may have been deployed meanwhile."""
    if fault.tried == RepairKind.RECALIBRATE:
        made = exports.read(connection, current.model).get(current.sha256 or "")
        return made is not None and made.temperature is not None and made.parent == fault.version
    if fault.tried == RepairKind.CONVERT:
        made = exports.read(connection, current.model).get(current.sha256 or "")
        return made is not None and made.temperature is None and made.parent == fault.version
    run = training.origins(connection, current.model).get(current.number)
    return run is not None and run.base_version == fault.version


def _say(connection: sqlite3.Connection, fault: Fault, told: str, *, helped: bool, now: float) -> None:
    events.add(
        connection,
        "repair-helped" if helped else "repair-did-not-help",
        f"repair '{fault.tried}' {told}",
        at=now,
        severity=Severity.INFO if helped else Severity.WARNING,
        model=fault.model,
        version=fault.version,
    )
