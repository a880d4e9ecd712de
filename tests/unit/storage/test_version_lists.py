"""The list of a model's versions: whatever was written it is as it would be read anew, and only what changed was read."""

import sqlite3
from collections.abc import Callable

import pytest

from storage.database import Writer
from storage.model_records import PackedVersion
from storage.records import EvaluationFailure, Refusal, Version, Versions
from storage.seen import SeenThings
from storage.tables import evaluations, models, version_lists
from storage.vocabulary import Status
from tests.measurements import report
from tests.unit.tui.commands.rows import GATE, LOADING, NOW, add_evaluation, add_version, fill

ALL = 200

Write = Callable[[sqlite3.Connection, int], object]


def slower(connection: sqlite3.Connection, version_id: int) -> None:
    """Measure the latency of a version's evaluation, which is on record, once more."""
    [row] = connection.execute("SELECT evaluation_id FROM versions WHERE id = ?", (version_id,))
    evaluations.add_latency(connection, row[0], report(p50_ms=1.5, p99_ms=3.0))


def refuse(connection: sqlite3.Connection, version_id: int) -> None:
    """Refuse to load a version."""
    refusal = Refusal(at=NOW, evidence=("lambda",), liftable=True)
    models.set_version(
        connection, version_id, status=Status.QUARANTINED, reason="it has code", refusal=refusal
    )


WRITES: dict[str, Write] = {
    "evaluation": lambda connection, one: add_evaluation(connection, one, None, accuracy=0.5, at=NOW + 300),
    "latency": slower,
    "gate": lambda connection, one: models.set_gate(connection, one, GATE),
    "loading": lambda connection, one: models.set_loading(connection, one, LOADING, parameters=7),
    "failure": lambda connection, one: models.set_failure(
        connection, one, EvaluationFailure(at=NOW, message="no", hint="")
    ),
    "refusal": refuse,
    "status": lambda connection, one: models.set_version(
        connection, one, status=Status.FAILED, reason="torn"
    ),
}


@pytest.fixture
def filled(writer: Writer) -> Writer:
    """Return the writer of a workspace whose model mnist has three versions: one deployed, a candidate, one that failed."""
    fill(writer)
    return writer


def anew(connection: sqlite3.Connection, name: str = "mnist") -> list[Version]:
    """Return the versions as somebody reads them who knew none of them before."""
    return models.versions(connection, name)


def listed(connection: sqlite3.Connection, seen: SeenThings[PackedVersion], name: str = "mnist") -> Versions:
    """Return the versions as somebody reads them who has read them before."""
    return version_lists.read(connection, name, newest=ALL, seen=seen)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_what_was_written_about_a_version_is_in_its_list(filled: Writer, write: Write) -> None:
    """And the others are the very ones of before."""
    seen: SeenThings[PackedVersion] = SeenThings()
    with filled.transaction() as connection:
        before = listed(connection, seen)
        assert list(before) == anew(connection)
        current = before.numbered(1)
        assert current is not None
        write(connection, current.id)
        after = listed(connection, seen)
        assert list(after) == anew(connection) != list(before)
    assert after != before
    assert [one.number for one, was in zip(after.packed, before.packed, strict=True) if one is not was] == [1]


def test_nothing_is_read_again_where_nothing_was_written(filled: Writer) -> None:
    """Two lists of the same versions are equal, and hold the same ones."""
    seen: SeenThings[PackedVersion] = SeenThings()
    with filled.transaction() as connection:
        before, after = listed(connection, seen), listed(connection, seen)
    assert before == after
    assert hash(before) == hash(after)
    assert [id(one) for one in before.packed] == [id(one) for one in after.packed]


def test_roles_go_over_to_other_versions(filled: Writer) -> None:
    """A promotion changes what is current and previous; what was the candidate is none any more, without a write about it."""
    seen: SeenThings[PackedVersion] = SeenThings()
    with filled.transaction() as connection:
        listed(connection, seen)
        newest = add_version(connection, "mnist", 4, Status.READY)
        assert list(listed(connection, seen)) == anew(connection)
        second = next(version.id for version in anew(connection) if version.number == 2)
        [row] = connection.execute("SELECT id, current_id FROM models WHERE name = 'mnist'")
        models.set_current(connection, row[0], current_id=newest, previous_id=row[1])
        assert list(listed(connection, seen)) == anew(connection)
        models.set_current(connection, row[0], current_id=second, previous_id=newest)
        assert list(listed(connection, seen)) == anew(connection)


def test_of_another_model_nothing_is_kept(filled: Writer) -> None:
    """Whoever comes back to a model reads it as it is by then."""
    seen: SeenThings[PackedVersion] = SeenThings()
    with filled.transaction() as connection:
        listed(connection, seen)
        assert list(listed(connection, seen, "digits")) == anew(connection, "digits")
        add_version(connection, "mnist", 4, Status.READY)
        assert list(listed(connection, seen)) == anew(connection)


def test_the_newest_and_what_matters_besides(filled: Writer) -> None:
    """As many as were asked for, and older ones that were asked for by their ids."""
    with filled.transaction() as connection:
        oldest = anew(connection)[-1].id
        assert version_lists.read(connection, "mnist", newest=1).numbers == [3]
        assert version_lists.read(connection, "mnist", newest=1, besides={oldest}).numbers == [3, 1]


def test_versions_are_what_they_were_before_they_were_packed(filled: Writer) -> None:
    """One by one, in parts, by number; of no version there is none."""
    with filled.transaction() as connection:
        found = anew(connection)
    packed = Versions.of(found)
    assert list(packed) == found
    assert list(packed[1:]) == found[1:]
    assert packed[-1] == found[-1]
    assert packed.numbered(2) == found[1]
    assert packed.numbered(9) is None
    assert packed.numbered(None) is None
    assert not Versions()


def test_one_version_by_its_number_is_as_in_the_list(filled: Writer) -> None:
    """The deployed one, the candidate, and one that failed; of another number there is none."""
    with filled.transaction() as connection:
        found = anew(connection)
        assert [models.numbered(connection, "mnist", version.number) for version in found] == found
        assert models.numbered(connection, "mnist", 9) is None
        assert models.numbered(connection, "mnist", None) is None
        assert models.numbered(connection, "nobody", 1) is None
