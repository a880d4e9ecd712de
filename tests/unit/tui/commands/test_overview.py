"""The overview says what needs a person, and its exit status says whether anything does."""

import pytest

from storage.database import Writer
from storage.objectives import MISSED_FAULT
from storage.promotion_records import GateCheck, GateReport
from storage.tables import faults, inbox, models
from storage.vocabulary import CheckVerdict, ExitCode, Status, Verdict
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Run


@pytest.fixture
def well(filled: Workspace, writer: Writer) -> Workspace:
    """Return the workspace with everything mended that was wrong in it."""
    with writer.transaction() as connection:
        faults.close_fault(connection, "load-failed", at=0, model="mnist", version=3)
        inbox.forget(connection, "mnist", "notes.onnx")
        third = models.versions(connection, "mnist")[0]
        models.set_version(connection, third.id, status=Status.READY)
    return filled


def test_nothing_wrong_is_a_zero(ask: Run, well: Workspace) -> None:
    """When nothing needs a person the overview says so and ends with 0."""
    del well
    said = ask("status")
    assert said.status == ExitCode.DONE
    assert said.out.endswith("Nothing needs you.\n")
    assert ask("status", "--json").json["attention"] == []
    assert ask("faults").status == ExitCode.DONE


def test_each_thing_that_needs_a_person_has_one_sentence(ask: Run) -> None:
    """A fault, and a file that is no model, are told once each; the version that the fault is about not again."""
    said = ask("status", "--json")
    assert said.status == ExitCode.NO
    assert said.json["attention"] == [
        "mnist@3: version 3 does not load",
        "mnist@2 is superior; deploy it: modeltender promote mnist",
        "train/mnist/notes.onnx is unsupported: this is a text file",
    ]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (
            CheckVerdict.PASS,
            ["mnist@3 is superior; deploy it: modeltender promote mnist"],
        ),
        (CheckVerdict.FAIL, []),
    ],
)
def test_a_candidate_that_may_be_promoted_needs_a_person(
    ask: Run, well: Workspace, writer: Writer, outcome: CheckVerdict, told: list[str]
) -> None:
    """As in the console, a candidate that passed its gate waits for somebody; one that did not is held."""
    del well
    with writer.transaction() as connection:
        third = models.versions(connection, "mnist")[0]
        gate = GateReport(1, Verdict.SUPERIOR, (GateCheck("accuracy", outcome, "better"),))
        models.set_gate(connection, third.id, gate)
    said = ask("status", "--json")
    assert said.json["attention"] == told
    assert said.status == (ExitCode.NO if told else ExitCode.DONE)


def test_a_candidate_of_which_only_the_latency_is_open_needs_a_person(
    ask: Run, well: Workspace, writer: Writer
) -> None:
    """Its promotion measures it, and is for somebody to ask for."""
    del well
    with writer.transaction() as connection:
        third = models.versions(connection, "mnist")[0]
        check = GateCheck("latency", CheckVerdict.INCONCLUSIVE, "not measured")
        gate = GateReport(1, Verdict.INCONCLUSIVE, (check,), unmeasured=True)
        models.set_gate(connection, third.id, gate)
    assert ask("status", "--json").json["attention"] == [
        "mnist@3 passes but for its latency; measure and deploy it: modeltender promote mnist"
    ]


def test_a_missed_objective_needs_a_person(ask: Run, well: Workspace) -> None:
    """A deployed version that misses an objective of its settings is named with figure and limit."""
    file = well.model_settings("mnist")
    file.parent.mkdir(parents=True)
    file.write_text('[objectives]\naccuracy = ">= 0.95"\n')
    said = ask("status", "--json")
    assert said.status == ExitCode.NO
    assert said.json["attention"] == ["mnist@1: objective accuracy >= 0.95: missed (0.94)"]


def test_an_objective_that_no_figure_has_the_name_of_needs_a_person(ask: Run, well: Workspace) -> None:
    """A slip of the pen would leave a deployed version unguarded for good."""
    file = well.model_settings("mnist")
    file.parent.mkdir(parents=True)
    file.write_text('[objectives]\nacuracy = ">= 0.95"\nlatency_p99_ms = "<= 20"\n')
    said = ask("status", "--json")
    assert said.status == ExitCode.NO
    assert said.json["attention"] == [
        "mnist@1: objective acuracy >= 0.95: not measured; did you mean 'accuracy'?"
    ]


@pytest.mark.parametrize("known", [False, True])
def test_an_objective_whose_fault_is_open_is_told_once(
    ask: Run, well: Workspace, writer: Writer, *, known: bool
) -> None:
    """With the fault's own figures; and not at all where somebody knows of it."""
    file = well.model_settings("mnist")
    file.parent.mkdir(parents=True)
    file.write_text('[objectives]\naccuracy = ">= 0.97"\n')
    with writer.transaction() as connection:
        faults.open_fault(connection, MISSED_FAULT, "It is below.", at=0, model="mnist", version=1)
        if known:
            [fault] = faults.all_open(connection, "mnist")
            faults.acknowledge(connection, fault.id, by="ann")
    said = ask("status", "--json")
    assert said.json["attention"] == ([] if known else ["mnist@1: It is below."])
    assert said.status == (ExitCode.DONE if known else ExitCode.NO)


def test_broken_settings_are_told_once(ask: Run, well: Workspace, writer: Writer) -> None:
    """A model whose settings cannot be read is told with what the engine recorded, and breaks nothing."""
    file = well.model_settings("mnist")
    file.parent.mkdir(parents=True)
    file.write_text("[objectives\n")
    with writer.transaction() as connection:
        model_id = models.ensure(connection, "mnist", now=0)
        models.set_settings(connection, model_id, task=None, problem="model.toml: not valid TOML")
        faults.open_fault(connection, "settings", "model.toml: not valid TOML", at=0, model="mnist")
    assert ask("status", "--json").json["attention"] == ["mnist: model.toml: not valid TOML"]


def test_a_version_that_is_not_well_is_told_without_a_fault(
    ask: Run, well: Workspace, writer: Writer
) -> None:
    """The newest version's state is told with its reason even where no fault is open."""
    del well
    with writer.transaction() as connection:
        third = models.versions(connection, "mnist")[0]
        models.set_version(connection, third.id, status=Status.QUARANTINED, reason="it crashed three times")
    assert ask("status", "--json").json["attention"][0] == "mnist@3 is in quarantine: it crashed three times"


def test_a_stopped_engine_needs_a_person(run: Run, stopped: Workspace) -> None:
    """Nothing is watched while no engine runs, so that comes first."""
    said = run("status", "-w", str(stopped.root), "--json")
    assert said.status == ExitCode.NO
    assert said.json["attention"][0].startswith("The engine is not running; this is how things stood at ")
    assert said.json["engine"]["running"] is False


def test_the_text_holds_the_other_tables(ask: Run) -> None:
    """A person sees the engine, the models, the devices and what needs them."""
    text = ask("status").out
    assert text.startswith("engine running; 2 models; jobs: 0 running, 0 waiting\n")
    assert "accuracy 0.9400 ±0.0100" in text
    assert "A processor" in text
    assert "! mnist@3: version 3 does not load" in text
