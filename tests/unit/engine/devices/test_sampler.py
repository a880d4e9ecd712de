"""The thread that records readings, on a real database."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from types import SimpleNamespace

import msgspec
import pytest

from engine import devices
from engine.devices import Found, sampler
from engine.devices.hardware import GONE
from engine.devices.sampler import Sampler
from storage import jobs
from storage.database import Reader, Writer
from storage.device_details import DeviceDetails, DeviceProcess, DriverError, Obstacle
from storage.fault_records import Event
from storage.records import Device
from storage.tables import devices as table
from storage.tables import events
from storage.vocabulary import DeviceKind, JobKind, Severity

Start = Callable[..., Sampler]
WAIT_S = 60.0


class Card:
    """A device of a test: what it reads next, and how often its reader was closed."""

    def __init__(self, name: str) -> None:
        self.device = Device(
            id=name, kind=DeviceKind.GPU, name="Card", usable_by=(), note="", memory_total_bytes=None
        )
        self.note = ""
        self.details = DeviceDetails()
        self.broken = False
        self.closed = 0

    def read(self, now: float) -> Device:
        """Return the next reading."""
        if self.broken:
            raise ZeroDivisionError
        utilisation = None if self.note else 0.5
        return msgspec.structs.replace(
            self.device, at=now, utilisation=utilisation, note=self.note, details=self.details
        )

    def close(self) -> None:
        """Count that the reader was closed."""
        self.closed += 1


@pytest.fixture
def start(writer: Writer) -> Iterator[Start]:
    """Return a function that starts a quick sampler; those started end with the test."""
    started: list[Sampler] = []

    def begin(interval_s: float = 0.02) -> Sampler:
        thread = Sampler(writer, interval_s, time.time)
        started.append(thread)
        thread.start()
        return thread

    yield begin
    for thread in started:
        thread.stop()


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> dict[str, Card]:
    """Return the devices that are here, by id; the test may add, remove and break them. Looked for often."""
    here = {name: Card(name) for name in ("cuda:0", "cuda:1")}

    def detect() -> list[Found]:
        return [
            Found(card.device, SimpleNamespace(reader=lambda _device, card=card: card))
            for card in list(here.values())
        ]

    monkeypatch.setattr(devices, "detect", detect)
    monkeypatch.setattr(sampler, "DETECT_S", 0.1)
    return here


def recorded(reader: Reader) -> dict[str, Device]:
    """Return the devices in the database, by id."""
    with reader.transaction() as connection:
        return {device.id: device for device in table.read(connection)}


def told(reader: Reader) -> list[Event]:
    """Return the events, oldest first."""
    with reader.transaction() as connection:
        return events.read(connection, limit=100)[::-1]


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds, or fail."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def readings(reader: Reader, device: str, more: int) -> None:
    """Wait until a device was read so many times more."""
    for _ in range(more):
        before = recorded(reader)[device].at
        wait_for(lambda before=before: recorded(reader)[device].at != before)  # type: ignore[misc]


def _heard(reader: Reader, errors: tuple[DriverError, ...]) -> bool:
    return recorded(reader)["cuda:1"].details.driver_errors == errors


def test_an_error_of_a_driver_is_told_once_and_has_its_fault_looked_for(
    start: Start, cards: dict[str, Card], reader: Reader
) -> None:
    """Each number is one event however often it comes, with what it means, and asks for a check of the workspace."""
    start()
    wait_for(lambda: len(recorded(reader)) == 2)
    for count in (1, 2):
        heard = (DriverError(79, count, 5.0),)
        cards["cuda:1"].details = DeviceDetails(driver_errors=heard, listening_since=1.0)
        wait_for(partial(_heard, reader, heard))
    cards["cuda:1"].details = DeviceDetails(
        driver_errors=(*heard, DriverError(31, 1, 6.0)), listening_since=1.0
    )
    wait_for(lambda: len(told(reader)) >= 2)
    assert [(event.severity, event.message) for event in told(reader)] == [
        (Severity.ERROR, "cuda:1 (Card): Xid 79, it has fallen off the bus (hardware)"),
        (
            Severity.WARNING,
            "cuda:1 (Card): Xid 31, a program reached for memory that it may not use (mostly the program's mistake)",
        ),
    ]
    with reader.transaction() as connection:
        asked = jobs.read(connection, limit=10)
    assert {(job.kind, job.model) for job in asked} == {(JobKind.CHECK, "")}


def test_this_machine_is_recorded(start: Start, reader: Reader) -> None:
    """The real processor is in the database with readings of its own, one an interval."""
    start()
    wait_for(lambda: "cpu" in recorded(reader) and recorded(reader)["cpu"].at is not None)
    wait_for(lambda: len(recorded(reader)["cpu"].history) >= 3)
    found = recorded(reader)["cpu"]
    assert found.memory_used_bytes is not None
    assert found.memory_total_bytes is not None
    assert 0 < found.memory_used_bytes < found.memory_total_bytes
    assert all(0 <= share <= 1 for share in found.history)


def test_it_ends_at_once(start: Start, reader: Reader) -> None:
    """In the middle of an interval too: nobody waits for the rest of an hour."""
    thread = start(3600.0)
    wait_for(lambda: recorded(reader))
    thread.stop()
    wait_for(lambda: not thread.is_alive())
    assert not thread.is_alive()


def test_it_may_be_ended_before_it_began(writer: Writer) -> None:
    """Ending a sampler that was never started does nothing."""
    Sampler(writer, 1.0, time.time).stop()


@pytest.mark.usefixtures("writer")
def test_a_sample_costs_little(writer: Writer) -> None:
    """A look at this machine's devices and a record of it take less than 5 ms of a core: 0.5 % at once a second."""
    thread = Sampler(writer, 1.0, time.time)
    thread._look()
    costs = []
    for _ in range(40):
        began = time.thread_time()
        thread._sample()
        costs.append(time.thread_time() - began)
    # The median: what a neighbour makes of the processor's cache meets some of them.
    assert median(costs) < 0.005


