"""Send a test message by every way to people that the workspace has, and tell what became of each.

It goes the same way as any message, from the engine and with its environment, and puts nothing on record but an event.
"""

import os

import msgspec

from engine import notify
from engine.jobs.context import Context, Outcome, Report
from engine.notify import wording
from engine.notify.message import Message, Place, Secrets, WayError
from engine.notify.notifier import sender_of
from storage import notify_settings
from storage.errors import UnknownError
from storage.job_notified import Tried
from storage.notice_records import Notice
from storage.notice_vocabulary import Channel, NoticeKind
from storage.records import Job
from storage.tables import events
from storage.vocabulary import Severity


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Send the message, one way after another; one that fails does not keep the others from it."""
    ways = notify_settings.ways(context.settings.notify)
    if not ways:
        raise UnknownError(
            "No notification channel is set up yet.",
            "Add one to [notify] in modeltender.toml.",
        )
    place = Place(context.workspace.root, context.settings, Secrets(os.environ))
    message = _message(context, job)
    tried = []
    for number, channel in enumerate(ways):
        report.progress(number, len(ways), f"sending by {channel}")
        tried.append(_try(channel, message, place))
    told = [one.channel.value for one in tried if one.told]
    words = (
        f"{job.requested_by} sent a test message by {', '.join(ways)}; taken: {', '.join(told) or 'by none'}"
    )
    severity = Severity.INFO if len(told) == len(ways) else Severity.WARNING
    with context.writer.transaction() as connection:
        events.add(connection, "notify-tested", words, at=context.now(), severity=severity)
    return Outcome(message=words, result=msgspec.json.encode(tried).decode())


def _message(context: Context, job: Job) -> Message:
    notice = Notice(
        id=0,
        key="test",
        at=context.now(),
        kind=NoticeKind.TEST,
        severity=Severity.INFO,
        code="test",
        model="",
        version=None,
        fault=None,
        ended=False,
        message=f"a test, sent by {job.requested_by}",
        help="",
    )
    return wording.message([notice], sender_of(context.workspace, context.now()))


def _try(channel: Channel, message: Message, place: Place) -> Tried:
    try:
        return Tried(channel, told=True, message=notify.send(channel, message, place))
    except WayError as error:
        return Tried(channel, told=False, message=str(error))
