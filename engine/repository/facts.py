"""What is on record about the folders, read in one transaction.

Owns the form in which a pass compares the record with the listing.
"""

import sqlite3
from typing import NamedTuple

from engine import policy
from engine.repository.settle import Key
from storage.tables import inbox, models
from storage.vocabulary import Status


class Facts(NamedTuple):
    """The rows that a pass needs."""

    models: dict[str, sqlite3.Row]
    """Rows of `models.model_rows`, by name."""
    versions: dict[tuple[str, int], sqlite3.Row]
    """Rows of `models.version_rows`, by model and number."""
    arrivals: dict[Key, sqlite3.Row]
    """Rows of `inbox.rows`, by model and stored name."""

    highest: dict[str, int]
    """The highest number that a version ever had, by model."""

    def statuses(self) -> dict[tuple[str, int], Status]:
        """Return the status of every version."""
        return {key: Status(row["status"]) for key, row in self.versions.items()}

    def retry_in(self, now: float) -> float | None:
        """Return in how many seconds the next failed version is to be tried again, or ``None`` where none is."""
        waits = (
            policy.retry_in(row["retry_at"], now)
            for row in self.versions.values()
            if row["status"] == Status.FAILED
        )
        # What is due already was taken up by the pass that asks.
        return min((seconds for seconds in waits if seconds), default=None)


def read_facts(connection: sqlite3.Connection) -> Facts:
    """Return what is on record."""
    versions = {(row["model"], row["number"]): row for row in models.version_rows(connection)}
    highest: dict[str, int] = {}
    for name, number in versions:
        highest[name] = max(number, highest.get(name, 0))
    return Facts(
        {row["name"]: row for row in models.model_rows(connection)},
        versions,
        {(row["model"], row["name"]): row for row in inbox.rows(connection)},
        highest,
    )
