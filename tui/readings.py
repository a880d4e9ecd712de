"""Two readings one after the other: what is as it was is held once. Pure.

What is read, what is shown and what is on its way between them would hold each job, event and version three times.
"""

from typing import Protocol, TypeVar

from msgspec.structs import replace

from storage.snapshot import Detail, Snapshot


class Numbered(Protocol):
    """What the database knows by a number."""

    @property
    def id(self) -> int:
        """Return what stays the same while the rest changes."""


NumberedT = TypeVar("NumberedT", bound=Numbered)


def with_same(found: Snapshot, before: Snapshot) -> Snapshot:
    """Return what was found, with the very jobs and events of before where they are as they were."""
    return replace(found, jobs=_same(found.jobs, before.jobs), events=_same(found.events, before.events))


def with_same_evaluations(found: Detail | None, before: Detail | None) -> Detail | None:
    """Return what was found, with the very evaluations of before where they are as they were."""
    if found is None or before is None:
        return found
    return replace(found, evaluations=_same(found.evaluations, before.evaluations))


def _same(found: tuple[NumberedT, ...], before: tuple[NumberedT, ...]) -> tuple[NumberedT, ...]:
    known = {one.id: one for one in before}
    return tuple(known[one.id] if known.get(one.id) == one else one for one in found)
