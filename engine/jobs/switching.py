"""What promoting and rolling back have in common: the form of the answer, and the reasons for a no.

It decides about facts that it is given; it reads nothing and switches nothing.
"""

from collections.abc import Sequence

import msgspec

from engine.jobs.context import Outcome
from engine.repository.deploy import LOOK_AGAIN
from storage.errors import RefusedError, UnknownError
from storage.promotion_records import GateCheck
from storage.records import Job, Version
from storage.vocabulary import JobState, Role, Status, Verdict


class Answer(msgspec.Struct, frozen=True, rename={"from_version": "from", "to_version": "to"}):
    """What a promotion or rollback came to, as commands print it."""

    model: str
    from_version: int | None
    to_version: int | None
    verdict: Verdict | None = None
    promoted: bool = False
    checks: tuple[GateCheck, ...] = ()
    untold: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Targets that a rollback went ahead without, each with its reason; not there where there are none."""


def packed(answer: Answer) -> str:
    """Return an answer as the JSON that commands print."""
    return msgspec.json.encode(answer).decode()


def refused(error: RefusedError, answer: Answer) -> Outcome:
    """Return the outcome of a job whose answer is no."""
    return Outcome(
        state=JobState.FAILED, code=error.code, error=error.message, hint=error.hint, result=packed(answer)
    )


def unknown_model(name: str) -> UnknownError:
    """Return the error for a model that does not exist."""
    return UnknownError(f"There is no model {name}.", "List them with: modeltender models")


def with_role(found: Sequence[Version], role: Role) -> Version | None:
    """Return the version that has a role, or ``None``."""
    return next((version for version in found if version.role is role), None)


def number_of(version: Version | None) -> int | None:
    """Return a version's number, or ``None`` where there is no version."""
    return None if version is None else version.number


def check_expected(job: Job, current: Version | None) -> None:
    """Raise a `RefusedError` where something else is deployed than the person saw."""
    wanted = job.parameters.expected_current
    if wanted is not None and number_of(current) != wanted:
        now = "nothing is" if current is None else f"version {current.number} is"
        raise RefusedError(
            f"{job.model} changed since you looked: {now} deployed, not version {wanted}.", LOOK_AGAIN
        )


def check_ready(version: Version) -> None:
    """Raise a `RefusedError` where a version cannot be deployed."""
    if version.status is not Status.READY:
        reason = f": {version.reason.rstrip('.')}" if version.reason else ""
        raise RefusedError(f"{version.model}@{version.number} {version.status.fate}{reason}.")


def check_content(job: Job, version: Version) -> None:
    """Raise a `RefusedError` where a version is not what the person saw."""
    if job.parameters.expected_sha256 not in {"", version.sha256}:
        raise RefusedError(
            f"{job.model}@{version.number} changed since you looked: its content is another.", LOOK_AGAIN
        )
