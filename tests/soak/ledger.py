"""Every job that there ever was, and how it ended: the proof that none was lost.

Numbers of jobs have no gaps, and finished jobs stay for hundreds of others; so who looks often enough sees each of them,
also where retention drops it afterwards. Owns what counts as lost.
"""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from storage import interrupted
from storage.database import Reader
from storage.vocabulary import FINISHED, JobState


class Entry(NamedTuple):
    """A job as it was last seen."""

    kind: str
    model: str
    version: int | None
    parameters: str
    state: str
    attempt: int
    finished_at: float | None
    error: str


class Ledger:
    """What is known about every job."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self._settled = 0
        """Every job up to this one has ended."""

    def look(self, database: Path) -> None:
        """Note every job that has not ended, and every new one."""
        with closing(Reader(database)) as reader, reader.transaction() as connection:
            rows = connection.execute(
                "SELECT id, kind, model, version, parameters, state, attempt, finished_at, error FROM jobs WHERE id > ?",
                (self._settled,),
            ).fetchall()
        self.entries.update((row["id"], Entry(*tuple(row)[1:])) for row in rows)
        while (following := self.entries.get(self._settled + 1)) is not None and following.state in FINISHED:
            self._settled += 1

    def waiting(self) -> int:
        """Return how many jobs waited when it was last looked."""
        return sum(entry.state == JobState.QUEUED for entry in self.entries.values())

    def problems(self, asked: Iterable[int]) -> list[str]:
        """Return which jobs were lost: never seen to end, or interrupted and not begun again though their kind is."""
        last = max(self.entries, default=0)
        found = [
            f"job {number} was never seen" for number in {*range(1, last + 1), *asked} - self.entries.keys()
        ]
        for number, entry in self.entries.items():
            if entry.state not in FINISHED:
                found.append(f"job {number} ({entry.kind} {entry.model}) has no end: it is {entry.state}")
            elif entry.state == JobState.INTERRUPTED and not self._went_on(number, entry):
                found.append(
                    f"job {number} ({entry.kind} {entry.model}) was interrupted and never begun again"
                )
        return found

    def account(self) -> str:
        """Return how they ended, as a sentence."""
        states = [entry.state for entry in self.entries.values()]
        ends = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
        return (
            f"{len(self.entries)} jobs, each with an end: {ends}"
            if self._all()
            else f"{len(self.entries)} jobs: {ends}"
        )

    def _all(self) -> bool:
        return self._settled == len(self.entries)

    def _went_on(self, number: int, entry: Entry) -> bool:
        """Whether what was interrupted is not begun again, by its kind or for the last time, or another one did the same after it."""
        if (
            entry.kind not in {str(kind) for kind in interrupted.RETRIED}
            or entry.attempt >= interrupted.MAXIMUM_ATTEMPTS
        ):
            return True
        return any(
            other.kind == entry.kind
            and (other.model, other.version, other.parameters)
            == (entry.model, entry.version, entry.parameters)
            and (other.finished_at or 0) >= (entry.finished_at or 0)
            for key, other in self.entries.items()
            if key != number
        )
