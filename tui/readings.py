"""Two readings of a model one after the other: what is as it was is held once. Pure.

What is read, what is shown and what is on its way between them would hold each evaluation and each point three times.
"""

from collections.abc import Hashable
from typing import TypeVar

from msgspec.structs import replace

from storage.snapshot import Detail

HashableT = TypeVar("HashableT", bound=Hashable)


def with_same(found: Detail | None, before: Detail | None) -> Detail | None:
    """Return what was found, with the very evaluations and points of before where they are as they were."""
    if found is None or before is None:
        return found
    return replace(
        found,
        evaluations=_same(found.evaluations, before.evaluations),
        history=_same(found.history, before.history),
        latency=_same(found.latency, before.latency),
        recent_history=_same(found.recent_history, before.recent_history),
        recent_latency=_same(found.recent_latency, before.recent_latency),
    )


def _same(found: tuple[HashableT, ...], before: tuple[HashableT, ...]) -> tuple[HashableT, ...]:
    known = {one: one for one in before}
    return tuple(known.get(one, one) for one in found)
