"""What ``show`` and ``runs`` tell of trainings that begin by themselves."""

from storage.database import Writer
from storage.tables import training
from storage.vocabulary import TrainingState
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Run

SETTINGS = '[train]\nautomatic = ["schedule", "objective-missed"]\nevery = "7d"\n'

WHY = "objective-missed: Version 1: accuracy 0.94 is below 0.97 with 95 % confidence"


def trained(writer: Writer, trigger: str) -> int:
    """Record a training, and return its number."""
    with writer.transaction() as connection:
        run = training.begin(
            connection,
            "mnist",
            key="k",
            job_id=1,
            at=1_750_000_000.0,
            how="warm start",
            base_version=1,
            base_sha256="",
            seed=0,
            settings={},
            trigger=trigger,
        )
        training.finish(connection, run.id, TrainingState.SUCCEEDED, at=1_750_000_060.0, message="")
    return run.id


def test_nothing_is_said_where_nothing_is_trained_by_itself(ask: Run, writer: Writer) -> None:
    """Nor of trainings that somebody asked for."""
    trained(writer, "")
    assert "by itself on" not in ask("show", "mnist").out
    assert ask("show", "mnist", "--json").json["retraining"] is None
    assert ask("runs", "mnist", "--json").json[0]["trigger"] is None


def test_it_is_said_on_what_and_what_came_of_the_last_time(
    ask: Run, writer: Writer, workspace: Workspace
) -> None:
    """In the settings' own words; a script gets seconds."""
    file = workspace.model_settings("mnist")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SETTINGS)
    line = "trained automatically on schedule (every 7d), objective-missed; at least 1d apart"
    assert line in ask("show", "mnist").out.splitlines()
    told = {"on": ["schedule", "objective-missed"], "every_s": 604800.0, "interval_s": 86400.0}
    assert ask("show", "mnist", "--json").json["retraining"] == told | {"last": None}
    number = trained(writer, WHY)
    trained(writer, "")
    page = ask("show", "mnist").out
    assert f"(training {number}, succeeded): {WHY}" in page
    last = ask("show", "mnist", "--json").json["retraining"]["last"]
    assert last == {
        "run": number,
        "at": "2025-06-15T15:06:40Z",
        "trigger": WHY,
        "state": "succeeded",
        "version": None,
    }
    assert f"run {number} started automatically: {WHY}" in ask("runs", "mnist").out
    assert "by itself on" not in ask("show", "mnist@1").out


def test_broken_settings_are_told_as_a_problem_and_nothing_else(ask: Run, workspace: Workspace) -> None:
    """The page is shown all the same."""
    file = workspace.model_settings("mnist")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[train]\nautomatic = 3\n")
    assert ask("show", "mnist", "--json").json["retraining"] is None
