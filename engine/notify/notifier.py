"""The part of the engine that tells people: notices what is new, and sends what waits, on a thread of its own.

Owns when, and what goes on record. A way that is slow or broken delays the others by its time limit and nothing else; what
it could not be told waits, also across a restart, and is told in one message when it works again.
"""

import logging
import os
import platform
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from engine import notify
from engine.notify import digest, noticing, pace, wording
from engine.notify.message import Place, Secrets, WayError
from engine.rounds import Rounds
from storage import notify_settings
from storage.database import Writer
from storage.durations import rough
from storage.errors import SettingsError
from storage.notice_records import ChannelState, NewNotice, Notice
from storage.notice_vocabulary import Channel, DeliveryState, NoticeKind
from storage.notify_settings import Telling
from storage.settings import WorkspaceSettings, read_model_settings
from storage.tables import events, notices
from storage.tables import faults as fault_table
from storage.tables.notices import Marks
from storage.text import clean
from storage.vocabulary import FaultState, Severity
from storage.workspace import Workspace

log = logging.getLogger(__name__)

ROUND_S: Final = 2.0
"""How often it is looked for something to tell: soon enough for a person, and seldom enough to cost nothing."""

FAILED: Final = f"{noticing.OWN}failed"
WORKS: Final = f"{noticing.OWN}works"


class Found(NamedTuple):
    """Something new, and the ways by which it goes."""

    notice: NewNotice
    channels: tuple[Channel, ...]


