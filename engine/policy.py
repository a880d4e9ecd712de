"""What to do next, decided from facts and a time alone: no clock, no files, no database.

The service asks; what it is told it does. Keeping the decisions here lets tables of cases test them.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from storage.objectives import Miss
from storage.vocabulary import JobState, Status

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


LOOKS = 6
"""How often a version on probation is evaluated at least: fewer would leave long whiles in which nobody looked."""

LONGEST_LOOK_S = 600.0
SHORTEST_LOOK_S = 1.0

TRIED_AGAIN_S = 600.0
"""Until the engine tries again by itself what was refused or failed: a target that is down may be up by then."""


def look_every(probation_s: float) -> float:
    """Return the pause between two evaluations of a version on probation: a sixth of it, ten minutes at most."""
    return min(max(probation_s / LOOKS, SHORTEST_LOOK_S), LONGEST_LOOK_S)


class Attempt(NamedTuple):
    """The last time that the engine asked itself for the same promotion or rollback."""

    state: JobState
    finished_at: float | None


def may_try(last: Attempt | None, now: float) -> bool:
    """Decide whether the engine asks itself for a promotion or rollback that it may have asked for before."""
    if last is None or last.state in {JobState.INTERRUPTED, JobState.SUCCEEDED}:
        # What was interrupted is what a dead engine wanted; what succeeded and is wanted again was undone.
        return True
    if last.state is JobState.CANCELLED:
        # Somebody said no.
        return False
    return last.finished_at is not None and retry_in(last.finished_at + TRIED_AGAIN_S, now) == 0.0


def tells_again(failed_at: float, last: Attempt | None, now: float) -> bool:
    """Decide whether the engine tells targets again which have not confirmed what is deployed.

    Args:
        failed_at: when they last failed to.
        last: the last time that the engine asked itself to, since they began to fail.
        now: the time.
    """
    if last is None:
        return retry_in(failed_at + FIRST_RETRY_S, now) == 0.0
    if last.state in {JobState.QUEUED, JobState.RUNNING, JobState.CANCELLED}:
        # It is under way, or somebody said no.
        return False
    # However it ended: one that never came to the targets, as where model.toml is broken, is no reason to hurry.
    return retry_in((last.finished_at or failed_at) + TRIED_AGAIN_S, now) == 0.0


class Candidacy(NamedTuple):
    """What decides whether a candidate is promoted without a person."""

    automatic: bool
    """Whether its model's owner lets the engine do so."""
    dry_run: bool
    passed: bool
    """Whether the gate passes it, but for what nobody has measured yet."""
    missed: bool
    """Whether it misses an objective beyond its interval: it would be rolled back at the first look."""
    known: bool
    """Whether it, or its content, was deployed before: it was replaced or rolled back, and only a person undoes that."""
    on_probation: bool
    """Whether the version that it would replace is being watched."""
    busy: bool
    """Whether a promotion or a rollback of the model waits or runs."""


def promotes(candidacy: Candidacy, last: Attempt | None, now: float) -> bool:
    """Decide whether a candidate is promoted without a person."""
    held = (
        candidacy.dry_run or candidacy.missed or candidacy.known or candidacy.on_probation or candidacy.busy
    )
    return candidacy.automatic and candidacy.passed and not held and may_try(last, now)


def missed(latest: Sequence[Miss], before: Sequence[Miss]) -> str:
    """Return which objective a version on probation misses, or nothing: what has no interval must be missed twice."""
    again = {miss.name for miss in before}
    return next((miss.sentence for miss in latest if miss.certain or miss.name in again), "")


class Trial(NamedTuple):
    """What is known of a version on probation."""

    ends_at: float
    looks: int
    """How many of its evaluations worked: one that says nothing speaks for nobody."""
    next_look_at: float
    busy: bool
    """Whether an evaluation of it waits or runs."""
    switching: bool
    """Whether a promotion or a rollback of its model waits or runs."""
    trouble: tuple[str, ...] = ()
    """What speaks against it, each in a sentence without a full stop; empty ones say nothing."""


class Next(Enum):
    """What is done about a version on probation."""

    WAIT = auto()
    LOOK = auto()
    PASS = auto()
    ROLL_BACK = auto()


class Step(NamedTuple):
    """What is done about a version on probation, and why, where it is rolled back."""

    next: Next
    reason: str = ""


def on_probation(trial: Trial, now: float) -> Step:
    """Decide what is done about a version on probation."""
    if trial.switching:
        # It ends the probation, whatever it brings.
        return Step(Next.WAIT)
    reason = next((sentence for sentence in trial.trouble if sentence), "")
    if reason:
        return Step(Next.ROLL_BACK, reason)
    if trial.busy:
        return Step(Next.WAIT)
    if now >= trial.ends_at and trial.looks >= LOOKS:
        return Step(Next.PASS)
    # Later than the longest pause means that the clock was set back since.
    due = now >= trial.next_look_at or trial.next_look_at - now > LONGEST_LOOK_S
    return Step(Next.LOOK if due else Next.WAIT)
