"""What is said of a repair once a check has looked: that it helped, or that it did not and what else there is."""

import pytest

from engine.jobs import check_verification
from storage.database import Writer
from storage.exported import Exported, Parity
from storage.fault_records import Fault
from storage.records import Version
from storage.tables import events, exports, faults, models
from storage.vocabulary import FaultState, Format, RepairKind
from tests.unit.tui.commands.rows import fill

CODE = "calibration-lost"


def fault(writer: Writer, tried: str, version: int = 1) -> Fault:
    """Return an open fault of a version of mnist that a repair was tried on."""
    with writer.transaction() as connection:
        faults.open_fault(connection, CODE, "It is worse.", at=1.0, model="mnist", version=version)
        found = next(
            one for one in faults.all_open(connection, "mnist") if (one.code, one.version) == (CODE, version)
        )
        faults.tried(connection, found.id, tried, at=2.0)
        told = faults.read_one(connection, found.id)
    assert told is not None
    return told


def made(writer: Writer, *, parent: int, temperature: float | None) -> Version:
    """Return version 2 of mnist as what an export or a recalibration of another version made."""
    with writer.transaction() as connection:
        model = models.read_one(connection, "mnist")
        assert model is not None
        version = next(one for one in models.versions(connection, "mnist") if one.number == 2)
        exports.add(
            connection,
            model.id,
            Exported(
                model="mnist",
                sha256=version.sha256 or "",
                parent=parent,
                parent_sha256="a" * 64,
                source=Format.KERAS,
                target=Format.KERAS,
                quantize=None,
                parity=Parity("test", 9, 0.0, 0.0, 1.0, 0.1),
                tools={},
                at=3.0,
                requested_by="ann",
                temperature=temperature,
            ),
        )
    return version


def said(writer: Writer) -> list[tuple[str, str]]:
    """Return what the log says of repairs."""
    with writer.transaction() as connection:
        found = events.read(connection, limit=50)
    return [(event.code, event.message) for event in found if event.code.startswith("repair-")]


def test_a_repair_that_was_done_is_judged_by_its_fault(writer: Writer) -> None:
    """One that ended it is said to have; one that did not wants attention again, with what else there is to do."""
    fill(writer)
    ended, lasts = fault(writer, "reload", 1), fault(writer, "reload", 2)
    with writer.transaction() as connection:
        faults.close_fault(connection, CODE, at=3.0, model="mnist", version=1)
        faults.acknowledge(connection, lasts.id, by="ann")
        check_verification.judge_done(connection, [ended.id, 4711, lasts.id], now=4.0)
        again = faults.read_one(connection, lasts.id)
    assert again is not None
    assert again.state is FaultState.OPEN
    (second, told), first = said(writer)
    assert first == ("repair-helped", f"repair 'reload' ended fault {ended.id} ({CODE})")
    assert second == "repair-did-not-help"
    assert told.startswith(f"repair 'reload' did not help: fault {lasts.id} ({CODE}) is still there. ")
    assert "{model}" not in told


@pytest.mark.parametrize(("kind", "temperature"), [(RepairKind.RECALIBRATE, 1.5), (RepairKind.CONVERT, None)])
@pytest.mark.parametrize("too", [False, True])
def test_a_version_that_a_repair_made_is_judged_when_it_is_deployed(
    writer: Writer, *, kind: RepairKind, temperature: float | None, too: bool
) -> None:
    """It helped where the new version is without the fault."""
    fill(writer)
    before = fault(writer, kind)
    current = made(writer, parent=1, temperature=temperature)
    if too:
        fault(writer, "", 2)
    with writer.transaction() as connection:
        check_verification.judge_made(connection, current, [before], now=4.0)
    [(code, told)] = said(writer)
    assert code == ("repair-did-not-help" if too else "repair-helped")
    assert ("version 2, which it made, is deployed" in told) is not too


@pytest.mark.parametrize(
    ("tried", "parent", "temperature"),
    [
        ("reload", 1, 1.5),
        (RepairKind.RECALIBRATE, 3, 1.5),
        (RepairKind.RECALIBRATE, 1, None),
        (RepairKind.CONVERT, 1, 1.5),
        (RepairKind.RETRAIN, 1, None),
    ],
)
def test_a_version_that_came_another_way_proves_nothing(
    writer: Writer, tried: str, parent: int, temperature: float | None
) -> None:
    """Of another parent, made in another way, or by a repair that makes none: the repair is not praised for it."""
    fill(writer)
    before = fault(writer, tried)
    current = made(writer, parent=parent, temperature=temperature)
    with writer.transaction() as connection:
        check_verification.judge_made(connection, current, [before], now=4.0)
    assert said(writer) == []
