"""The thread that reads the whole database now and then, so that damage is told before a job meets it.

Owns when that is done, and how thoroughly: the larger, the less often. It mends nothing: saving what can be read takes an
engine that is stopped.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine.rounds import Rounds
from storage import upkeep
from storage.database import Writer
from storage.database_errors import DAMAGED, SALVAGE
from storage.tables import faults
from storage.vocabulary import Severity

log = logging.getLogger(__name__)

ROUND_S = 60.0
"""How long after the engine's start it is read first, when what was waiting is done; and how often it is looked whether it is time again."""

EVERY_S = 86400.0
"""Damage comes with a disk that fails or a program that writes into the file: hours matter little, weeks do."""

LARGE_EVERY_S = 7 * EVERY_S
LARGE_FIRST_S = 3600.0
"""A gigabyte takes 2.5 s of a core and is read from the disk, so not at each start. Measured on one of 1.05 GB, three years of
figures, in memory: 14 MB were taken. While the same was read with its indexes, which takes five times as long, a write took
0.12 ms at the median and 81 ms at most; how long it takes without was not measured."""

MOST_READ = 4 << 30
"""Bytes of the largest database that is read unasked: beyond that it is minutes of a slow disk, which is for people to choose."""

LOWEST_PRIORITY = 19


class Verifying(Rounds):
    """Reads the database once a day while nothing is measured."""

    def __init__(
        self,
        database: Path,
        writer: Writer,
        *,
        now: Callable[[], float],
        measuring: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``measuring`` tells whether reading would be in somebody's figures."""
        super().__init__("verifying", every_s=ROUND_S, failing="the database cannot be read as a whole")
        self._database = database
        self._writer = writer
        self._now = now
        self._measuring = measuring
        self._monotonic = monotonic
        self._due = 0.0
        self._large_due = monotonic() + LARGE_FIRST_S

    def run(self) -> None:
        """Work until `stop`, after everybody else: a thread has a priority of its own."""
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)
        super().run()

    def work(self) -> None:
        """Read every page where it is time to, and tell of damage."""
        size = self._database.stat().st_size
        large = size > upkeep.QUICKLY_READ
        due = self._large_due if large else self._due
        if self._monotonic() < due or self._given_up() or size > MOST_READ:
            return
        found = (
            upkeep.structural_damage(self._database, given_up=self._given_up)
            if large
            else upkeep.damage(self._database)
        )
        if found is None:
            # A model is measured now: it is begun anew when that is over.
            return
        if found:
            log.error("the database is damaged: %s", "; ".join(found))
            with self._writer.transaction() as connection:
                tell(connection, found[0], now=self._now())
        self._due = self._monotonic() + EVERY_S
        self._large_due = self._monotonic() + LARGE_EVERY_S

    def _given_up(self) -> bool:
        return self.stopping or self._measuring()


def tell(connection: sqlite3.Connection, reason: str, *, now: float) -> None:
    """Have the workspace say that its database is damaged; saving what can be read of it ends that."""
    faults.open_fault(
        connection,
        DAMAGED,
        f"A part of the database cannot be read: {reason}",
        at=now,
        severity=Severity.ERROR,
        repair=SALVAGE,
    )
