"""The thread that reads every device at a steady interval and records what it read.

Owns when devices are looked for and read; what becomes of readings is for `engine.rolling`. A reading that could not
be had is recorded as not had, and why it could not is told once, not every second.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping

import msgspec

from engine import devices
from engine.devices import DeviceReader, Found
from engine.devices.hardware import GONE
from storage import jobs
from storage.database import Writer
from storage.records import Device
from storage.tables import devices as table
from storage.tables import events, rollups
from storage.vocabulary import JobKind, Severity
from storage.xids import xid

log = logging.getLogger(__name__)

DETECT_S = 60.0
"""How often hardware and runtimes are looked for anew: a plugged-in device or an installed framework
shows within a minute, and a look costs some milliseconds."""

STOP_S = 0.1
"""How long the end may take. A driver that hangs may take longer; the thread is a daemon and is left behind."""


class Sampler(threading.Thread):
    """Reads every device once an interval and records it."""

    def __init__(
        self,
        writer: Writer,
        interval_s: float,
        now: Callable[[], float],
        models: Callable[[], Mapping[int, str]] = dict,
    ) -> None:
        """``models`` tells which model runs in which process, by the process' number."""
        super().__init__(name="sampler", daemon=True)
        self._writer = writer
        self._interval_s = interval_s
        self._now = now
        self._models = models
        self._stopping = threading.Event()
        self._look_at = time.monotonic()
        self._found: dict[str, Found] | None = None
        self._readers: dict[str, DeviceReader] = {}
        self._troubled: dict[str, str] = {}
        """What keeps a device from being read, as it was told."""
        self._errors: dict[str, set[int]] = {}
        """Numbers of errors of their drivers that were told, by device."""
        self._healthy: set[str] = set()
        """Devices whose latest reading was without trouble."""

    def run(self) -> None:
        """Sample until `stop`."""
        due = time.monotonic()
        writing = True
        while True:
            looking = time.monotonic() >= self._look_at
            try:
                self._look() if looking else self._sample()
            except sqlite3.Error as error:
                # A full disk or a locked file: this reading is a gap, the next may be written again.
                if writing:
                    log.warning("readings of devices cannot be written: %s", error)
                writing = False
            else:
                writing = True
                if looking:
                    self._look_at = time.monotonic() + DETECT_S
            # A machine that slept, or a slow disk, leaves a gap; nothing is caught up.
            due = max(due + self._interval_s, time.monotonic())
            if self._stopping.wait(due - time.monotonic()):
                break
        for reader in self._readers.values():
            reader.close()

    def stop(self) -> None:
        """End, and return when ended."""
        self._stopping.set()
        if self.is_alive():
            self.join(STOP_S)

    def _look(self) -> None:
        """See which devices there are, and record them."""
        found = {one.device.id: one for one in devices.detect()}
        before = self._found
        well = [name for name in self._troubled if name in self._healthy]
        troubled = {
            name: words for name, words in self._troubled.items() if name in found and name not in well
        }
        now = self._now()
        with self._writer.passing() as connection:
            table.replace(connection, [_noted(one.device, troubled) for one in found.values()])
            for device in _gone_and_come(before, found):
                change = "has come" if device.id in found else GONE
                if self._troubled.get(device.id) != change:
                    _tell(connection, device, change, at=now, severity=Severity.WARNING)
            for name in well:
                if name in found:
                    _tell(connection, found[name].device, "can be read again", at=now, severity=Severity.INFO)
        self._keep_readers(found)
        self._found, self._troubled = found, troubled

    def _tell_errors(self, connection: sqlite3.Connection, readings: list[Device], now: float) -> None:
        """Tell each number of a driver's errors when it is new, and have its fault opened now, not in an hour."""
        for one in readings:
            new = _numbers(one) - self._errors.get(one.id, set())
            self._errors[one.id] = _numbers(one)
            for number in sorted(new):
                meant = xid(number)
                severity = Severity.ERROR if meant.grave else Severity.WARNING
                _tell(connection, one, meant.sentence(number), at=now, severity=severity)
            if new:
                jobs.add(connection, JobKind.CHECK, "", None, requested_by=jobs.SCHEDULE, now=now)

    def _keep_readers(self, found: dict[str, Found]) -> None:
        """Let go of devices that went or changed, and begin to read the new ones."""
        for name, reader in list(self._readers.items()):
            if self._found is None or name not in found or found[name] != self._found[name]:
                reader.close()
                del self._readers[name]
        for name, one in found.items():
            if name not in self._readers:
                self._readers[name] = one.reader()

    def _sample(self) -> None:
        """Read every device, and record the readings and any new trouble."""
        now = self._now()
        found = self._found or {}
        readings = [_read(found[name].device, reader, now) for name, reader in self._readers.items()]
        models = self._models()
        readings = [_with_models(one, models) for one in readings]
        if self._stopping.is_set():
            # A driver held us up until the engine's end: the database may be closed.
            return
        trouble = {one.id: one.note for one in readings if one.note != found[one.id].device.note}
        new = {name: words for name, words in trouble.items() if name not in self._troubled}
        self._healthy = set(found) - set(trouble)
        with self._writer.passing() as connection:
            table.add_samples(connection, readings)
            rollups.note(connection, readings)
            if new:
                told = self._troubled | new
                table.replace(connection, [_noted(one.device, told) for one in found.values()])
            for name, words in new.items():
                _tell(connection, found[name].device, words, at=now, severity=Severity.WARNING)
            self._tell_errors(connection, readings, now)
        self._troubled |= new
        if GONE in new.values():
            # What else went or came with it is to be seen now, not in a minute.
            self._look_at = time.monotonic()


def _numbers(device: Device) -> set[int]:
    return {one.number for one in device.details.driver_errors or ()}


def _read(device: Device, reader: DeviceReader, now: float) -> Device:
    try:
        return reader.read(now)
    except Exception as error:
        # A family promises not to raise; one that breaks its promise must not silence the others.
        log.exception("%s could not be read", device.id)
        return msgspec.structs.replace(device, at=now, note=f"it cannot be read ({type(error).__name__})")


def _with_models(reading: Device, models: Mapping[int, str]) -> Device:
    """Return a reading whose processes are told by the models that they run, where our engine started them."""
    if not any(one.pid in models for one in reading.details.processes or ()):
        return reading
    named = tuple(
        msgspec.structs.replace(one, model=models.get(one.pid, "")) for one in reading.details.processes or ()
    )
    return msgspec.structs.replace(reading, details=msgspec.structs.replace(reading.details, processes=named))


def _noted(device: Device, trouble: dict[str, str]) -> Device:
    return msgspec.structs.replace(device, note=trouble.get(device.id, device.note))


def _gone_and_come(before: dict[str, Found] | None, now: dict[str, Found]) -> list[Device]:
    if before is None:  # the engine has only just started
        return []
    return [(before.get(name) or now[name]).device for name in sorted(before.keys() ^ now.keys())]


def _tell(
    connection: sqlite3.Connection, device: Device, words: str, *, at: float, severity: Severity
) -> None:
    events.add(connection, "device", f"{device.id} ({device.name}): {words}", at=at, severity=severity)
