"""Promises about telling people: once, not at night, again until it is taken, and never twice after a restart."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from engine.notify import digest, pace
from engine.notify.notifier import Notifier
from storage.database import Writer
from storage.fault_records import Event
from storage.notice_records import ChannelState
from storage.notice_vocabulary import Channel, DeliveryState, NoticeKind
from storage.notify_settings import ModelNotify, Notify, Webhook, telling
from storage.settings import Trust, WorkspaceSettings
from storage.tables import events, faults, models, notices
from storage.vocabulary import Severity
from storage.workspace import Workspace

START = 1_700_000_000.0
HOUR = 3600.0

SCRIPT = """#!/bin/sh
test -e down && { echo "not today"; exit 1; }
cat >> got; echo >> got
"""


class Stage:
    """A workspace whose messages go to a program that writes them down; time passes when the test says so."""

    def __init__(self, workspace: Workspace, writer: Writer) -> None:
        self.workspace = workspace
        self.writer = writer
        self.passed = 0.0
        self.hour = 12
        self.day = 1
        script = workspace.root / "hook.sh"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        self.restart()

    def restart(self, **changes: Any) -> None:
        """Know nothing but what is in the database, as a new engine; ``changes`` are to its settings."""
        plain: dict[str, Any] = {"command": ("./hook.sh",)}
        settings = WorkspaceSettings(notify=Notify(**(plain | changes)), trust=Trust(commands=True))
        self.notifier = Notifier(
            self.workspace,
            self.writer,
            settings,
            now=self.now,
            local=lambda _now: time.struct_time((2026, 1, self.day, self.hour, 0, 0, 0, self.day, 0)),
            environ={},
        )

    def now(self) -> float:
        """Return seconds since the epoch."""
        return START + self.passed

    def fault(self, code: str = "missing", model: str = "mnist", severity: Severity = Severity.ERROR) -> None:
        """Open a fault, or find it once more."""
        with self.writer.transaction() as connection:
            faults.open_fault(
                connection,
                code,
                f"{code} it is",
                at=self.now(),
                model=model,
                severity=severity,
                repair="Mend it.",
            )

    def over(self, code: str = "missing", model: str = "mnist") -> None:
        """End a fault."""
        with self.writer.transaction() as connection:
            assert faults.close_fault(connection, code, at=self.now(), model=model)

    def event(self, code: str, severity: Severity = Severity.INFO, message: str = "it happened") -> None:
        """Write a line of the log."""
        with self.writer.transaction() as connection:
            events.add(connection, code, message, at=self.now(), severity=severity, model="mnist")

    def work(self, after: float = 0.0) -> list[dict[str, Any]]:
        """Let time pass and the notifier work; return the messages that arrived by that."""
        self.passed += after
        before = len(self.got())
        self.notifier.work()
        return self.got()[before:]

    def got(self) -> list[dict[str, Any]]:
        """Return every message that ever arrived."""
        file = self.workspace.root / "got"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def log(self) -> list[Event]:
        """Return what the log says of telling, the newest first."""
        with self.writer.passing() as connection:
            return [one for one in events.read(connection, limit=100) if one.code.startswith("notify-")]

    def state(self) -> ChannelState:
        """Return how the program does."""
        with self.writer.passing() as connection:
            return notices.channel(connection, Channel.COMMAND)

    @property
    def down(self) -> Path:
        """The file whose presence makes the program fail."""
        return self.workspace.root / "down"


@pytest.fixture
def stage(workspace: Workspace, writer: Writer) -> Stage:
    """Return a workspace that was looked at once."""
    made = Stage(workspace, writer)
    made.work()
    return made


def codes(messages: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Return what messages are about: each notice's code, and whether it is over."""
    return [(one["code"], one["ended"]) for sent in messages for one in sent["notices"]]


def test_a_fault_is_told_once_and_its_end_once(stage: Stage) -> None:
    """However often it is found, and however often the engine starts anew meanwhile."""
    stage.fault()
    assert codes(stage.work()) == [("missing", False)]
    stage.fault()
    assert stage.work(HOUR) == []
    stage.restart()
    assert stage.work(HOUR) == []
    stage.over()
    assert codes(stage.work(HOUR)) == [("missing", True)]
    assert stage.work(HOUR) == []
    stage.fault()
    assert codes(stage.work(HOUR)) == [("missing", False)]


def test_a_fault_that_becomes_an_error_is_told_again(stage: Stage) -> None:
    """And not when it becomes a warning again."""
    stage.fault(severity=Severity.WARNING)
    assert [sent["notices"][0]["severity"] for sent in stage.work()] == ["warning"]
    stage.fault(severity=Severity.ERROR)
    assert [sent["notices"][0]["severity"] for sent in stage.work()] == ["error"]
    stage.fault(severity=Severity.WARNING)
    assert stage.work() == []


