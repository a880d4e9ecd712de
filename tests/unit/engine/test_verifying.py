"""When the engine reads all of its database, and what it tells of damage."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import verifying
from engine.verifying import EVERY_S, LARGE_EVERY_S, LARGE_FIRST_S, LOWEST_PRIORITY, Verifying
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
        self.measured_from: int | None = None
        """At which question a measurement begins, where one does."""
        self.asked = 0
        self._part = Verifying(
            database,
            self.writer,
            now=lambda: 1.0,
            measuring=self._measures,
            monotonic=lambda: self.time_s,
        )

    def _measures(self) -> bool:
        self.asked += 1
        return self.measuring or (self.measured_from is not None and self.asked > self.measured_from)

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


def test_a_large_database_is_read_once_a_week(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at the start, and not each day; a page that is spoilt is found all the same."""
    monkeypatch.setattr(upkeep, "QUICKLY_READ", 1000)
    assert part.told() == []
    part.time_s = LARGE_FIRST_S
    [fault] = part.told()
    assert (fault.code, fault.count) == (DAMAGED, 1)
    part.time_s = LARGE_FIRST_S + LARGE_EVERY_S - 1
    assert [one.count for one in part.told()] == [1]
    part.time_s = LARGE_FIRST_S + LARGE_EVERY_S
    assert [one.count for one in part.told()] == [2]


def test_the_largest_databases_are_left_to_who_asks(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes of a slow disk are nothing that somebody asked for."""
    monkeypatch.setattr(upkeep, "QUICKLY_READ", 1000)
    monkeypatch.setattr(verifying, "MOST_READ", 2000)
    part.time_s = LARGE_FIRST_S
    assert part.told() == []


def test_reading_a_large_database_is_given_up_when_a_model_is_measured(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of it, within moments; when that is over it is begun anew."""
    monkeypatch.setattr(upkeep, "QUICKLY_READ", 1000)
    monkeypatch.setattr(upkeep, "STEPS", 10)
    part.time_s = LARGE_FIRST_S
    part.measured_from = 3
    assert part.told() == []
    assert part.asked > 3
    part.measured_from = None
    assert len(part.told()) == 1


def test_a_sound_database_is_told_nothing_of(filled: Path) -> None:
    """Nor is one that cannot be opened at the moment: that says nothing about what it holds."""
    held = Part(filled)
    assert held.told() == []
    held.writer.close()
    with pytest.raises(sqlite3.OperationalError):
        upkeep.damage(filled.with_name("nowhere.db"))


def test_it_reads_after_everybody_else(filled: Path) -> None:
    """Its thread has the lowest priority there is, and no other thread has."""
    writer = Writer(filled)
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    thread = Verifying(filled, writer, now=lambda: 1.0, measuring=lambda: False)
    thread.start()
    deadline = time.monotonic() + 60
    while os.getpriority(os.PRIO_PROCESS, thread.native_id or 0) != LOWEST_PRIORITY:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
    thread.stop()
    writer.close()
