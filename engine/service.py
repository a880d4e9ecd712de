"""The engine's main loop: notice, hand out, beat the heart, stop cleanly.

It does no work itself: jobs run on lanes (threads), so that a long evaluation delays neither a promotion
nor the heartbeat, and the heartbeat comes from here, so that it tells the truth about this loop.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

import psutil

from engine import clock
from engine.doorbell import Doorbell
from engine.jobs.context import Context
from engine.jobs.reading import prepared_data
from engine.lanes import STORE_RETRY_S, Lane
from engine.service_manager import Manager
from storage import heaps, jobs
from storage.tables import engine as engine_table
from storage.tables import events
from storage.vocabulary import Severity

log = logging.getLogger(__name__)

HEARTBEAT_S = 1.0
"""How often the heart beats, and how long a job can wait at most of whose writing nobody heard."""

HOUSEKEEPING_S = 60.0


class Part(Protocol):
    """A part of the engine that runs beside the main loop."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End, and return when ended."""
        ...


class Service(NamedTuple):
    """The engine, put together."""

    context: Context
    lanes: tuple[Lane, ...]
    parts: tuple[Part, ...]
    stopping: threading.Event
    bell: Doorbell
    """Rung after ``stopping`` was set."""
    monotonic: Callable[[], float]
    manager: Manager = Manager()
    outdated: Callable[[], bool] = lambda: False
    """Whether the settings that the parts were made with hold no more; asked once a second."""

    def run(self) -> None:
        """Work until ``stopping`` is set or the settings are outdated, then end every part in reverse order."""
        started: list[Part] = []
        try:
            for part in (*self.parts, *self.lanes):
                part.start()
                started.append(part)
            self.manager.ready()
            self._loop()
            if self.stopping.is_set():
                self.manager.stopping()
        finally:
            for lane in self.lanes:
                lane.let_go()
            # Before the lanes are waited for: a job may be waiting for a framework's import, which hears of nothing.
            for end in (
                self.context.pool.close,
                self.context.hosts.close,
                *(part.stop for part in reversed(started)),
            ):
                try:
                    end()
                except Exception:
                    # One part that cannot end must not keep the others running.
                    log.exception("%s could not be stopped", end)

    def _loop(self) -> None:
        beat_at = housekeeping_at = self.monotonic()
        looked = clock.Look(self.context.now(), beat_at)
        process = psutil.Process()
        while not self.stopping.is_set():
            try:
                self._hand_out()
                now = self.monotonic()
                if now >= beat_at:
                    beat_at = now + HEARTBEAT_S
                    self.manager.alive()
                    self._beat(process)
                    looked = self._tell_clock(looked)
                    if self._over():
                        return
                if now >= housekeeping_at:
                    housekeeping_at = now + HOUSEKEEPING_S
                    self._keep_house(now)
            except (OSError, sqlite3.Error):
                # The disk is full, the file is locked, or no more files may be opened: the heart beats late, which is what a
                # viewer should see. The loop goes round all the same, and nothing would be better after a new start.
                log.exception("what the engine knows of itself could not be written")
                self.manager.alive()
                self.stopping.wait(STORE_RETRY_S)
            self.bell.wait(beat_at - self.monotonic())

    def _hand_out(self) -> None:
        """Wake the lanes that a job waits for.

        The log is written to before what is in it can be seen. As a writer, though we write nothing, we see everything
        that was written before we began: whoever wrote it has let the next writer in.
        """
        with self.context.writer.passing() as connection:
            wanted = [lane for lane in self.lanes if lane.wanted(connection)]
        for lane in wanted:
            lane.wake()

    def _over(self) -> bool:
        """Whether it is time to begin anew with other settings: each job that runs ends by those that it began with.

        One lane after another, the last one first: while a training goes on for hours, the others work as ever.
        """
        if not self.outdated():
            # Whoever changed the settings has changed them back meanwhile.
            for lane in self.lanes:
                lane.go_on()
            return False
        for lane in reversed(self.lanes):
            lane.finish()
            if not lane.finished:
                return False
        return True

    def _beat(self, process: psutil.Process) -> None:
        with process.oneshot():
            rss, cpu = process.memory_info().rss, process.cpu_percent()
        with self.context.writer.passing() as connection:
            engine_table.beat(
                connection,
                now=self.context.now(),
                rss_bytes=rss,
                cpu_percent=cpu,
                hosts=self.context.hosts.states(),
            )

    def _tell_clock(self, before: clock.Look) -> clock.Look:
        """Say so in the log where the clock was set since the last look; return this one."""
        now = clock.Look(self.context.now(), self.monotonic())
        message = clock.change(before, now)
        if message:
            with self.context.writer.passing() as connection:
                events.add(connection, "clock-changed", message, at=now.wall, severity=Severity.WARNING)
        return now

    def _keep_house(self, now: float) -> None:
        self.context.pool.expire(now)
        self.context.hosts.retire_idle(now)
        prepared_data(self.context.workspace, self.context.settings).tidy()
        retention = self.context.settings.retention
        with self.context.writer.passing() as connection:
            events.prune(connection, keep=retention.events)
            jobs.prune(connection, keep=retention.jobs)
        heaps.give_back()
