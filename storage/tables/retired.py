"""Versions that were before what is deployed, and whose files nothing needs any more.

Owns who needs them all the same: a way back, the newest few, what a version that stays was made of, and work that waits
or goes on. It removes nothing.
"""

import sqlite3
from typing import Final, NamedTuple

from storage.vocabulary import JobKind, JobState, PromotionOutcome, Status, TrainingState

HARMLESS: Final = (JobKind.REPAIR, JobKind.CHECK, JobKind.ACKNOWLEDGE, JobKind.NOTIFY)
"""Kinds of jobs that read no version but what is deployed."""

SETTLED: Final = (Status.READY, Status.FAILED, Status.QUARANTINED, Status.UNSUPPORTED)
"""Statuses of versions that nobody looks into just now."""


class Retired(NamedTuple):
    """A version whose files may go."""

    id: int
    model: str
    number: int


def read(connection: sqlite3.Connection, keep: int) -> list[Retired]:
    """Return the versions whose files may go where the newest ``keep`` of those of each model stay, the oldest first."""
    rows = connection.execute(
        "SELECT versions.id, models.name AS model, versions.number, models.id AS model_id FROM versions "  # noqa: S608 - question marks alone
        "JOIN models ON models.id = versions.model_id JOIN versions AS current ON current.id = models.current_id "
        "WHERE models.present AND versions.number < current.number AND versions.id IS NOT models.previous_id "
        f"AND versions.status IN ({_marks(SETTLED)}) "
        # A switch that is under way has its way back on record only when it is done.
        "AND NOT EXISTS (SELECT 1 FROM promotions WHERE promotions.model_id = models.id AND promotions.outcome = ?) "
        "AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.model = models.name AND jobs.state IN (?, ?) "
        f"AND jobs.kind NOT IN ({_marks(HARMLESS)})) "
        "ORDER BY models.name, versions.number",
        (*SETTLED, PromotionOutcome.INTENDED, JobState.QUEUED, JobState.RUNNING, *HARMLESS),
    ).fetchall()
    found: list[Retired] = []
    for model_id in dict.fromkeys(row["model_id"] for row in rows):
        old = [Retired(row["id"], row["model"], row["number"]) for row in rows if row["model_id"] == model_id]
        going = old[: max(len(old) - keep, 0)]
        found.extend(_unneeded(connection, model_id, going))
    return found


def _unneeded(connection: sqlite3.Connection, model_id: int, going: list[Retired]) -> list[Retired]:
    """Leave out what a version that stays was made of: without it, it could not be made again to the bit."""
    numbers = {one.number for one in going}
    parents = connection.execute(
        "SELECT versions.number AS child, base_version AS parent FROM training_runs "
        "JOIN models ON models.name = training_runs.model JOIN versions ON versions.model_id = models.id "
        "AND versions.sha256 = training_runs.sha256 WHERE models.id = :model AND base_version IS NOT NULL "
        "UNION SELECT NULL, base_version FROM training_runs JOIN models ON models.name = training_runs.model "
        "WHERE models.id = :model AND state = :running AND base_version IS NOT NULL "
        "UNION SELECT versions.number, parent FROM exports JOIN versions ON versions.model_id = exports.model_id "
        "AND versions.sha256 = exports.sha256 WHERE exports.model_id = :model",
        {"model": model_id, "running": TrainingState.RUNNING},
    ).fetchall()
    needed = {row["parent"] for row in parents if row["child"] not in numbers}
    return [one for one in going if one.number not in needed]


def _marks(words: tuple[str, ...]) -> str:
    return ", ".join("?" * len(words))