class Notifier(Rounds):
    """A part of the engine: looks every so often, and keeps what it knows in the database.

    A message that is under way when the engine stops is sent again by the next one.
    """

    def __init__(
        self,
        workspace: Workspace,
        writer: Writer,
        settings: WorkspaceSettings,
        *,
        now: Callable[[], float],
        local: Callable[[float], time.struct_time] = time.localtime,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        super().__init__("notifier", every_s=ROUND_S, failing="people cannot be told")
        self._workspace = workspace
        self._writer = writer
        self._settings = settings
        self._ways = notify_settings.ways(settings.notify)
        self._now = now
        self._local = local
        self._place = Place(workspace.root, settings, Secrets(environ))
        self._rules: dict[str, Telling] = {}

    def start(self) -> None:
        """Begin, where there is any way to tell people."""
        if self._ways:
            super().start()

    def work(self) -> None:
        """Put on record what is new, then send what waits and may be sent."""
        # Read anew in each round, once for each model that there is something to tell of.
        self._rules.clear()
        self._notice()
        for channel in self._ways:
            if self.stopping:
                return
            self._tell(channel)

    def _notice(self) -> None:
        now = self._now()
        with self._writer.passing() as connection:
            before = notices.marks(connection)
            marks = before or self._first_marks(connection, now)
            faults = notices.untold_faults(connection)
            ended = notices.ended_faults(connection)
            lines, last = notices.events_after(connection, marks.event_id)
        # Someone who knows of a fault need not be told.
        known = {fault.id for fault in faults if fault.state is FaultState.ACKNOWLEDGED}
        new = [noticing.of_fault(fault) for fault in faults]
        new += [one for line in lines if (one := noticing.of_event(line, now)) is not None]
        found = [Found(one, () if one.fault in known else self._channels(one)) for one in new]
        found += [Found(noticing.of_end(fault), channels) for fault, channels in ended]
        today, minute = self._today(now)
        wanted = notify_settings.minute_of(self._settings.notify.digest)
        if pace.digest_is_due(wanted, done=marks.digest_day, today=today, minute=minute):
            marks = marks._replace(digest_day=today)
            by = tuple(channel for channel in self._ways if channel is not Channel.CONSOLE)
            found.append(Found(noticing.of_digest(today, now), by))
        marks = marks._replace(event_id=last)
        if found or marks != before:
            self._record(found, marks)

    def _record(self, found: Iterable[Found], marks: Marks) -> None:
        with self._writer.transaction() as connection:
            for one in found:
                notices.add(connection, one.notice, one.channels)
            notices.set_marks(connection, marks)
            notices.prune(connection)

    def _first_marks(self, connection: sqlite3.Connection, now: float) -> Marks:
        """Return where a workspace begins that was never looked at: at the end of its log, and with no digest that is overdue."""
        today, minute = self._today(now)
        wanted = notify_settings.minute_of(self._settings.notify.digest)
        passed = wanted is not None and minute >= wanted
        return Marks(notices.last_event(connection), today if passed else "")

    def _tell(self, channel: Channel) -> None:
        now = self._now()
        _, minute = self._today(now)
        with self._writer.passing() as connection:
            state = notices.channel(connection, channel)
            if not state.waiting:
                return
            waiting = notices.waiting(connection, channel)
            idle = [one for one in waiting if pace.is_stale(one, now) or _is_known(connection, one)]
            notices.settle(connection, channel, idle, DeliveryState.DROPPED)
        if not pace.may_try(state, now):
            return
        due = [
            one for one in waiting if one not in idle and not pace.is_held(one, self._rule(one.model), minute)
        ]
        if due:
            self._send(channel, due, state)

    def _send(self, channel: Channel, due: list[Notice], state: ChannelState) -> None:
        with self._writer.passing() as connection:
            digests = {
                one.id: digest.compose(connection, one.at) for one in due if one.kind is NoticeKind.DIGEST
            }
        sender = sender_of(self._workspace, self._now())
        try:
            notify.send(channel, wording.message(due, sender, digests), self._place)
        except WayError as error:
            self._failed(state, str(error))
            return
        now = self._now()
        with self._writer.transaction() as connection:
            notices.settle(connection, channel, due, DeliveryState.TOLD, now=now)
            notices.set_channel(connection, ChannelState(channel=channel, told_at=now))
            if state.failures:
                message = f"notifications by {channel} work again, after {state.failures} failed tries"
                events.add(connection, WORKS, message, at=now)

    def _failed(self, state: ChannelState, problem: str) -> None:
        """Record that a way failed; the log tells of the first time in a row."""
        now = self._now()
        failures = state.failures + 1
        pause_s = pace.again_in(failures)
        log.warning("notifying people by %s failed: %s", state.channel, clean(problem))
        after = msgspec.structs.replace(state, failures=failures, problem=problem, retry_at=now + pause_s)
        with self._writer.transaction() as connection:
            notices.set_channel(connection, after)
            if failures == 1:
                message = f"notifying people by {state.channel} failed and is tried again in {rough(pause_s)}: {problem}"
                events.add(connection, FAILED, message, at=now, severity=Severity.WARNING)

    def _channels(self, notice: NewNotice) -> tuple[Channel, ...]:
        rule = self._rule(notice.model)
        return rule.channels if notify_settings.wanted(rule, notice.kind, notice.severity) else ()

    def _rule(self, model: str) -> Telling:
        if model not in self._rules:
            own = None
            if model:
                try:
                    own = read_model_settings(self._workspace.model_settings(model)).notify
                except SettingsError:
                    # The engine has made a fault of the model out of it; that is told as the workspace says.
                    own = None
            self._rules[model] = notify_settings.telling(self._settings.notify, own)
        return self._rules[model]

    def _today(self, now: float) -> tuple[str, int]:
        """Return the day by the machine's clock, and the minute of it."""
        told = self._local(now)
        return time.strftime("%Y-%m-%d", told), told.tm_hour * 60 + told.tm_min


def sender_of(workspace: Workspace, now: float) -> wording.From:
    """Return who writes: the workspace's folder, by its name, and the machine."""
    return wording.From(clean(workspace.root.name or "/", 60), clean(platform.node(), 60) or "a machine", now)


def _is_known(connection: sqlite3.Connection, notice: Notice) -> bool:
    """Whether somebody has acknowledged the fault that a notice would tell of."""
    if notice.fault is None or notice.ended:
        return False
    fault = fault_table.read_one(connection, notice.fault)
    return fault is not None and fault.state is FaultState.ACKNOWLEDGED
