"""Settings with their origin: which file and line says it, and what is wrong where."""

from pathlib import Path

import pytest

from storage.settings_listing import DEFAULT, NOT_SET, Entry, listed, stamp
from storage.settings_places import key_lines
from storage.workspace import Workspace

MODEL = """# what a person writes
task = "classification"
labels = [
  "task = 1",  # no key
  "[gate]",
]

[objectives]
accuracy = ">= 0.9"

[gate]
margin = 0.01
require = [{ metric = "f1", at_least = 0.5 }]

[[targets]]
kind = "triton"
url = "http://ann:hunter2@host:8000"
[schedule]
check = "2h"
"""


@pytest.fixture
def model(workspace: Workspace) -> Path:
    """Return the settings file of a model, in its folder."""
    file = workspace.model_settings("mnist")
    file.parent.mkdir(parents=True)
    return file


def _entry(workspace: Workspace, key: str, scope: str = "mnist") -> Entry:
    [found] = [one for one in listed(workspace, "mnist").entries if (one.key, one.scope) == (key, scope)]
    return found._replace(meaning="")


def test_keys_have_their_lines() -> None:
    """Each key is where it is written, whatever stands in values of several lines."""
    assert key_lines(MODEL) == {
        "task": 2,
        "labels": 3,
        "objectives": 8,
        "objectives.accuracy": 9,
        "gate": 11,
        "gate.margin": 12,
        "gate.require": 13,
        "gate.require.metric": 13,
        "gate.require.at_least": 13,
        "targets": 15,
        "targets.kind": 16,
        "targets.url": 17,
        "schedule": 18,
        "schedule.check": 19,
    }


def test_what_is_said_nowhere_is_the_default(workspace: Workspace) -> None:
    """Without any file every setting has its default, of the workspace and of a model."""
    found = listed(workspace, "mnist")
    assert {entry.origin for entry in found.entries if not entry.scope} <= {DEFAULT}
    assert _entry(workspace, "gate.margin") == Entry("mnist", "gate.margin", "0.005", DEFAULT, "0.005")
    assert _entry(workspace, "gate.class_margin").value == NOT_SET
    assert _entry(workspace, "schedule.check") == Entry("mnist", "schedule.check", '"1h"', DEFAULT, '"1h"')
    assert found.problems == ()


def test_what_is_said_has_its_file_and_line(workspace: Workspace, model: Path) -> None:
    """A value that somebody wrote says where; what holds otherwise is told, too."""
    model.write_text(MODEL)
    assert _entry(workspace, "gate.margin") == Entry("mnist", "gate.margin", "0.01", "model.toml:12", "0.005")
    assert _entry(workspace, "objectives.accuracy").origin == "model.toml:9"
    assert _entry(workspace, "schedule.check")[2:5] == ('"2h"', "model.toml:19", '"1h"')


def test_a_password_is_not_shown(workspace: Workspace, model: Path) -> None:
    """What stands before the @ of an address stays where it is."""
    model.write_text(MODEL)
    assert "hunter2" not in str(listed(workspace, "mnist"))


def test_a_model_inherits_from_the_workspace(workspace: Workspace, model: Path) -> None:
    """What a model leaves open is what the workspace says, with the workspace's line; its own word goes before."""
    workspace.settings_file.write_text('[schedule]\nevaluate = "15m"\ncheck = "3h"\n')
    model.write_text('[schedule]\ncheck = "2h"\n')
    assert _entry(workspace, "schedule.evaluate")[2:5] == ('"15m"', "modeltender.toml:2", '"never"')
    assert _entry(workspace, "schedule.check").origin == "model.toml:2"
    assert _entry(workspace, "schedule.check", "").value == '"3h"'


def test_problems_come_first_and_beside_their_key(workspace: Workspace, model: Path) -> None:
    """Every problem of both files is told with its line, wrong values and unknown keys alike."""
    workspace.settings_file.write_text('[limits]\nmemory_gib = "much"\n')
    model.write_text("[gate]\nmargn = 1\nconfidence = 2.0\n")
    found = listed(workspace, "mnist")
    assert [(one.key, one.origin) for one in found.problems] == [
        ("gate.confidence", "model.toml:3"),
        ("gate.margn", "model.toml:2"),
        ("limits.memory_gib", "modeltender.toml:2"),
    ]
    assert found.entries[:3] == found.problems
    assert "did you mean 'margin'" in found.problems[1].problem


def test_a_file_that_is_no_toml_is_one_problem(workspace: Workspace, model: Path) -> None:
    """It is told of the file, and everything else holds by default."""
    model.write_text("[gate\n")
    [problem] = listed(workspace, "mnist").problems
    assert problem.key == "model.toml"
    assert "not valid TOML" in problem.problem
    assert _entry(workspace, "gate.margin").origin == DEFAULT


def test_a_changed_file_is_noticed(workspace: Workspace, model: Path) -> None:
    """The stamp differs as soon as one of the files comes, changes or goes."""
    seen = [stamp(workspace, "mnist")]
    model.write_text("")
    seen.append(stamp(workspace, "mnist"))
    model.write_text('task = "regression"\n')
    seen.append(stamp(workspace, "mnist"))
    model.unlink()
    assert stamp(workspace, "mnist") == seen[0]
    assert len(set(map(str, seen))) == 3


def test_each_setting_says_what_it_is_for(workspace: Workspace, model: Path) -> None:
    """A key has the words of its struct, one of a free table those of the table, and a key that is none has none."""
    model.write_text('objectives = { accuracy = ">= 0.9" }\n[gate]\nmargn = 0.1\n')
    found = {entry.key: entry.meaning for entry in listed(workspace, "mnist").entries if entry.scope}
    assert found["gate.margin"].startswith("How much worse than the deployed version")
    assert found["objectives.accuracy"].startswith("What a figure must keep")
    assert found["gate.margn"] == ""
