"""How notices are said: one message for many, its subject, its plain words, and the same for programs. Pure."""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from engine.notify.message import Message, MessageDocument, NoticeDocument
from storage.notice_records import Notice
from storage.notice_vocabulary import NoticeKind
from storage.notify_settings import RANKS
from storage.text import clean
from storage.vocabulary import Severity

WIDTH: Final = 80
INDENT: Final = "  "

SUBJECT: Final = 120
"""Characters of a subject: what lists of mails show of one."""

LISTED: Final = 50
"""Notices that the plain words tell: more would not be read; programs get all."""

NAMED: Final = 3
"""Models that a subject names."""

WORDS: Final = {
    NoticeKind.FAULT: ("fault", "faults"),
    NoticeKind.DEPLOYMENT: ("deployment", "deployments"),
    NoticeKind.EVENT: ("event", "events"),
    NoticeKind.DIGEST: ("digest", "digests"),
    NoticeKind.TEST: ("test", "tests"),
}


class From(NamedTuple):
    """Who writes."""

    workspace: str
    host: str
    now: float


def message(notices: Sequence[Notice], sender: From, digests: Mapping[int, str] | None = None) -> Message:
    """Return one message that tells all notices, at least one; ``digests`` are the words of those, by their ids."""
    told = merged(notices)
    subject = clean(f"{sender.workspace}: {_subject(told)}", SUBJECT)
    parts = [_part(notice, (digests or {}).get(notice.id, "")) for notice in _worst_first(told)[:LISTED]]
    if len(told) > LISTED:
        parts.append(f"and {len(told) - LISTED} more")
    ending = f"-- \nmodeltender on {sender.host}. More: modeltender status; modeltender faults"
    return Message(
        MessageDocument(
            workspace=sender.workspace,
            host=sender.host,
            at=_moment(sender.now),
            subject=subject,
            text="\n\n".join([*parts, ending]) + "\n",
            notices=tuple(map(_document, told)),
        )
    )


def merged(notices: Sequence[Notice]) -> list[Notice]:
    """Return notices without the beginnings of faults whose end is among them, and without what was worse later."""
    last = {notice.fault: notice.id for notice in notices if notice.fault is not None}
    return [notice for notice in notices if notice.fault is None or last[notice.fault] == notice.id]


def _worst_first(told: Sequence[Notice]) -> list[Notice]:
    return sorted(told, key=lambda notice: (-RANKS.index(notice.severity), notice.id))


def name(notice: Notice) -> str:
    """Return what a notice is about: a version, a model, or the workspace."""
    if not notice.model:
        return "workspace"
    return notice.model + (f"@{notice.version}" if notice.version is not None else "")


def _subject(told: Sequence[Notice]) -> str:
    if len(told) == 1:
        [only] = told
        if only.kind in {NoticeKind.DIGEST, NoticeKind.TEST}:
            return only.message
        word = f"{only.severity.upper()} " if only.severity is Severity.ERROR else ""
        return f"{word}{name(only)}: {only.message}"
    over = sum(notice.ended for notice in told)
    errors = sum(notice.severity is Severity.ERROR for notice in told)
    counted = [
        f"{count} {one if count == 1 else many}"
        for kind, (one, many) in WORDS.items()
        if (count := sum(notice.kind is kind and not notice.ended for notice in told))
    ]
    if over:
        counted.append(f"{over} over")
    models = list(dict.fromkeys(notice.model for notice in told if notice.model))
    about = f" ({', '.join(models[:NAMED])}{' ...' if len(models) > NAMED else ''})" if models else ""
    return f"{'ERROR ' if errors else ''}{', '.join(counted)}{about}"


def _part(notice: Notice, digest: str) -> str:
    if digest:
        return digest
    word = "over" if notice.ended else str(notice.severity)
    first = f"{word.upper()}  {name(notice)}  {notice.code}  {_moment(notice.at):%Y-%m-%d %H:%M:%S} UTC"
    lines = [first, *_wrapped(notice.message)]
    if notice.help:
        lines += _wrapped(f"> {notice.help}")
    return "\n".join(lines)


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(
        words, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False
    )


def _document(notice: Notice) -> NoticeDocument:
    plain = {field: getattr(notice, field) for field in NoticeDocument.__struct_fields__ if field != "at"}
    return NoticeDocument(**plain, at=_moment(notice.at))


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).replace(microsecond=0)
