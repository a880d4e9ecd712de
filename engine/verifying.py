"""The thread that reads the whole database now and then, so that damage is told before a job meets it.

Owns when that is done, and that a large database is left to whoever asks. It mends nothing: saving what can be read takes an
engine that is stopped.
"""

import logging
import sqlite3
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

    def work(self) -> None:
        """Read every page where it is time to, and tell of damage."""
        if self._monotonic() < self._due or self._measuring():
            return
        if self._database.stat().st_size <= upkeep.QUICKLY_READ:
            found = upkeep.damage(self._database)
            if found:
                log.error("the database is damaged: %s", "; ".join(found))
                with self._writer.transaction() as connection:
                    tell(connection, found[0], now=self._now())
        self._due = self._monotonic() + EVERY_S


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
