"""What people were, or are to be, told of by themselves, as frozen records."""

from storage.notice_vocabulary import Channel, DeliveryState, NoticeKind
from storage.record import Record
from storage.vocabulary import Severity


class NewNotice(Record, frozen=True, kw_only=True):
    """One thing that people are to be told of, as the engine records it."""

    key: str
    """What it is about: of the same key there is one notice, however often it is noticed."""
    at: float
    kind: NoticeKind
    severity: Severity
    code: str
    model: str
    """Empty where it is about the workspace."""
    version: int | None
    fault: int | None
    """The fault that it is about."""
    ended: bool
    """Whether it tells that the fault is over."""
    message: str
    help: str
    """What to do, or empty."""


class Notice(NewNotice, frozen=True, kw_only=True):
    """A notice on record."""

    id: int


class Delivery(Record, frozen=True, kw_only=True):
    """What became of a notice on one way to people."""

    notice: Notice
    channel: Channel
    state: DeliveryState
    told_at: float | None


class ChannelState(Record, frozen=True, kw_only=True):
    """How a way to people does."""

    channel: Channel
    waiting: int = 0
    """Notices that are still to be told by it."""
    failures: int = 0
    """Tries in a row that failed."""
    problem: str = ""
    """Why the last try failed, or empty where it worked."""
    retry_at: float | None = None
    told_at: float | None = None
    """When it last worked."""
