"""Scripts can hold every answer against a schema; the answers of all other tests here are held against it, too."""

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError

from storage.vocabulary import ExitCode
from tests.answer_schemas import conform
from tests.unit.tui.commands.conftest import Run
from tui.commands.printed import ANSWERS


@pytest.mark.parametrize("command", ANSWERS)
def test_every_answer_has_a_schema(run: Run, command: str) -> None:
    """What is printed is a schema of the draft that it names, and every part that it refers to is in it."""
    said = run("schema", *command.split())
    assert said.status == ExitCode.DONE
    document = msgspec.json.decode(said.out)
    Draft202012Validator.check_schema(document)
    found = Draft202012Validator(document)
    assert not found.is_valid({"surely": "no answer"})
    assert found.is_valid({"error": {"code": "usage", "message": "No.", "hint": ""}})


def test_a_wrong_answer_is_found(ask: Run) -> None:
    """A field that is missing, of another type or of no known state does not pass."""
    [first, *_] = ask("models", "--json").json
    for field, value in (("versions", "three"), ("status", "splendid"), ("model", None)):
        with pytest.raises(ValidationError):
            conform(["models"], [first | {field: value}])
    del first["versions"]
    with pytest.raises(ValidationError):
        conform(["models"], [first])


def test_a_field_of_a_later_version_is_no_break(ask: Run) -> None:
    """Scripts that validate go on working when a field is added."""
    conform(["models"], [one | {"new": 1} for one in ask("models", "--json").json])


def test_commands_that_print_json_are_listed(run: Run) -> None:
    """Without a command each that has a schema is named, one a line, with --json with the names of its documents."""
    assert run("schema").out.split("\n")[:-1] == list(ANSWERS)
    listed = run("schema", "--json").json
    assert [one["command"] for one in listed] == list(ANSWERS)
    assert {"command": "models", "prints": ["ModelDocument"]} in listed


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["data"], "Name one of data describe, data import, data split."),
        (["mnist"], "modeltender schema lists those that do."),
        (["models", "list"], "No command models list prints JSON."),
    ],
)
def test_what_prints_no_json_is_told(run: Run, words: list[str], sentence: str) -> None:
    """A group names its commands, everything else is sent to the list."""
    said = run("schema", *words)
    assert said.status == ExitCode.USAGE
    assert sentence in said.err
