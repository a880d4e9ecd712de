"""What was last read: what is as it was is not made again, and nothing that changed is missed."""

import tracemalloc
from collections.abc import Iterable

import msgspec
import pytest
from msgspec.structs import replace

from storage import jobs, snapshot
from storage.database import Reader, Writer
from storage.seen import SeenRows, once
from storage.snapshot import Detail, Seen
from storage.tables import evaluations, events, models
from storage.vocabulary import JobKind
from storage.workspace import Workspace
from tests.unit.tui.commands.rows import NOW, add_evaluation, fill

MANY_TEXTS = 300_000
"""More than there is room for in the table of a process that has imported every framework."""


@pytest.fixture
def filled(workspace: Workspace, writer: Writer, reader: Reader) -> Reader:
    """Return the reader of a workspace with two models, events and two jobs that wait."""
    fill(writer)
    jobs.submit(workspace, JobKind.EVALUATE, "mnist", requested_by="ann")
    jobs.submit(workspace, JobKind.CHECK, "mnist", requested_by="ann")
    return reader


def test_what_is_as_it_was_is_the_very_same(filled: Reader) -> None:
    """Nothing was written: the next look makes no job and no event."""
    seen = Seen()
    before, after = (snapshot.read(filled, seen=seen) for _ in range(2))
    assert after == before == snapshot.read(filled)
    assert len(after.jobs) == 2
    assert after.events
    assert [id(job) for job in after.jobs] == [id(job) for job in before.jobs]
    assert [id(event) for event in after.events] == [id(event) for event in before.events]


def test_texts_that_are_alike_are_one(filled: Reader) -> None:
    """Jobs that the same person asked for hold the name once, and what they were asked with too."""
    first, second = snapshot.read(filled).jobs
    assert first.kind is not second.kind
    assert first.requested_by is second.requested_by
    assert first.model is second.model
    assert first.parameters is second.parameters


def test_texts_that_come_and_go_leave_nothing() -> None:
    """Python's own table of texts grows with how many there ever were, by a megabyte at a time, and never gets smaller."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(MANY_TEXTS):
            once(f"version {number} evaluated")
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 200_000


def test_what_stays_is_known_by_the_same_numbers(writer: Writer) -> None:
    """A look brings new objects for what changed alone, and what is gone is forgotten."""
    seen: SeenRows[tuple[int, ...]] = SeenRows()

    def look(*wanted: int) -> dict[int, int]:
        """Look at these numbers as rows; return by what objects each is known."""
        with writer.transaction() as connection:
            rows = connection.execute(
                "SELECT value FROM json_each(?)", (msgspec.json.encode(wanted).decode(),)
            )
            assert seen.take(rows, tuple) == [(each,) for each in wanted]
        return {record[0]: id(key) for key, record in seen._known.items()}

    before, after = look(1000, 2000, 3000), look(1000, 3000, 4000)
    assert after == {number: before[number] for number in (1000, 3000)} | {4000: after[4000]}


def test_what_is_new_or_changed_is_read(filled: Reader, writer: Writer) -> None:
    """One event came, and one job is at work: the others are the very same ones."""
    seen = Seen()
    before = snapshot.read(filled, seen=seen)
    with writer.transaction() as connection:
        events.add(connection, "told", "one more", at=NOW)
        claimed = jobs.claim(connection, frozenset(JobKind), now=NOW)
        assert claimed is not None
    after = snapshot.read(filled, seen=seen)
    assert after == snapshot.read(filled)
    assert after.events[0].message == "one more"
    assert [id(event) for event in after.events[1:]] == [id(event) for event in before.events]
    assert [job.id for job in after.jobs if job not in before.jobs] == [claimed.id]
    known = {id(job) for job in before.jobs}
    assert [id(job) in known for job in after.jobs] == [False, True]


def test_a_deep_look_and_back(filled: Reader) -> None:
    """Whoever looks further back finds more, and afterwards the same as before."""
    seen = Seen()
    shallow = snapshot.read(filled, seen=seen)
    assert snapshot.read(filled, deep=True, seen=seen) == snapshot.read(filled, deep=True)
    assert snapshot.read(filled, seen=seen) == shallow


def detail(reader: Reader, seen: Seen | None = None) -> Detail:
    """Return what is known of one model."""
    found = snapshot.read_detail(reader, "mnist", seen=seen)
    assert found is not None
    return found


def ids(things: Iterable[object]) -> list[int]:
    """Return which objects they are."""
    return [id(thing) for thing in things]


def test_of_a_model_only_what_is_new_is_made(filled: Reader, writer: Writer) -> None:
    """Evaluations, points of the charts and promotions of before are the very same ones after an evaluation."""
    seen = Seen()
    before = detail(filled, seen)
    assert before.evaluations
    with writer.transaction() as connection:
        version = models.numbered(connection, "mnist", 1)
        assert version is not None
        add_evaluation(connection, version.id, None, accuracy=0.91, at=NOW + 600)
    after = detail(filled, seen)
    assert after == detail(filled)
    assert ids(after.evaluations[1:]) == ids(before.evaluations)
    assert ids(after.history[:-1]) == ids(before.history)
    assert ids(after.latency[:-1]) == ids(before.latency)
    assert ids(after.promotions) == ids(before.promotions)


def test_a_latency_that_came_later_is_seen(filled: Reader, writer: Writer) -> None:
    """It belongs to an evaluation that is on record: the same one would have the old figures."""
    seen = Seen()
    newest, *rest = detail(filled, seen).evaluations
    assert newest.latency is not None
    with writer.transaction() as connection:
        evaluations.add_latency(connection, newest.id, replace(newest.latency, p50_ms=99.0))
    after = detail(filled, seen)
    assert after == detail(filled)
    assert after.evaluations[0].latency == replace(newest.latency, p50_ms=99.0)
    assert ids(after.evaluations[1:]) == ids(rest)
    assert after.latency[-1].value == 99.0


def test_values_that_are_alike_are_all_there(filled: Reader, writer: Writer) -> None:
    """Two evaluations at one moment that came to the same are two points."""
    with writer.transaction() as connection:
        version = models.numbered(connection, "mnist", 1)
        assert version is not None
        for _ in range(2):
            add_evaluation(connection, version.id, None, accuracy=0.91, at=NOW + 600)
    assert [point.value for point in detail(filled, Seen()).history][-2:] == [0.91, 0.91]


def test_another_model_has_its_own(filled: Reader) -> None:
    """Of the model before nothing is shown."""
    seen = Seen()
    detail(filled, seen)
    assert snapshot.read_detail(filled, "digits", seen=seen) == snapshot.read_detail(filled, "digits")
    assert detail(filled, seen) == detail(filled)