def test_many_at_once_are_one_message(stage: Stage) -> None:
    """A disk that goes takes every model with it."""
    for number in range(20):
        stage.fault(model=f"model-{number}")
    [message] = stage.work()
    assert len(message["notices"]) == 20
    assert message["subject"].startswith("workspace: ERROR 20 faults (model-0,")


def test_what_somebody_knows_is_not_told(stage: Stage) -> None:
    """An acknowledged fault waits for nobody, whether it was noticed before or after."""
    stage.fault()
    with stage.writer.transaction() as connection:
        [fault] = faults.all_open(connection)
        faults.acknowledge(connection, fault.id, by="me")
    assert stage.work() == []
    stage.over()
    assert stage.work() == []
    stage.down.touch()
    stage.fault("artefact-changed")
    stage.work()
    with stage.writer.transaction() as connection:
        [fault] = faults.all_open(connection)
        faults.acknowledge(connection, fault.id, by="me")
    stage.down.unlink()
    assert stage.work(HOUR) == []
    assert stage.state().waiting == 0


def test_promotions_are_told_and_other_lines_only_where_they_are_wanted(stage: Stage) -> None:
    """Events are for those who ask for them, from their severity on; what only repeats a fault is not told twice."""
    stage.event("promote", message="promoted 1 > 2")
    stage.event("load-failed", Severity.ERROR)
    assert codes(stage.work()) == [("promote", False)]
    stage.restart(kinds=(NoticeKind.FAULT, NoticeKind.EVENT))
    stage.event("promote")
    stage.event("found")
    stage.event("load-failed", Severity.ERROR)
    stage.fault("missing")
    stage.event("missing", Severity.ERROR)
    assert codes(stage.work()) == [("missing", False), ("load-failed", False)]


def test_little_things_are_told_where_they_are_wanted(stage: Stage) -> None:
    """The usual threshold is a warning; a model may want more, or less, or nothing."""
    (stage.workspace.models / "fraud").mkdir()
    settings = stage.workspace.model_settings("fraud")
    settings.write_text('[notify]\nseverity = "info"\n')
    stage.fault("stale-model", "mnist", Severity.INFO)
    stage.fault("stale-model", "fraud", Severity.INFO)
    assert [one["model"] for sent in stage.work() for one in sent["notices"]] == ["fraud"]
    settings.write_text("[notify]\nchannels = []\n")
    stage.fault("missing", "fraud")
    assert stage.work() == []
    settings.write_text("[notify]\nchannels = [\n")
    stage.fault("settings", "fraud", Severity.WARNING)
    assert codes(stage.work()) == [("settings", False)]


def test_nobody_is_told_in_quiet_hours(stage: Stage) -> None:
    """What waited is told together when they are over, and what ended meanwhile as ended."""
    stage.restart(quiet="22:00-06:00")
    stage.hour = 23
    stage.fault()
    stage.fault("artefact-changed")
    assert stage.work() == []
    stage.over()
    assert stage.work(HOUR) == []
    stage.hour = 6
    [message] = stage.work(6 * HOUR)
    assert codes([message]) == [("artefact-changed", False), ("missing", True)]
    assert stage.work() == []


def test_a_model_has_quiet_hours_of_its_own(stage: Stage) -> None:
    """Others are told of as ever."""
    (stage.workspace.models / "fraud").mkdir()
    stage.workspace.model_settings("fraud").write_text('[notify]\nquiet = "00:00-23:59"\n')
    stage.fault(model="fraud")
    stage.fault(model="mnist")
    assert [one["model"] for sent in stage.work() for one in sent["notices"]] == ["mnist"]


def test_what_was_not_taken_is_tried_again_with_longer_pauses(stage: Stage) -> None:
    """The log tells the first failure and that it works again; nothing is lost, also across a restart."""
    stage.down.touch()
    stage.fault()
    stage.work()
    assert (stage.state().failures, stage.state().waiting) == (1, 1)
    assert "not today" in stage.state().problem
    stage.work(pace.again_in(1) - 1)
    assert stage.state().failures == 1
    stage.work(1)
    assert stage.state().failures == 2
    stage.restart()
    stage.work(pace.again_in(1))
    assert stage.state().failures == 2
    stage.fault("artefact-changed")
    stage.down.unlink()
    assert codes(stage.work(pace.again_in(2))) == [("missing", False), ("artefact-changed", False)]
    assert [(one.code, one.severity) for one in stage.log()] == [
        ("notify-works", Severity.INFO),
        ("notify-failed", Severity.WARNING),
    ]
    assert stage.state() == ChannelState(channel=Channel.COMMAND, told_at=stage.now())


