"""What ``models`` and ``show`` tell a person and a script."""

import pytest
from msgspec.structs import replace

from storage.database import Writer
from storage.records import Arrival, EvaluationFailure, TensorSpec
from storage.tables import faults, inbox, models
from storage.vocabulary import ExitCode, Status
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Run
from tests.unit.tui.commands.rows import LINES, LOADING


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
    assert "mnist@3 failed: truncated archive" in said.out


def test_open_faults_stand_beside_the_status(ask: Run, writer: Writer) -> None:
    """What is ready may be wrong all the same, and the list alone must not look as if all were well."""

    def row(model: str) -> str:
        return next(line for line in ask("models").out.splitlines() if line.startswith(model))

    assert "ready, 1 fault " in row("mnist")
    assert "fault" not in row("digits")
    with writer.transaction() as connection:
        faults.open_fault(connection, "leakage", "It is so.", at=1.0, model="mnist")
    assert "ready, 2 faults " in row("mnist")


def test_what_is_on_its_way_has_its_line(ask: Run, writer: Writer) -> None:
    """A large file that is being copied is told with its size and speed by the list and by show."""
    coming = Arrival(
        model="mnist",
        name="large.keras",
        status=Status.SETTLING,
        reason="arriving: 412 MiB so far, 12 MiB/s",
        bytes=432_013_312,
        seen_at=0,
    )
    with writer.transaction() as connection:
        inbox.put(connection, coming, stamp="", sha256=None, version_id=None)
    line = "train/mnist/large.keras arriving: 412 MiB so far, 12 MiB/s"
    assert line in ask("models").out.splitlines()
    assert line in ask("show", "mnist").out.splitlines()


def test_a_model_without_a_version_says_what_its_files_are(ask: Run, writer: Writer) -> None:
    """Whoever's first file does not become a version reads why in the list; beside versions it is told by show."""
    with writer.transaction() as connection:
        models.ensure(connection, "first", now=0)
        for model in ("first", "digits"):
            empty = Arrival(
                model=model,
                name="model.onnx",
                status=Status.FAILED,
                reason="model.onnx is empty",
                bytes=0,
                seen_at=0,
            )
            inbox.put(connection, empty, stamp="1", sha256=None, version_id=None)
    text = ask("models").out
    assert "train/first/model.onnx failed: model.onnx is empty" in text.splitlines()
    assert "train/digits" not in text
    # The overview has it among what needs a person, and not twice.
    assert ask("status").out.count("train/first/model.onnx failed") == 1


def test_show_tells_what_to_do_about_a_failed_evaluation(ask: Run, writer: Writer) -> None:
    """Where no lines for model.toml would mend it, the problem is followed by its way out."""
    message, hint = "test.npz has label 3 in row 0.", "They run from 1 to 3: save y - 1."
    with writer.transaction() as connection:
        [version] = models.versions(connection, "digits")
        failure = EvaluationFailure(at=0, message=message, hint=hint, proposal="")
        models.set_failure(connection, version.id, failure)
        faults.open_fault(connection, "evaluation-failed", message, at=0, model="digits", version=1)
    lines = ask("show", "digits").out.splitlines()
    assert lines[lines.index(f"! {message}") + 1] == f"  > {hint}"


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
    assert "train/mnist/notes.onnx is unsupported: this is a text file" in text
    assert "! version 3 does not load" in text


def test_show_tells_what_each_version_is_and_needs(ask: Run) -> None:
    """Inputs, outputs, parameters, loading time and peak memory stand in a row, aligned under their headings."""
    lines = ask("show", "mnist").out.splitlines()
    heading = next(line for line in lines if "PEAK MEMORY" in line)
    row = lines[lines.index(heading) + 1]
    assert row[heading.index("RUNTIME") :].startswith("keras 3.15.0  cpu")
    assert row[: heading.index("PARAMETERS") + len("PARAMETERS")].endswith(" 101,770")
    assert row[: heading.index("LOADED IN") + len("LOADED IN")].endswith(" 119 ms")
    assert row[: heading.index("PEAK MEMORY") + len("PEAK MEMORY")].endswith(" 412.0 MiB")
    assert row[heading.index("INPUTS") :].startswith("image float32 [?, 28, 28, 1]  ")
    assert row[heading.index("OUTPUTS") :] == "probabilities float32 [?, 10]"


def test_show_of_one_version_is_about_that_one(ask: Run) -> None:
    """With a number or a role there is one row, each input and output on a line, and nobody else's problems."""
    text = ask("show", "mnist@current").out
    assert "input       image float32 [?, 28, 28, 1]\n" in text
    assert "peak memory 412.0 MiB\n" in text
    assert "truncated archive" not in text
    assert "notes.onnx" not in text
    found = ask("show", "mnist@1", "--json").json
    assert [version["version"] for version in found["versions"]] == [1]
    assert ask("show", "mnist@9").status == ExitCode.USAGE


