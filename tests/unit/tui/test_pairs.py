"""Which two versions are compared."""

from storage.database import Reader, Writer
from storage.paired import Wanted
from storage.records import Model
from storage.tables import models
from tests.showing import showing
from tests.unit.tui.commands.rows import fill
from tui.pairs import turned, usual


def _mnist(reader: Reader, writer: Writer) -> tuple[Model, list[int]]:
    fill(writer)
    with reader.transaction() as connection:
        found = models.read_one(connection, "mnist")
        assert found is not None
        return found, [version.number for version in models.versions(connection, "mnist")]


def test_the_candidate_is_held_against_what_is_deployed(reader: Reader, writer: Writer) -> None:
    """Without a choice, and where the deployed version itself is chosen, it is the candidate beside that."""
    model, numbers = _mnist(reader, writer)
    assert usual(model, numbers, None) == Wanted("mnist", 1, 2)
    assert usual(model, (), None) == Wanted("mnist", 1, 2)
    assert usual(model, numbers, model.current) == Wanted("mnist", 1, 2)


def test_the_chosen_version_is_the_one_that_is_judged(reader: Reader, writer: Writer) -> None:
    """Any other version is held against what is deployed."""
    model, numbers = _mnist(reader, writer)
    assert usual(model, numbers, model.newest) == Wanted("mnist", 1, 3)


def test_without_a_candidate_the_deployed_one_is_held_against_the_one_before(
    reader: Reader, writer: Writer
) -> None:
    """What was deployed before, or else the newest other one."""
    model, numbers = _mnist(reader, writer)
    second = model.candidate
    model = showing(model, candidate=None, newest=model.current)
    assert usual(model, numbers, None) == Wanted("mnist", 3, 1)
    assert usual(showing(model, previous=second), numbers, None) == Wanted("mnist", 2, 1)


def test_one_version_is_not_compared(reader: Reader, writer: Writer) -> None:
    """The sentence says how many there are."""
    model, numbers = _mnist(reader, writer)
    assert usual(model, numbers[:1], None) == "mnist has one version: there is nothing to compare."
    bare = showing(model, current=None, previous=None, candidate=None, newest=None)
    assert usual(bare, (), None) == "mnist has no versions: there is nothing to compare."


def test_turning_goes_round_and_never_meets_itself(reader: Reader, writer: Writer) -> None:
    """Each side takes every version but the other's."""
    _, numbers = _mnist(reader, writer)
    pair = Wanted("mnist", 1, 2)
    assert turned(pair, numbers, after=1) == Wanted("mnist", 1, 3)
    assert turned(turned(pair, numbers, after=1), numbers, after=1) == pair
    assert turned(pair, numbers, before=-1) == Wanted("mnist", 3, 2)
    assert turned(pair, numbers[-2:], before=1) == pair
