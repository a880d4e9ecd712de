"""What ``models`` and ``show`` tell a person and a script."""

from storage.database import Writer
from storage.tables import models
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Run


def test_a_models_figures_are_those_of_what_is_deployed(ask: Run) -> None:
    """The row of a model shows its current version's latest figures, not the candidate's."""
    mnist = next(model for model in ask("models", "--json").json if model["model"] == "mnist")
    assert (mnist["current"], mnist["candidate"], mnist["versions"]) == (1, 2, 3)
    assert mnist["metrics"]["accuracy"] == {"value": 0.94, "low": 0.94 - 0.01, "high": 0.94 + 0.01, "n": 2000}
    assert mnist["status"] == "ready"
    assert mnist["faults"] == 1


def test_a_model_that_was_never_deployed_is_shown_by_its_newest_version(ask: Run) -> None:
    """Without a current version, status is the newest one's and figures are empty until there are some."""
    digits = next(model for model in ask("models", "--json").json if model["model"] == "digits")
    assert (digits["current"], digits["candidate"], digits["status"]) == (None, 1, "ready")
    assert (digits["metrics"], digits["latency"], digits["evaluated_at"]) == ({}, None, None)


def test_the_table_shows_intervals_and_what_is_not_known(ask: Run) -> None:
    """A figure is shown with half its interval, a missing one as n/a, and a version that is not well has its line."""
    said = ask("models")
    assert said.status == ExitCode.DONE
    assert "accuracy 0.9400 ±0.0100" in said.out
    assert "n/a" in next(line for line in said.out.splitlines() if line.startswith("digits"))
    assert "mnist@3 is failed: truncated archive" in said.out


def test_columns_are_aligned(ask: Run) -> None:
    """Every row's status begins in the same column."""
    lines = [
        line for line in ask("models").out.splitlines() if line.startswith(("MODEL", "mnist ", "digits "))
    ]
    column = lines[0].index("STATUS")
    assert {line[column - 1] for line in lines} == {" "}
    assert {line[column] for line in lines} == {"S", "r"}


def test_an_empty_workspace_says_what_to_do(ask: Run, writer: Writer) -> None:
    """Without any model the list is empty for a script and a sentence for a person."""
    with writer.transaction() as connection:
        models.set_present(connection, set())
    assert ask("models", "--json").json == []
    assert "train/NAME/" in ask("models").out


def test_show_tells_versions_gate_arrivals_and_problems(ask: Run) -> None:
    """The page of a model has each version with its role and reason, the gate's figures and what did not become a version."""
    text = ask("show", "mnist").out
    assert "truncated archive" in text
    assert "gate of version 2: superior" in text
    assert "notes.onnx in train/mnist/ is unsupported: this is a text file" in text
    assert "! version 3 does not load" in text


def test_a_stopped_engine_is_remarked_on_beside_the_answer(run: Run, stopped: Workspace) -> None:
    """Figures of a stopped engine are shown with a remark on standard error, and the engine stays as it is."""
    said = run("models", "-w", str(stopped.root))
    assert said.status == ExitCode.DONE
    assert "mnist" in said.out
    assert "The engine is not running" in said.err
    assert not (stopped.state / "logs" / "engine.out").exists()
