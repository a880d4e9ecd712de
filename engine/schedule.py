"""When a model is looked after by itself: decided from settings, times and a name alone, pure.

No clock and no database: who asks tells the time, and adds the jobs. Each model has a moment of its own within the
last part of its interval, so that a hundred models with the same settings are not due at once.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from storage.maintenance_settings import Plan, Quiet
from storage.vocabulary import JobKind

JITTER = 0.1
"""The share of an interval by which models with the same one are spread."""


class Seen(NamedTuple):
    """What is known about a model when it is asked whether something is due."""

    model: str
    plan: Plan
    evaluated_at: float | None
    """When what is deployed was last evaluated; ``None`` where it never was: then its arrival sees to that."""
    checked_at: float | None
    """When its faults were last looked for."""


class Due(NamedTuple):
    """A job that it is time for."""

    kind: JobKind
    model: str
    overdue_s: float


def due(seen: Seen, *, now: float, minute: int, since: float) -> list[Due]:
    """Return what it is time for.

    Args:
        seen: what is known about the model.
        now: seconds since the epoch.
        minute: of the machine's day, for the quiet hours.
        since: when the engine began: what was never done is due an interval after that, not at once, since an
            engine that starts has other work.
    """
    plan = seen.plan
    if plan.quiet is not None and is_quiet(plan.quiet, minute):
        return []
    wanted = [
        (JobKind.EVALUATE, plan.evaluate_s, seen.evaluated_at),
        (JobKind.CHECK, plan.check_s, seen.checked_at if seen.checked_at is not None else since),
    ]
    found = []
    for kind, interval_s, last in wanted:
        if interval_s is None or last is None:
            continue
        overdue_s = now - (last + interval_s * (1 - JITTER * spread(seen.model, kind)))
        # What lies in the future was recorded by a clock that has been set back since.
        if overdue_s >= 0 or last > now + interval_s:
            found.append(Due(kind, seen.model, overdue_s))
    return found


def next_of(candidates: Iterable[Due]) -> Due | None:
    """Return what has been due for the longest: one at a time, so that no two heavy jobs share a device."""
    return max(candidates, key=lambda one: (one.overdue_s, one.model), default=None)


def is_quiet(quiet: Quiet, minute: int) -> bool:
    """Whether a minute of the day lies in the quiet hours; their end is no part of them."""
    if quiet.start < quiet.end:
        return quiet.start <= minute < quiet.end
    return minute >= quiet.start or minute < quiet.end


def spread(model: str, kind: JobKind) -> float:
    """Return a number from 0 to 1 that belongs to a model and a kind of job: always the same, and even over models."""
    digest = hashlib.blake2b(f"{kind}\0{model}".encode(errors="surrogateescape"), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32
