"""``modeltender notify``: by which ways people are told, how each does, and a test message.

The sending is the engine's, with its environment.
"""

import shutil
import textwrap
import time
from collections.abc import Sequence
from datetime import datetime

import click
import msgspec

from storage import jobs, notify_settings
from storage.database import Reader
from storage.errors import JobError, UnknownError
from storage.job_notified import Tried
from storage.notice_records import ChannelState, Delivery
from storage.notice_vocabulary import Channel, DeliveryState, NoticeKind
from storage.notify_settings import Notify
from storage.settings import read_workspace_settings
from storage.tables import notices
from storage.vocabulary import ExitCode, JobKind, Severity
from storage.workspace import Workspace
from tui.commands.documents import in_utc
from tui.commands.figures import age, clock
from tui.commands.options import requester, standard_options
from tui.commands.output import show_document, show_text
from tui.commands.reading import to_ask, to_look
from tui.commands.tables import table
from tui.commands.waiting import await_job, failure

SHOWN = 10
"""Notices that are listed: the latest."""

NOT_SET_UP = "Nobody is notified: [notify] in modeltender.toml names no channel (docs/notifications.md)."

INDENT = "  "


class ChannelDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One way to people."""

    channel: Channel
    to: str
    """Where it leads; of an address that may be a secret only its host."""
    waiting: int
    told_at: datetime | None
    failures: int
    problem: str
    retry_at: datetime | None


class ToldNoticeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One notice on one way."""

    id: int
    at: datetime | None
    channel: Channel
    state: DeliveryState
    told_at: datetime | None
    kind: NoticeKind
    severity: Severity
    code: str
    model: str
    version: int | None
    message: str


class NotifyDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``notify``: the ways, the latest notices, and what became of a test."""

    channels: tuple[ChannelDocument, ...]
    notices: tuple[ToldNoticeDocument, ...]
    tested: tuple[Tried, ...]
    """Empty without ``--test``."""


@click.command(epilog="Example: modeltender notify --test")
@click.option(
    "--test",
    "as_test",
    is_flag=True,
    help="Send a test message through every channel, and say whether it was accepted.",
)
@standard_options
def notify(*, workspace: Workspace, as_json: bool, as_test: bool) -> int:
    """Show the channels by which people are told of faults and promotions, how each is doing, and what was sent last.

    Channels are set up in [notify] of modeltender.toml. Exits with 1 while one of them does not work; with --test, with
    3 if a channel did not accept the message.
    """
    settings = read_workspace_settings(workspace.settings_file).notify
    if not notify_settings.ways(settings) and as_test:
        raise UnknownError(NOT_SET_UP.rstrip("."), "Add one: an engine that runs reads it within seconds")
    tried = _test(workspace) if as_test else ()
    with to_look(workspace) as reader:
        states, told = _read(reader, notify_settings.ways(settings))
    if as_json:
        show_document(_document(settings, states, told, tried))
    else:
        show_text(_text(settings, states, told, tried))
    if any(not one.told for one in tried):
        return ExitCode.FAILED
    return ExitCode.NO if not as_test and any(state.failures for state in states) else ExitCode.DONE


def _test(workspace: Workspace) -> tuple[Tried, ...]:
    with to_ask(workspace) as reader:
        job = await_job(
            workspace, reader, jobs.submit(workspace, JobKind.NOTIFY, "", requested_by=requester())
        )
    if (error := failure(job)) is not None or not job.result:
        raise error or JobError(f"Job {job.id} ended without a result.", "Try again.")
    return msgspec.json.decode(job.result, type=tuple[Tried, ...])


def _read(reader: Reader, ways: Sequence[Channel]) -> tuple[list[ChannelState], list[Delivery]]:
    with reader.transaction() as connection:
        return [notices.channel(connection, way) for way in ways], notices.latest(connection, limit=SHOWN)


def _leads_to(settings: Notify, channel: Channel) -> str:
    match channel:
        case Channel.CONSOLE:
            return "bell and title of open consoles"
        case Channel.COMMAND:
            return " ".join(settings.command)
        case Channel.WEBHOOK:
            variable = settings.webhook.url_env
            return f"the address in {variable}" if variable else _host(settings.webhook.url)
        case Channel.EMAIL:
            return f"{', '.join(settings.email.to)} by {settings.email.server}"


def _host(url: str) -> str:
    """Return an address without its path: with many services that is a secret."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _document(
    settings: Notify, states: Sequence[ChannelState], told: Sequence[Delivery], tried: tuple[Tried, ...]
) -> NotifyDocument:
    return NotifyDocument(
        channels=tuple(
            ChannelDocument(
                channel=state.channel,
                to=_leads_to(settings, state.channel),
                waiting=state.waiting,
                told_at=in_utc(state.told_at),
                failures=state.failures,
                problem=state.problem,
                retry_at=in_utc(state.retry_at),
            )
            for state in states
        ),
        notices=tuple(
            ToldNoticeDocument(
                id=one.notice.id,
                at=in_utc(one.notice.at),
                channel=one.channel,
                state=one.state,
                told_at=in_utc(one.told_at),
                kind=one.notice.kind,
                severity=one.notice.severity,
                code=one.notice.code,
                model=one.notice.model,
                version=one.notice.version,
                message=one.notice.message,
            )
            for one in told
        ),
        tested=tried,
    )


def _text(
    settings: Notify, states: Sequence[ChannelState], told: Sequence[Delivery], tried: Sequence[Tried]
) -> str:
    width = shutil.get_terminal_size().columns
    if not states:
        return NOT_SET_UP
    now = time.time()
    rows = [
        [
            state.channel.value,
            str(state.waiting),
            age(state.told_at, now) if state.told_at else "never",
            "fails" if state.failures else "ok",
            _leads_to(settings, state.channel),
        ]
        for state in states
    ]
    lines = [table(["WAY", "WAITING", "LAST TOLD", "STATE", "TO"], rows, right=("WAITING",))]
    for state in states:
        if state.failures:
            again = f"tried again at {clock(state.retry_at)} UTC" if state.retry_at else "tried again"
            lines += _wrapped(
                f"! {state.channel} failed {_times(state.failures)}, {again}: {state.problem}", width
            )
    if told:
        lines += ["", "The latest notices (UTC):", _notices(told)]
    for one in tried:
        lines += ["", *_wrapped(f"{'✓' if one.told else '✗'} test by {one.channel}: {one.message}", width)]
    return "\n".join(lines)


def _notices(told: Sequence[Delivery]) -> str:
    rows = [
        [
            clock(one.notice.at),
            one.channel.value,
            one.state.value,
            ("over" if one.notice.ended else one.notice.severity.value),
            one.notice.model + (f"@{one.notice.version}" if one.notice.version else "") or "workspace",
            one.notice.code,
        ]
        for one in told
    ]
    return table(["AT", "WAY", "STATE", "SEVERITY", "MODEL", "ABOUT"], rows)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times in a row"


def _wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(words, max(width, 60), subsequent_indent=INDENT, break_on_hyphens=False)
