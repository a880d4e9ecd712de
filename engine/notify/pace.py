"""When people are told: pauses between tries, what is too old to be told, and the hour of the digest. Pure."""

from typing import Final

from engine import policy
from engine.schedule import is_quiet
from storage.notice_records import ChannelState, Notice
from storage.notice_vocabulary import NoticeKind
from storage.notify_settings import Telling

STALE_S: Final = 3 * 86_400.0
"""What could not be told for this long is dropped: the list of open faults says it better by then."""

UNHURRIED: Final = frozenset({NoticeKind.DIGEST, NoticeKind.TEST})
"""Kinds whose moment somebody chose, quiet hours or not."""


def again_in(failures: int) -> float:
    """Return the pause after so many failed tries in a row: half a minute, then four times as long each, an hour at most."""
    longest = policy.LONGEST_RETRY_S
    # More would only overflow.
    steps = min(failures - 1, 10)
    return float(min(policy.FIRST_RETRY_S * policy.RETRY_FACTOR**steps, longest))


def may_try(state: ChannelState, now: float) -> bool:
    """Whether a way that failed may be tried again."""
    return not policy.retry_in(state.retry_at, now)


def is_stale(notice: Notice, now: float) -> bool:
    """Whether a notice is too old to be told."""
    return now - notice.at > STALE_S


def is_held(notice: Notice, rule: Telling, minute: int) -> bool:
    """Whether a notice waits for the end of its model's quiet hours."""
    return notice.kind not in UNHURRIED and rule.quiet is not None and is_quiet(rule.quiet, minute)


def digest_is_due(wanted: int | None, *, done: str, today: str, minute: int) -> bool:
    """Whether the day before is to be summed up: once a day, at its minute or when the engine is there again that day."""
    return wanted is not None and done != today and minute >= wanted
