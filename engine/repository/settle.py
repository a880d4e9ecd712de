"""When what arrives is finished: decided from stamps and times alone, no clock, no files.

A thing is taken once its stamp has been still for the settle time, or at once where it arrived by a rename,
which is how programs hand over what is complete.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

Key = tuple[str, str]
"""What is awaited: a model and the name of one thing in its folder."""


class Still(NamedTuple):
    """A stamp and since when (monotonic seconds) it has been the same."""

    stamp: str
    since: float


class Settled(NamedTuple):
    """What one look at the folders tells."""

    still: dict[Key, Still]
    """What the next look must be given as ``before``."""
    ready: frozenset[Key]
    wake_in: float | None
    """Seconds until the next thing could be ready, or ``None`` where nothing is awaited."""


def settle(
    before: Mapping[Key, Still],
    stamps: Mapping[Key, str],
    *,
    now: float,
    settle_s: float,
    renamed: Collection[Key] = (),
) -> Settled:
    """Decide which of the awaited things, given by their present ``stamps``, are ready."""
    still: dict[Key, Still] = {}
    for key, stamp in stamps.items():
        seen = before.get(key)
        known = seen is not None and seen.stamp == stamp
        still[key] = seen if known and seen else Still(stamp, now - settle_s if key in renamed else now)
    due = {key: seen.since + settle_s - now for key, seen in still.items()}
    ready = frozenset(key for key, seconds in due.items() if seconds <= 0)
    return Settled(still, ready, min((seconds for seconds in due.values() if seconds > 0), default=None))
