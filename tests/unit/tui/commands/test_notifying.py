"""What `notify` says of the ways to people, and of a test."""

import time

import msgspec

from storage import jobs
from storage.database import Writer
from storage.job_notified import Tried
from storage.notice_records import ChannelState, NewNotice
from storage.notice_vocabulary import Channel, NoticeKind
from storage.records import Job
from storage.tables import notices
from storage.vocabulary import ExitCode, JobKind, JobState, Severity
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Begin, Run

SETTINGS = """
[notify]
console = true
[notify.webhook]
url = "https://hooks.example.org/services/T0/SECRET"
[notify.email]
server = "smtp.example.org"
sender = "models@example.org"
to = ["me@example.org"]
"""


def tried(writer: Writer, job: Job, *, told: bool) -> None:
    """Answer a test, as the engine does."""
    found = [
        Tried(Channel.CONSOLE, told=True, message="shown"),
        Tried(Channel.EMAIL, told=told, message="it said"),
    ]
    with writer.transaction() as connection:
        jobs.finish(
            connection,
            job.id,
            JobState.SUCCEEDED,
            now=time.time(),
            result=msgspec.json.encode(found).decode(),
        )


def test_without_settings_it_says_how_to_set_it_up(ask: Run) -> None:
    """And a test is refused before any engine is asked."""
    assert "[notify] in modeltender.toml" in ask("notify").out
    said = ask("notify", "--test")
    assert said.status == ExitCode.USAGE
    assert "[notify] in modeltender.toml" in said.err


def test_each_way_says_how_it_does(ask: Run, filled: Workspace, writer: Writer) -> None:
    """What waits, when it last worked, why it fails, and where it leads without what may be a secret."""
    filled.settings_file.write_text(SETTINGS)
    assert ask("notify").status == ExitCode.DONE
    new = NewNotice(
        key="fault-1-error",
        at=1_750_000_000.0,
        kind=NoticeKind.FAULT,
        severity=Severity.ERROR,
        code="missing",
        model="mnist",
        version=1,
        fault=1,
        ended=False,
        message="gone",
        help="",
    )
    failing = ChannelState(
        channel=Channel.WEBHOOK, failures=3, problem="status 500", retry_at=time.time() + 60, told_at=None
    )
    with writer.transaction() as connection:
        notices.add(connection, new, (Channel.WEBHOOK,))
        notices.set_channel(connection, failing)
    said = ask("notify")
    assert said.status == ExitCode.NO
    assert "SECRET" not in said.out
    for words in (
        "https://hooks.example.org",
        "failed 3 times in a row",
        "status 500",
        "mnist@1",
        "missing",
        "waiting",
    ):
        assert words in said.out
    assert all(len(line) <= 80 for line in said.out.splitlines())
    document = ask("notify", "--json").json
    assert [one["channel"] for one in document["channels"]] == ["console", "webhook", "email"]
    [webhook] = [one for one in document["channels"] if one["channel"] == "webhook"]
    assert (webhook["waiting"], webhook["failures"], webhook["problem"]) == (1, 3, "status 500")
    assert document["tested"] == []
    assert "SECRET" not in str(document)


def test_a_test_says_what_became_of_each_way(
    ask: Run, filled: Workspace, working: Begin, writer: Writer
) -> None:
    """It is a failure where one way did not take it."""
    del writer
    filled.settings_file.write_text(SETTINGS)
    done = working(lambda held, job: tried(held, job, told=len(done) > 1))
    said = ask("notify", "--test")
    assert said.status == ExitCode.FAILED
    assert "✓ test by console: shown" in said.out
    assert "✗ test by email: it said" in said.out
    assert [job.kind for job in done] == [JobKind.NOTIFY]
    said = ask("notify", "--test", "--json")
    assert said.status == ExitCode.DONE
    assert said.json["tested"][1] == {"channel": "email", "told": True, "message": "it said"}