def test_show_has_for_scripts_what_a_version_is_and_needs(ask: Run) -> None:
    """The JSON names inputs and outputs with dtype and shape, and is null where a version was never loaded."""
    third, second, first = ask("show", "mnist", "--json").json["versions"]
    assert first["runtime"] == {"name": "keras", "version": "3.15.0"}
    assert first["inputs"] == [{"name": "image", "dtype": "float32", "shape": [None, 28, 28, 1]}]
    assert first["outputs"] == [{"name": "probabilities", "dtype": "float32", "shape": [None, 10]}]
    needs = ("parameters", "load_s", "peak_rss_bytes", "device", "failure")
    assert [first[name] for name in needs] == [101_770, 0.1192, 412 * 2**20, "cpu", None]
    assert [third[name] for name in (*needs, "inputs", "outputs", "runtime")] == [None] * 8
    assert second["failure"] == {
        "at": "2025-06-15T15:06:40Z",
        "message": "It does not fit.",
        "hint": "Write it down.",
        "proposal": LINES,
    }


def test_lines_to_write_down_are_printed_ready(ask: Run) -> None:
    """What would make the data fit stands at the end, as it goes into the file, and only where it was needed."""
    assert ask("show", "mnist").out.endswith(f"\nproposed for models/mnist/model.toml:\n{LINES}\n")
    assert "proposed" not in ask("show", "mnist@1").out


def test_versions_that_need_different_lines_have_a_block_each(ask: Run, writer: Writer) -> None:
    """Each block says for which versions it is; the same lines are printed once."""
    other = EvaluationFailure(at=1.0, message="", hint="", proposal="[preprocess]\nflatten = true")
    with writer.transaction() as connection:
        third, second, first = models.versions(connection, "mnist")
        models.set_failure(connection, third.id, second.failure)
        models.set_failure(connection, first.id, other)
    text = ask("show", "mnist").out
    assert f"proposed for models/mnist/model.toml, for version 3, 2:\n{LINES}\n" in text
    assert "proposed for models/mnist/model.toml, for version 1:\n[preprocess]\nflatten = true\n" in text


def test_a_model_of_many_inputs_does_not_fill_the_screen(ask: Run, writer: Writer) -> None:
    """A row names two and counts the others; the version's own page has them all."""
    many = tuple(TensorSpec(f"cache {place}", None, "") for place in range(40))
    with writer.transaction() as connection:
        model = models.versions(connection, "mnist")[-1]
        models.set_loading(connection, model.id, replace(LOADING, inputs=many, outputs=()), parameters=None)
    row = next(line for line in ask("show", "mnist").out.splitlines() if "keras 3.15.0" in line)
    assert "cache 1 an array of unknown shape, 38 more  n/a" in row
    page = ask("show", "mnist@1").out
    assert page.count("input       cache ") == 40
    assert "output      n/a" in page


def test_a_stopped_engine_is_remarked_on_beside_the_answer(run: Run, stopped: Workspace) -> None:
    """Figures of a stopped engine are shown with a remark on standard error, and the engine stays as it is."""
    said = run("models", "-w", str(stopped.root))
    assert said.status == ExitCode.DONE
    assert "mnist" in said.out
    assert "The engine is not running" in said.err
    assert not (stopped.state / "logs" / "engine.out").exists()


def test_the_past_is_told_with_its_moment(ask: Run) -> None:
    """With --at the table is that of then: which figures were the latest, how old they were, and what was not there yet."""
    said = ask("models", "--at", "2025-06-15 15:07:00")
    assert said.status == ExitCode.DONE
    assert "accuracy 0.9500" in next(line for line in said.out.splitlines() if line.startswith("mnist"))
    assert "20 s ago" in said.out
    assert "This is how things stood at 2025-06-15 15:07:00 UTC." in said.err
    then = next(
        model
        for model in ask("models", "--at", "2025-06-15 15:07:00", "--json").json
        if model["model"] == "mnist"
    )
    now = next(model for model in ask("models", "--json").json if model["model"] == "mnist")
    assert (then["metrics"]["accuracy"]["value"], now["metrics"]["accuracy"]["value"]) == (0.95, 0.94)


def test_before_anything_was_recorded_there_was_nothing(ask: Run) -> None:
    """A moment before the first record has no models, and says so."""
    said = ask("models", "--at", "2020-01-01")
    assert said.out.strip() == "There were no models."
    assert ask("models", "--at", "2020-01-01", "--json").json == []


@pytest.mark.parametrize("at", ["soon", "2999-01-01"])
def test_what_is_no_moment_of_the_past_is_refused(ask: Run, at: str) -> None:
    """One sentence says what can be written, or that it is not over yet."""
    said = ask("models", "--at", at)
    assert said.status == ExitCode.USAGE
    assert "neither an age" in said.err or "is not over yet" in said.err
