"""When the engine reads all of its database, and what it tells of damage."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.verifying import EVERY_S, Verifying
from storage import upkeep
from storage.database import Writer
from storage.database_errors import DAMAGED
from storage.fault_records import Fault
from storage.tables import events, faults
from storage.vocabulary import Severity
from storage.workspace import Workspace

PAGE = 4096


class Part:
    """A part of the engine whose clock and measurements a test sets, with a database that is damaged or not."""

    def __init__(self, database: Path) -> None:
        self.writer = Writer(database)
        self.time_s = 0.0
        self.measuring = False
        self._part = Verifying(
            database,
            self.writer,
            now=lambda: 1.0,
            measuring=lambda: self.measuring,
            monotonic=lambda: self.time_s,
        )

    def told(self) -> list[Fault]:
        """Have it look whether it is time, and return what is open after that."""
        self._part.work()
        with self.writer.transaction() as connection:
            return faults.all_open(connection)


@pytest.fixture
def filled(workspace: Workspace) -> Path:
    """Return a database with some pages of events, written back into its one file."""
    writer = Writer(workspace.database)
    with writer.transaction() as connection:
        for number in range(600):
            events.add(connection, "test", f"the event of number {number}", at=float(number))
    writer.close()
    return workspace.database


@pytest.fixture
def damaged(filled: Path) -> Path:
    """Return it with a page of events that says nothing any more."""
    place = filled.read_bytes().index(b"the event of number 300")
    with filled.open("r+b") as file:
        file.seek(place // PAGE * PAGE)
        file.write(b"\xff" * PAGE)
    return filled


@pytest.fixture
def part(damaged: Path) -> Iterator[Part]:
    """Return the part with a damaged database."""
    held = Part(damaged)
    yield held
    held.writer.close()


def test_damage_is_told_before_a_job_meets_it(part: Part) -> None:
    """As an error with what helps; a day later it is counted, and not told anew."""
    [fault] = part.told()
    assert (fault.code, fault.model, fault.severity) == (DAMAGED, "", Severity.ERROR)
    assert "db verify --salvage" in fault.repair
    part.time_s = EVERY_S - 1
    assert [one.count for one in part.told()] == [1]
    part.time_s = EVERY_S
    assert [one.count for one in part.told()] == [2]


def test_nothing_is_read_while_a_model_is_measured(part: Part) -> None:
    """Reading would be in its figures; it is done when that is over."""
    part.measuring = True
    assert part.told() == []
    part.measuring = False
    assert len(part.told()) == 1


def test_a_large_database_is_left_to_who_asks(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading gigabytes each day is nothing that somebody asked for."""
    monkeypatch.setattr(upkeep, "QUICKLY_READ", 1000)
    assert part.told() == []


def test_a_sound_database_is_told_nothing_of(filled: Path) -> None:
    """Nor is one that cannot be opened at the moment: that says nothing about what it holds."""
    held = Part(filled)
    assert held.told() == []
    held.writer.close()
    with pytest.raises(sqlite3.OperationalError):
        upkeep.damage(filled.with_name("nowhere.db"))
