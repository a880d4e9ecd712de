"""Which faults and lines of the log are worth telling, and as what: from records to notices. Pure.

What a model's owner wants to hear is settled by `storage.notify_settings.wanted`; here is only what it is.
"""

from typing import Final

from storage.fault_records import Event, Fault
from storage.notice_records import NewNotice
from storage.notice_vocabulary import NoticeKind
from storage.vocabulary import JobKind, Severity

OWN: Final = "notify-"
"""How codes of events about telling itself begin: telling of them would never end."""

DEPLOYMENTS: Final = frozenset(
    {JobKind.PROMOTE.value, JobKind.ROLLBACK.value, "promote-outside", "probation-passed", "probation-failed"}
)
"""Codes of events after which something else is deployed, or stays so for good."""

UNHELPED: Final = "repair-did-not-help"
"""Code of the event that a fault is still there, although something was done about it."""

OLD_S: Final = 86_400.0
"""An event that is older is news no more: the engine, or its notifications, were off since."""


def of_fault(fault: Fault) -> NewNotice:
    """Return that a fault opened, or matters more than before."""
    return NewNotice(
        key=f"fault-{fault.id}-{fault.severity}",
        at=fault.last_at,
        kind=NoticeKind.FAULT,
        severity=fault.severity,
        code=fault.code,
        model=fault.model,
        version=fault.version,
        fault=fault.id,
        ended=False,
        message=fault.message,
        help=fault.repair,
    )


def of_end(fault: Fault) -> NewNotice:
    """Return that a fault is over."""
    return NewNotice(
        key=f"fault-{fault.id}-ended",
        at=fault.last_at,
        kind=NoticeKind.FAULT,
        severity=Severity.INFO,
        code=fault.code,
        model=fault.model,
        version=fault.version,
        fault=fault.id,
        ended=True,
        message=f"over: {fault.message}",
        help="",
    )


def of_event(event: Event, now: float) -> NewNotice | None:
    """Return what a line of the log tells, or ``None`` where it is old or about telling itself."""
    if event.code.startswith(OWN) or now - event.at > OLD_S:
        return None
    kind = NoticeKind.EVENT
    if event.code in DEPLOYMENTS:
        kind = NoticeKind.DEPLOYMENT
    elif event.code == UNHELPED:
        kind = NoticeKind.FAULT
    return NewNotice(
        key=f"event-{event.id}",
        at=event.at,
        kind=kind,
        severity=event.severity,
        code=event.code,
        model=event.model,
        version=event.version,
        fault=None,
        ended=False,
        message=event.message,
        help="",
    )


def of_digest(day: str, now: float) -> NewNotice:
    """Return that the day before is summed up; what it says is made when it is sent."""
    return NewNotice(
        key=f"digest-{day}",
        at=now,
        kind=NoticeKind.DIGEST,
        severity=Severity.INFO,
        code="digest",
        model="",
        version=None,
        fault=None,
        ended=False,
        message=f"digest of the day before {day}",
        help="",
    )