def test_trouble_is_told_once(start: Start, cards: dict[str, Card], reader: Reader) -> None:
    """A device that cannot be read has readings of None and a note, one event says so, and the others go on."""
    start()
    wait_for(lambda: len(recorded(reader)) == 2)
    cards["cuda:0"].note = "NVML: GPU is lost"
    wait_for(lambda: recorded(reader)["cuda:0"].note == "NVML: GPU is lost")
    readings(reader, "cuda:1", 5)
    lost, other = recorded(reader)["cuda:0"], recorded(reader)["cuda:1"]
    assert lost.utilisation is None
    assert lost.note == "NVML: GPU is lost"
    assert other.utilisation == 0.5
    assert [(event.severity, event.message) for event in told(reader)] == [
        (Severity.WARNING, "cuda:0 (Card): NVML: GPU is lost")
    ]


def test_recovery_is_told(start: Start, cards: dict[str, Card], reader: Reader) -> None:
    """A device that can be read again says so in the log, and its note is gone."""
    start()
    wait_for(lambda: len(recorded(reader)) == 2)
    cards["cuda:0"].note = "lost"
    wait_for(lambda: told(reader))
    cards["cuda:0"].note = ""
    wait_for(lambda: len(told(reader)) == 2)
    assert told(reader)[1].message == "cuda:0 (Card): can be read again"
    assert told(reader)[1].severity is Severity.INFO
    assert recorded(reader)["cuda:0"].note == ""


def test_reader_that_raises_does_not_end_the_rest(
    start: Start, cards: dict[str, Card], reader: Reader
) -> None:
    """A family that raises against its promise reads None, is told once, and leaves the others alone."""
    cards["cuda:0"].broken = True
    start()
    wait_for(lambda: told(reader))
    wait_for(lambda: len(recorded(reader)["cuda:1"].history) >= 4)
    assert recorded(reader)["cuda:0"].utilisation is None
    assert [event.message for event in told(reader)] == [
        "cuda:0 (Card): it cannot be read (ZeroDivisionError)"
    ]


def test_devices_come_and_go(start: Start, cards: dict[str, Card], reader: Reader) -> None:
    """A device that is unplugged leaves the list and is told, and so is one that comes; nothing is told at the start."""
    start()
    wait_for(lambda: len(recorded(reader)) == 2)
    assert told(reader) == []
    gone = cards.pop("cuda:1")
    wait_for(lambda: "cuda:1" not in recorded(reader))
    cards["cuda:2"] = Card("cuda:2")
    wait_for(lambda: "cuda:2" in recorded(reader) and recorded(reader)["cuda:2"].utilisation == 0.5)
    assert [event.message for event in told(reader)] == ["cuda:1 (Card): is gone", "cuda:2 (Card): has come"]
    assert gone.closed == 1