def test_a_way_that_fails_keeps_no_other_one_from_telling(stage: Stage) -> None:
    """A webhook that is not there and a program that works."""
    stage.restart(webhook=Webhook(url="http://127.0.0.1:9"), console=True)
    stage.fault()
    assert codes(stage.work()) == [("missing", False)]
    with stage.writer.passing() as connection:
        [told] = notices.latest(connection, limit=9, of=Channel.CONSOLE)
        assert notices.channel(connection, Channel.WEBHOOK).failures == 1
    assert (told.notice.code, told.state) == ("missing", DeliveryState.TOLD)


def test_telling_is_never_told_of(stage: Stage) -> None:
    """Or one failure would lead to the next."""
    stage.restart(kinds=(NoticeKind.EVENT,), severity=Severity.INFO)
    stage.down.touch()
    stage.event("found")
    stage.work()
    stage.down.unlink()
    assert codes(stage.work(HOUR)) == [("found", False)]
    assert stage.work(HOUR) == []


def test_what_could_not_be_told_for_days_is_dropped(stage: Stage) -> None:
    """The list of faults says it better by then."""
    stage.down.touch()
    stage.event("promote")
    stage.work()
    stage.down.unlink()
    assert stage.work(pace.STALE_S + 1) == []
    assert stage.state().waiting == 0


def test_old_lines_are_no_news(stage: Stage) -> None:
    """After a week without an engine, and where telling is set up later: only what is open is told."""
    stage.event("promote")
    stage.passed += 7 * 24 * HOUR
    stage.fault()
    stage.restart()
    assert codes(stage.work()) == [("missing", False)]


def test_the_first_look_tells_what_is_open_and_nothing_that_was(workspace: Workspace, writer: Writer) -> None:
    """The log before it is history."""
    stage = Stage(workspace, writer)
    stage.event("promote")
    stage.fault()
    assert codes(stage.work()) == [("missing", False)]


def test_a_digest_comes_once_a_day(stage: Stage) -> None:
    """At its hour, or as soon as the engine is there that day; it sums up the day before it."""
    stage.restart(digest="08:00", kinds=())
    with stage.writer.transaction() as connection:
        models.ensure(connection, "mnist", now=stage.now())
    stage.day, stage.hour = 2, 7
    stage.fault()
    stage.event("promote", message="promoted 1 > 2")
    assert stage.work(HOUR) == []
    stage.hour = 9
    [message] = stage.work(2 * HOUR)
    assert message["subject"] == "workspace: digest of the day before 2026-01-02"
    for told in (
        "Models: 1",
        "mnist: nothing is deployed",
        "Open faults: 1",
        "missing it is",
        "promoted 1 > 2",
    ):
        assert told in message["text"]
    assert stage.work(HOUR) == []
    stage.restart(digest="08:00", kinds=())
    assert stage.work(HOUR) == []
    stage.day = 3
    assert len(stage.work(24 * HOUR)) == 1


def test_a_digest_of_thousands_stays_short(stage: Stage) -> None:
    """Lists are cut, and say by how much."""
    for number in range(100):
        stage.fault(model=f"model-{number}")
    with stage.writer.passing() as connection:
        words = digest.compose(connection, stage.now())
    assert "  and 80 more" in words
    assert len(words.splitlines()) < 60


def test_notices_do_not_grow_for_ever(stage: Stage) -> None:
    """Those of open faults stay: they are what keeps these from being told again."""
    stage.fault()
    stage.work()
    for _ in range(10):
        stage.event("promote")
    stage.work()
    with stage.writer.transaction() as connection:
        notices.prune(connection, keep=3)
        kept = [one.notice.code for one in notices.latest(connection, limit=100)]
    assert kept == ["promote"] * 3 + ["missing"]
    assert stage.work() == []


def test_a_clock_that_was_set_back_stops_nothing(stage: Stage) -> None:
    """A pause that would last for years is over."""
    stage.down.touch()
    stage.fault()
    stage.work()
    stage.down.unlink()
    assert codes(stage.work(-365 * 24 * HOUR)) == [("missing", False)]


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 30), (2, 120), (3, 480), (4, 1920), (5, 3600), (999, 3600)]
)
def test_pauses_grow_to_an_hour(failures: int, seconds: float) -> None:
    """Half a minute, then four times as long each."""
    assert pace.again_in(failures) == seconds


def test_a_model_cannot_name_a_way_that_the_workspace_lacks() -> None:
    """Ways are the workspace's owner's to set up."""
    rule = telling(Notify(console=True), ModelNotify(channels=(Channel.EMAIL, Channel.CONSOLE)))
    assert rule.channels == (Channel.CONSOLE,)
