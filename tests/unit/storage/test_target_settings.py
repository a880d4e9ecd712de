"""Promises about the ``[[targets]]`` of model.toml: typed, and everything that is wrong is told at once."""

from pathlib import Path

import pytest

from storage.errors import SettingsError
from storage.settings import read_model_settings
from storage.target_settings import Command, MLflow, TensorFlowServing, Triton, place_of

FULL = """
[[targets]]
kind = "tensorflow-serving"
config = "/etc/tfserving/models.config"
url = "http://127.0.0.1:8501"

[[targets]]
kind = "triton"
name = "gpu"
config = "triton/mnist/config.pbtxt"
timeout_s = 5

[[targets]]
kind = "mlflow"
url = "https://mlflow.example:5000/prefix"
registered_model = "digits"

[[targets]]
kind = "command"
command = ["systemctl", "reload", "serving"]
"""

WRONG = """
objectives = { accuracy = "good" }
[[targets]]
kind = "kserve"
[[targets]]
kind = "triton"
config = "../config.pbtxt"
url = "127.0.0.1:8000"
timeout_s = 0
lable = "stable"
[[targets]]
kind = "mlflow"
url = "http://user:secret@host/"
alias = 3
[[targets]]
kind = "command"
command = ["", "x"]
"""


def read(tmp_path: Path, text: str) -> list[str]:
    """Return the problems of a file."""
    file = tmp_path / "model.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_model_settings(file)
    return caught.value.problems


def test_targets_are_read_in_their_order(tmp_path: Path) -> None:
    """Each kind has its own settings, and a name which is its kind unless it has another."""
    file = tmp_path / "model.toml"
    file.write_text(FULL)
    serving, triton, registry, command = read_model_settings(file).targets
    assert isinstance(serving, TensorFlowServing)
    assert (serving.name, serving.label, serving.timeout_s) == ("tensorflow-serving", "stable", 30)
    assert isinstance(triton, Triton)
    assert (triton.name, triton.config, triton.timeout_s) == ("gpu", "triton/mnist/config.pbtxt", 5)
    assert isinstance(registry, MLflow)
    assert (registry.registered_model, registry.alias) == ("digits", "champion")
    assert isinstance(command, Command)
    assert command.command == ("systemctl", "reload", "serving")


def test_a_target_says_where_it_is(tmp_path: Path) -> None:
    """People read which of their servers is meant: its file, its place in a registry, or the program."""
    file = tmp_path / "model.toml"
    file.write_text(FULL)
    assert [place_of(target) for target in read_model_settings(file).targets] == [
        "/etc/tfserving/models.config",
        "triton/mnist/config.pbtxt",
        "digits@champion at https://mlflow.example:5000/prefix",
        "systemctl reload serving",
    ]


def test_every_problem_of_every_target_is_told_at_once(tmp_path: Path) -> None:
    """Each with its place in the file, also beside problems of other tables, and no secret is repeated."""
    assert sorted(read(tmp_path, WRONG)) == [
        "objectives.accuracy: expected '>= number' or '<= number', got 'good'",
        "targets[1].kind: expected one of tensorflow-serving, triton, mlflow, command, got 'kserve'",
        "targets[2].config: expected an absolute path, or one below the workspace, got '../config.pbtxt'",
        "targets[2].lable: unknown key",
        "targets[2].timeout_s: expected a number above 0, at most 3600, got 0",
        "targets[2].url: expected an address such as 'http://127.0.0.1:8501', got '127.0.0.1:8000'",
        "targets[3].alias: expected `str`, got 3",
        "targets[3].registered_model: is missing",
        "targets[3].url: expected an address without user, query and fragment",
        "targets[4].command: expected a program and its arguments, got ['', 'x']",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("targets = 3", "targets: expected tables that begin with [[targets]], got 3"),
        (
            '[targets]\nkind = "triton"',
            "targets: expected tables that begin with [[targets]], got {'kind': 't",
        ),
        ("targets = [1]", "targets[1]: expected a table, got 1"),
        (
            "[[targets]]\nkind = 'triton'\nconfig = 'a'\nname = ''",
            "targets[1].name: expected a short name, got ''",
        ),
        ("[[targets]]\nconfig = 'x'", "targets[1].kind: expected one of"),
        ("[[targets]]\nkind = 'triton'", "targets[1].config: is missing"),
        ("[[targets]]\nkind = 'mlflow'\nregistered_model = 'x'", "targets[1].url: is missing"),
        ("[[targets]]\nkind = 'command'\ncommand = 'reload'", "targets[1].command: expected `array`"),
        (
            "[[targets]]\nkind = 'triton'\nconfig = 'a'\n[[targets]]\nkind = 'triton'\nconfig = 'b'",
            "targets: 2 are called 'triton'; give each a name of its own",
        ),
        ("[[targets]]\nkind = 'triton'\nconfig = 'a'\nurl = 'http://h:99999'", "targets[1].url: expected an"),
    ],
)
def test_one_problem_has_one_sentence(tmp_path: Path, text: str, problem: str) -> None:
    """Whatever shape the table has, the sentence says what belongs there."""
    [found] = read(tmp_path, text)
    assert found.startswith(problem)
