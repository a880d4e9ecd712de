"""A test message goes every way that there is: what became of each is the answer, and one line of the log."""

import sys
import time
from typing import Any, cast

import msgspec
import pytest

from engine.jobs import notify
from engine.jobs.context import Context, Outcome
from storage import jobs
from storage.database import Writer
from storage.errors import UnknownError
from storage.job_notified import Tried
from storage.notice_vocabulary import Channel
from storage.notify_settings import Notify, Webhook
from storage.settings import Trust, WorkspaceSettings
from storage.tables import events
from storage.vocabulary import JobKind, Severity
from storage.workspace import Workspace
from tests.unit.engine.jobs.asking import Quiet

WORKS = (sys.executable, "-c", "import sys; sys.exit('a test, sent by ann' not in sys.stdin.read())")
"""Takes the message where it is the one that was asked for."""

NOBODY = "http://127.0.0.1:9/"
"""Nobody listens at the port that once discarded everything."""


def sent(workspace: Workspace, writer: Writer, way: Notify) -> Outcome:
    """Send a test message as the engine does."""
    with writer.transaction() as connection:
        job = jobs.add(connection, JobKind.NOTIFY, "", None, requested_by="ann", now=1.0)
    none = cast("Any", None)
    settings = WorkspaceSettings(notify=way, trust=Trust(commands=True))
    return notify.run(Context(workspace, writer, settings, none, none, time.time), job, Quiet())


@pytest.mark.parametrize("reached", [True, False])
def test_a_way_that_fails_keeps_no_other_one_from_it(
    workspace: Workspace, writer: Writer, *, reached: bool
) -> None:
    """Each is told by its name with why it failed; the log warns where one did."""
    way = Notify(command=WORKS, webhook=Webhook() if reached else Webhook(url=NOBODY))
    outcome = sent(workspace, writer, way)
    found = msgspec.json.decode(outcome.result, type=list[Tried])
    assert {one.channel: one.told for one in found} == {Channel.COMMAND: True} | (
        {} if reached else {Channel.WEBHOOK: False}
    )
    assert all(one.message for one in found if not one.told)
    with writer.transaction() as connection:
        [event] = events.read(connection, limit=10)
    assert event.message == outcome.message
    assert event.message.endswith("taken: command")
    assert event.severity is (Severity.INFO if reached else Severity.WARNING)


def test_where_nobody_can_be_told_it_is_said_what_to_add(workspace: Workspace, writer: Writer) -> None:
    """Nothing is sent, and nothing is put into the log."""
    with pytest.raises(UnknownError) as caught:
        sent(workspace, writer, Notify())
    assert "[notify] in modeltender.toml" in caught.value.hint
    with writer.transaction() as connection:
        assert events.read(connection, limit=10) == []
