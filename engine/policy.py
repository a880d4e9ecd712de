"""What to do next, decided from facts and a time alone: no clock, no files, no database.

The service asks; what it is told it does. Keeping the decisions here lets tables of cases test them.
"""

from enum import Enum, auto
from typing import NamedTuple

from storage.vocabulary import Status

ATTEMPTS_BEFORE_QUARANTINE = 3
"""A model that did not load three times will not load the fourth time unless its file or its framework changes."""

FIRST_RETRY_S = 30.0
"""Long enough for a passing shortage (memory, a busy disk) to be over."""

RETRY_FACTOR = 4.0

LONGEST_RETRY_S = 3600.0
"""No pause is ever as long as this: what is due later was reckoned by a clock that has been set back since."""


class Failure(Enum):
    """Why a version did not load, where that decides what becomes of it."""

    REFUSED = auto()
    """Its content must not be tried."""
    UNCONFINED = auto()
    """Walls that it needs are missing here; it is not to blame."""


class Retry(NamedTuple):
    """What becomes of a version that failed to load."""

    status: Status
    failures: int
    retry_at: float | None
    """When it is tried again by itself, or ``None`` where only a change of its files helps."""


def after_failed_load(failures_before: int, now: float, *, failure: Failure | None = None) -> Retry:
    """Decide what becomes of a version that failed to load once more; ``failure`` says why, where that matters."""
    if failure is Failure.UNCONFINED:
        # Walls come and go with the kernel and the settings, which an engine meets when it starts.
        return Retry(Status.FAILED, failures_before, None)
    failures = failures_before + 1
    if failure is Failure.REFUSED or failures >= ATTEMPTS_BEFORE_QUARANTINE:
        return Retry(Status.QUARANTINED, failures, None)
    return Retry(Status.FAILED, failures, now + FIRST_RETRY_S * RETRY_FACTOR ** (failures - 1))


def retry_in(retry_at: float | None, now: float) -> float | None:
    """Return in how many seconds something is to be tried again, 0 where it is due, or ``None`` where it never is."""
    if retry_at is None:
        return None
    left = retry_at - now
    return 0.0 if left <= 0 or left > LONGEST_RETRY_S else left


def after_shortage(failures_before: int, now: float) -> Retry:
    """Decide what becomes of a version that could not even be tried: it waits, and nothing counts against it."""
    return Retry(Status.FAILED, failures_before, now + FIRST_RETRY_S)


class Reaction(Enum):
    """What is done about a version when its test data are looked at."""

    NOTHING = auto()
    REMEMBER = auto()
    """Take the data as those that it was evaluated on."""
    EVALUATE = auto()
    WAIT = auto()
    """An evaluation is under way; what it saw is known when it has ended."""


def on_test_data(stamp: str, tried: str, *, evaluated: bool, busy: bool) -> Reaction:
    """Decide what is done about a deployed version or a candidate.

    Args:
        stamp: of the test data now; empty where there are none.
        tried: of the data that an evaluation was last tried on, whatever came of it; empty where that is not known.
        evaluated: whether the version has any figures.
        busy: whether an evaluation of it waits or runs.
    """
    if not stamp or stamp == tried:
        return Reaction.NOTHING
    if busy:
        return Reaction.WAIT
    # Figures of a time when this was not written down: nobody can say that they are old.
    return Reaction.REMEMBER if evaluated and not tried else Reaction.EVALUATE