def test_device_that_vanishes_is_told_once(
    start: Start, cards: dict[str, Card], reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that is unplugged between two looks is told as gone once, and leaves the list without waiting."""
    # The first look is made at the start; the next one is made for the device's sake.
    monkeypatch.setattr(sampler, "DETECT_S", 3600.0)
    start()
    wait_for(lambda: len(recorded(reader)) == 2)
    readings(reader, "cuda:1", 1)
    gone = cards.pop("cuda:1")
    gone.note = GONE
    wait_for(lambda: "cuda:1" not in recorded(reader))
    assert [event.message for event in told(reader)] == ["cuda:1 (Card): is gone"]
    assert gone.closed


def test_what_a_device_tells_besides_is_recorded(
    start: Start, cards: dict[str, Card], reader: Reader
) -> None:
    """The latest details of a device are in the database with its obstacles, and a look for devices keeps them."""
    processes = (DeviceProcess(7, 1024, 0.5),)
    obstacle = Obstacle("onnx", "no provider", "pip install it")
    cards["cuda:0"].device = msgspec.structs.replace(cards["cuda:0"].device, obstacles=(obstacle,))
    cards["cuda:0"].details = DeviceDetails(clock_mhz=1500.0, slowed_by=("heat",), processes=processes)
    start()
    wait_for(lambda: recorded(reader).get("cuda:0", EMPTY).details.clock_mhz == 1500.0)
    readings(reader, "cuda:0", 10)
    found = recorded(reader)["cuda:0"]
    assert found.details == cards["cuda:0"].details
    assert found.obstacles == (obstacle,)


def test_a_process_is_told_by_the_model_that_it_runs(
    cards: dict[str, Card], writer: Writer, reader: Reader
) -> None:
    """Where the engine's own process uses a device, people see which model that is; another's keeps its number alone."""
    cards["cuda:0"].details = DeviceDetails(
        processes=(DeviceProcess(7, 1024, 0.5), DeviceProcess(8, 512, None))
    )
    thread = Sampler(writer, 0.02, time.time, lambda: {8: "digits", 9: "mnist"})
    thread.start()
    wait_for(lambda: recorded(reader).get("cuda:0", EMPTY).details.processes)
    thread.stop()
    assert recorded(reader)["cuda:0"].details.processes == (
        DeviceProcess(7, 1024, 0.5),
        DeviceProcess(8, 512, None, "digits"),
    )


def test_readings_are_noted_to_be_rolled_up(start: Start, cards: dict[str, Card], reader: Reader) -> None:
    """Whatever was read is sure to be rolled up: its minute, hour and day are due from the same transaction on."""
    del cards
    start()
    wait_for(lambda: recorded(reader).get("cuda:0", EMPTY).history)
    with reader.transaction() as connection:
        for level in (60, 3600, 86400):
            (missing,) = connection.execute(
                "SELECT count(*) FROM device_samples WHERE NOT EXISTS (SELECT 1 FROM rollups_due AS due WHERE level = ? "
                "AND due.device_id = device_samples.device_id AND due.at <= device_samples.at AND device_samples.at < due.at + level)",
                (level,),
            ).fetchone()
            assert missing == 0


def test_locked_database_leaves_a_gap(
    start: Start, cards: dict[str, Card], reader: Reader, writer: Writer
) -> None:
    """While the database cannot be written nothing is recorded, and recording goes on by itself afterwards."""
    del cards
    # The lock lasts longer than we want to wait for it here.
    writer._connections["NORMAL"].execute("PRAGMA busy_timeout = 10")
    thread = start()
    wait_for(lambda: recorded(reader).get("cuda:0", EMPTY).history)
    intruder = sqlite3.connect(
        writer._connections["NORMAL"].execute("PRAGMA database_list").fetchone()["file"]
    )
    intruder.execute("BEGIN IMMEDIATE")
    held = recorded(reader)["cuda:0"].at
    time.sleep(0.2)
    assert thread.is_alive()
    assert recorded(reader)["cuda:0"].at == held
    intruder.rollback()
    intruder.close()
    wait_for(lambda: recorded(reader)["cuda:0"].at != held)


EMPTY = Card("none").device
