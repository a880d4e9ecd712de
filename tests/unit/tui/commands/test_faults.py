"""What ``faults`` and ``acknowledge`` say, and what an acknowledged problem asks for."""

import pytest

from storage.database import Writer
from storage.records import Job
from storage.tables import faults
from storage.vocabulary import ExitCode, JobKind, Severity
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import answered, failed

KNOWN = {
    "id": 1,
    "code": "load-failed",
    "model": "mnist",
    "version": 3,
    "severity": "error",
    "acknowledged_by": "ann",
}


def acknowledged(writer: Writer, job: Job) -> None:
    """Answer as the engine does."""
    with writer.transaction() as connection:
        faults.acknowledge(connection, job.parameters.fault or 0, by="ann")
    answered(KNOWN)(writer, job)


def test_a_fault_has_its_sentence_and_what_mends_it_below_it(
    ask: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is wider than the terminal, and the exit status says that somebody is needed."""
    monkeypatch.setenv("COLUMNS", "80")
    said = ask("faults")
    assert said.status == ExitCode.NO
    lines = said.out.splitlines()
    assert lines[0].split() == ["ID", "SEVERITY", "MODEL", "SINCE", "TIMES", "FAULT"]
    assert lines[1].split()[:3] == ["1", "error", "mnist@3"]
    assert lines[2:] == ["    version 3 does not load", "    > Copy it again."]
    assert ask("faults", "--json").json[0]["repair"] == "Copy it again."


def test_long_sentences_are_wrapped(ask: Run, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 80 columns as well as at 160."""
    with writer.transaction() as connection:
        faults.open_fault(connection, "x", "word " * 70, at=1.0, model="mnist", repair="do " * 60)
    for width in (80, 160):
        monkeypatch.setenv("COLUMNS", str(width))
        assert max(map(len, ask("faults").out.splitlines())) <= width


def test_an_acknowledged_fault_stays_and_asks_for_nobody(ask: Run, working: Begin) -> None:
    """It is listed with who knows of it; faults, status and the table of models are content."""
    done = working(acknowledged)
    said = ask("acknowledge", "1")
    assert (said.status, said.out) == (ExitCode.DONE, "Fault 1 (load-failed) is known to ann.\n")
    assert [(job.kind, job.model, job.version, job.parameters.fault) for job in done] == [
        (JobKind.ACKNOWLEDGE, "mnist", 3, 1)
    ]
    listed = ask("faults")
    assert listed.status == ExitCode.DONE
    assert "(known to ann)" in listed.out
    assert ask("faults", "--json").json[0]["state"] == "acknowledged"
    assert not any("does not load" in sentence for sentence in ask("status", "--json").json["attention"])
    assert {model["model"]: model["faults"] for model in ask("models", "--json").json} == {
        "digits": 0,
        "mnist": 0,
    }


def test_the_document_of_acknowledge(ask: Run, working: Begin) -> None:
    """Which fault it is, and who knows of it."""
    working(acknowledged)
    assert ask("acknowledge", "1", "--json").json == KNOWN


def test_a_hint_needs_nobody(ask: Run, writer: Writer) -> None:
    """What is worth knowing is listed, and does not fail a script."""
    with writer.transaction() as connection:
        faults.close_fault(connection, "load-failed", at=0, model="mnist", version=3)
        faults.open_fault(
            connection, "stale-model", "It is old.", at=1.0, model="mnist", version=1, severity=Severity.INFO
        )
    said = ask("faults")
    assert said.status == ExitCode.DONE
    assert "It is old." in said.out


def test_no_fault_is_said(ask: Run, writer: Writer) -> None:
    """In so many words."""
    with writer.transaction() as connection:
        faults.close_fault(connection, "load-failed", at=0, model="mnist", version=3)
    assert ask("faults").out == "No open problems.\n"


def test_a_refusal_of_the_engine_is_the_commands(ask: Run, working: Begin) -> None:
    """As with every command."""
    working(failed)
    assert ask("acknowledge", "99").status == ExitCode.FAILED
