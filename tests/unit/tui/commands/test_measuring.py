"""What ``evaluate`` and ``latency`` promise alike: they measure a version, or say why they do not."""

import pytest

from storage import jobs
from storage.database import Reader, Writer
from storage.vocabulary import ExitCode, JobKind, JobState, Status
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import add_version, failed

each_command = pytest.mark.parametrize("command", ["evaluate", "latency"])


@each_command
def test_failed_work_ends_with_its_own_sentence(ask: Run, working: Begin, command: str) -> None:
    """A job that fails gives its error, its hint and exit status 3."""
    working(failed)
    said = ask(command, "mnist")
    assert said.status == ExitCode.FAILED
    assert said.err == "modeltender: It does not load.\n  Copy it again.\n"


@pytest.mark.parametrize(
    ("command", "kind", "said"),
    [
        ("evaluate", JobKind.EVALUATE, "evaluates mnist@2"),
        ("latency", JobKind.LATENCY, "measures the latency of mnist@2"),
    ],
)
def test_no_wait_returns_the_job(ask: Run, reader: Reader, command: str, kind: JobKind, said: str) -> None:
    """With --no-wait the job is in the queue when the command returns, and a person reads what it does."""
    told = ask(command, "mnist@2", "--no-wait", "--json")
    assert (told.status, told.json["state"]) == (ExitCode.DONE, JobState.QUEUED)
    with reader.transaction() as connection:
        job = jobs.read_one(connection, told.json["id"])
    assert job is not None
    assert (job.kind, job.model, job.version) == (kind, "mnist", 2)
    assert said in ask(command, "mnist@2", "--no-wait").out


@pytest.mark.parametrize(("command", "done"), [("evaluate", "evaluated"), ("latency", "measured")])
def test_a_version_that_is_no_model_is_not_tried(ask: Run, writer: Writer, command: str, done: str) -> None:
    """An unsupported version is answered with its reason, without a job."""
    with writer.transaction() as connection:
        add_version(connection, "mnist", 4, Status.UNSUPPORTED, reason="this is a text file")
    said = ask(command, "mnist@4")
    assert said.status == ExitCode.FAILED
    assert f"mnist@4 cannot be {done}: it is unsupported: this is a text file" in said.err
