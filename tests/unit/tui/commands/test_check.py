"""What ``check`` asks of the engine, and how it reports what is open afterwards."""

import pytest

from storage.database import Writer
from storage.records import Job
from storage.tables import faults
from storage.vocabulary import ExitCode, JobKind, Severity
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import answered, failed

ANSWERS = [
    {"code": "artefact-changed", "answer": "healthy", "detail": "as it was deployed", "version": 1},
    {"code": "quality-trend", "answer": "unknown", "detail": "needs 5 different test sets", "version": 1},
]


def checked(writer: Writer, job: Job) -> None:
    """Answer a check that finds nothing new."""
    answered({"model": job.model, "answers": ANSWERS if job.model else []})(writer, job)


def well(writer: Writer, job: Job) -> None:
    """Answer a check after which the only fault is over."""
    with writer.transaction() as connection:
        faults.close_fault(connection, "load-failed", at=1.0, model="mnist", version=3)
    checked(writer, job)


def test_a_fault_that_is_open_is_a_no(ask: Run, working: Begin) -> None:
    """The document has exactly the promised fields, and the exit status is 1."""
    working(checked)
    said = ask("check", "mnist", "--json")
    assert said.status == ExitCode.NO
    assert list(said.json) == ["passed", "faults"]
    assert said.json["passed"] is False
    assert [list(fault) for fault in said.json["faults"]] == [
        ["id", "code", "model", "version", "severity", "message", "repair"]
    ]


def test_where_nothing_is_open_it_passed(ask: Run, working: Begin) -> None:
    """Exit status 0, and it is said."""
    working(well)
    said = ask("check", "mnist")
    assert said.status == ExitCode.DONE
    assert said.out.endswith("No fault is open.\n")
    assert ask("check", "mnist", "--json").json == {"passed": True, "faults": []}


def test_without_a_model_all_that_are_deployed_are_checked_and_the_workspace(
    ask: Run, working: Begin
) -> None:
    """One job each, so that nobody waits behind a hundred models; what is not deployed has nothing to check."""
    done = working(well)
    assert ask("check").status == ExitCode.DONE
    assert [(job.kind, job.model) for job in done] == [(JobKind.CHECK, "mnist"), (JobKind.CHECK, "")]


def test_what_cannot_be_told_yet_says_what_is_missing(ask: Run, working: Begin) -> None:
    """Of one model; of all only how many, unless everything is asked for."""
    working(well)
    assert "?      quality-trend  needs 5 different test sets" in ask("check", "mnist").out
    assert "artefact-changed" not in ask("check", "mnist").out
    assert "quality-trend" not in ask("check").out
    everything = ask("check", "--all").out
    assert "ok     artefact-changed  as it was deployed" in everything
    assert "?      quality-trend     needs 5 different test sets" in everything


@pytest.mark.parametrize("severity", [Severity.INFO, Severity.WARNING])
def test_a_hint_alone_passes(severity: Severity, ask: Run, writer: Writer, working: Begin) -> None:
    """It is told, and fails no script."""
    with writer.transaction() as connection:
        faults.open_fault(connection, "stale-model", "It is old.", at=1.0, model="mnist", severity=severity)
    working(well)
    said = ask("check", "mnist", "--json")
    assert said.json["passed"] is (severity is Severity.INFO)
    assert [fault["code"] for fault in said.json["faults"]] == ["stale-model"]


def test_another_models_fault_is_not_this_ones(ask: Run, writer: Writer, working: Begin) -> None:
    """A script that checks one model hears of that one."""
    with writer.transaction() as connection:
        faults.open_fault(connection, "no-data", "None.", at=1.0, model="digits")
    working(well)
    assert ask("check", "mnist").status == ExitCode.DONE
    assert ask("check").status == ExitCode.NO


def test_a_check_that_fails_is_a_failure(ask: Run, working: Begin) -> None:
    """Nobody is told that all is well where nobody looked."""
    working(failed)
    assert ask("check", "mnist").status == ExitCode.FAILED


def test_one_that_fails_among_others_is_told_beside_them(ask: Run, working: Begin) -> None:
    """What the others found is told all the same."""

    def workspace_fails(writer: Writer, job: Job) -> None:
        (well if job.model else failed)(writer, job)

    working(workspace_fails)
    said = ask("check", "--json")
    assert said.status == ExitCode.FAILED
    assert said.json["passed"] is True
    assert "It does not load." in said.err


def test_who_does_not_wait_gets_the_jobs(ask: Run) -> None:
    """One line each."""
    said = ask("check", "--no-wait")
    assert said.out == "job 1 checks mnist: queued\njob 2 checks the workspace: queued\n"
    assert [job["kind"] for job in ask("check", "mnist", "--no-wait", "--json").json] == ["check"]


def test_an_unknown_model_is_a_usage_error(ask: Run) -> None:
    """With the nearest name that exists."""
    said = ask("check", "mnits")
    assert said.status == ExitCode.USAGE
    assert "Did you mean 'mnist'?" in said.err


def test_acknowledged_faults_are_remembered(ask: Run, writer: Writer, working: Begin) -> None:
    """They fail nothing, and whoever looks is told that they are there."""
    with writer.transaction() as connection:
        [fault] = faults.all_open(connection, "mnist")
        faults.acknowledge(connection, fault.id, by="ann")
    working(checked)
    said = ask("check", "mnist")
    assert said.status == ExitCode.DONE
    assert said.out.endswith("No fault is open.\n1 acknowledged fault is still there: modeltender faults\n")
    assert ask("check", "mnist", "--json").json == {"passed": True, "faults": []}


def test_a_hint_is_a_no_to_who_is_strict(ask: Run, writer: Writer, working: Begin) -> None:
    """A pipeline that lets nothing pass is stopped by what is only told otherwise."""
    with writer.transaction() as connection:
        faults.open_fault(
            connection, "stale-model", "It is old.", at=1.0, model="mnist", severity=Severity.INFO
        )
    working(well)
    assert ask("check", "mnist").status == ExitCode.DONE
    said = ask("check", "mnist", "--strict", "--json")
    assert (said.status, said.json["passed"]) == (ExitCode.NO, False)


def test_an_acknowledged_fault_is_a_no_to_who_is_strict(ask: Run, writer: Writer, working: Begin) -> None:
    """It is listed, because it is the reason."""
    with writer.transaction() as connection:
        [fault] = faults.all_open(connection, "mnist")
        faults.acknowledge(connection, fault.id, by="ann")
    working(checked)
    said = ask("check", "mnist", "--strict", "--json")
    assert said.status == ExitCode.NO
    assert [one["id"] for one in said.json["faults"]] == [fault.id]
    assert "still there" not in ask("check", "mnist", "--strict").out


def test_who_is_strict_passes_where_there_is_nothing(ask: Run, working: Begin) -> None:
    """Checks that cannot tell yet stop nobody: a new model would never pass."""
    working(well)
    assert ask("check", "mnist", "--strict").status == ExitCode.DONE
