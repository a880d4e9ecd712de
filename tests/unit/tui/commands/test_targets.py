"""Which model and version a word names, and what is said where it names none."""

import click
import pytest

from storage.database import Reader, Writer
from storage.errors import UnknownError
from storage.tables import models
from storage.vocabulary import Role, Status
from storage.workspace import Workspace
from tests.unit.tui.commands.rows import add_version, fill
from tui.commands.targets import Target, default_version, find_model, find_version, target


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("mnist", Target("mnist", None)),
        ("mnist@3", Target("mnist", 3)),
        ("mnist@current", Target("mnist", Role.CURRENT)),
        ("mnist@previous", Target("mnist", Role.PREVIOUS)),
        ("mnist@candidate", Target("mnist", Role.CANDIDATE)),
    ],
)
def test_a_target_is_a_model_and_perhaps_a_version(word: str, expected: Target) -> None:
    """The part after @ is a number or a role."""
    assert target(word) == expected
    assert str(expected) == word


@pytest.mark.parametrize(
    "word", ["mnist@", "mnist@latest", "mnist@0", "mnist@03", "mnist@-1", "mnist@1@2", "mnist@²"]
)
def test_what_is_no_version_is_a_usage_error(word: str) -> None:
    """A version that can be none is refused before anything is opened."""
    with pytest.raises(click.BadParameter, match="is no version"):
        target(word)


@pytest.mark.parametrize(("name", "meant"), [("mnits", "mnist"), ("MNIST", "mnist"), ("digit", "digits")])
def test_an_unknown_model_is_told_with_the_nearest_one(
    name: str, meant: str, filled: Workspace, reader: Reader
) -> None:
    """A mistyped name is answered with the name that was probably meant."""
    del filled
    with reader.transaction() as connection, pytest.raises(UnknownError, match=f"Did you mean '{meant}'"):
        find_model(connection, name)


def test_a_name_like_no_other_gets_no_guess(filled: Workspace, reader: Reader) -> None:
    """Where nothing is near, nothing is proposed."""
    del filled
    with reader.transaction() as connection, pytest.raises(UnknownError) as caught:
        find_model(connection, "weather")
    assert caught.value.message == "There is no model 'weather'."


def test_without_any_model_the_inbox_is_pointed_to(reader: Reader) -> None:
    """In an empty workspace an unknown model is answered with the way to add it."""
    with reader.transaction() as connection, pytest.raises(UnknownError) as caught:
        find_model(connection, "mnist")
    assert "train/mnist/" in caught.value.hint


def test_a_hostile_name_cannot_steer_the_terminal(filled: Workspace, reader: Reader) -> None:
    """What was typed is repeated without its control characters."""
    del filled
    with reader.transaction() as connection, pytest.raises(UnknownError) as caught:
        find_model(connection, "a\x1b]0;owned\x07\u202e")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("wanted", [9, Role.PREVIOUS])
def test_an_unknown_version_is_told(wanted: int | Role, filled: Workspace, reader: Reader) -> None:
    """A number or role that a model does not have is answered with where to look."""
    del filled
    with reader.transaction() as connection, pytest.raises(UnknownError) as caught:
        find_version(connection, find_model(connection, "mnist"), wanted)
    assert str(wanted) in caught.value.message
    assert caught.value.hint == "List its versions with: modeltender show mnist"


def test_a_role_finds_its_version(filled: Workspace, reader: Reader) -> None:
    """Current and candidate are the versions that the table of models shows as such."""
    del filled
    with reader.transaction() as connection:
        model = find_model(connection, "mnist")
        assert find_version(connection, model, Role.CURRENT).number == 1
        assert find_version(connection, model, Role.CANDIDATE).number == 2


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((Status.READY, Status.READY), 2),
        ((Status.READY, Status.FAILED), 1),
        ((Status.FAILED, Status.CHECKING), 2),
        ((Status.FAILED, Status.QUARANTINED), 2),
    ],
)
def test_a_model_alone_stands_for_its_best_version(
    statuses: tuple[Status, ...], expected: int, writer: Writer, reader: Reader
) -> None:
    """Where nothing is deployed, a model means its newest ready version, else one that may become ready, else its newest."""
    with writer.transaction() as connection:
        for number, status in enumerate(statuses, 1):
            add_version(connection, "new", number, status)
    with reader.transaction() as connection:
        assert default_version(connection, find_model(connection, "new")).number == expected


def test_a_model_without_versions_says_so(writer: Writer, reader: Reader) -> None:
    """An empty model folder has nothing to evaluate."""
    fill(writer)
    with writer.transaction() as connection:
        models.ensure(connection, "empty", now=0)
    with reader.transaction() as connection, pytest.raises(UnknownError, match="empty has no versions yet"):
        default_version(connection, find_model(connection, "empty"))
