"""Two readings one after the other: what is held of the first one."""

import pytest
from msgspec.structs import replace

from storage import jobs, snapshot
from storage.database import Reader, Writer
from storage.snapshot import Detail
from storage.tables import events
from storage.vocabulary import JobKind
from storage.workspace import Workspace
from tests.unit.tui.commands.rows import NOW, fill
from tui import readings


@pytest.fixture
def filled(workspace: Workspace, writer: Writer, reader: Reader) -> Reader:
    """Return the reader of a workspace with two models and a job."""
    fill(writer)
    jobs.submit(workspace, JobKind.EVALUATE, "mnist", requested_by="ann")
    return reader


def detail(reader: Reader) -> Detail:
    """Return what is known of one model."""
    found = snapshot.read_detail(reader, "mnist")
    assert found is not None
    return found


def test_what_is_as_it_was_is_held_once(filled: Reader, writer: Writer) -> None:
    """The jobs and events of before are the very ones of now, and a new event comes before them."""
    before = snapshot.read(filled)
    with writer.transaction() as connection:
        events.add(connection, "told", "one more", at=NOW)
    read = snapshot.read(filled)
    found = readings.with_same(read, before)
    assert found == read
    assert [event.message for event in found.events[:1]] == ["one more"]
    assert [id(event) for event in found.events[1:]] == [id(event) for event in before.events]
    assert found.jobs
    assert [id(job) for job in found.jobs] == [id(job) for job in before.jobs]


def test_evaluations_are_held_once(filled: Reader) -> None:
    """Those that are as they were are the very ones of before."""
    before, read = detail(filled), detail(filled)
    first, *rest = before.evaluations
    found = readings.with_same_evaluations(
        read, replace(before, evaluations=(replace(first, requested_by="other"), *rest))
    )
    assert found == read
    assert found is not None
    assert rest
    assert found.evaluations[0] is read.evaluations[0]
    assert [id(each) for each in found.evaluations[1:]] == [id(each) for each in rest]
    assert readings.with_same_evaluations(read, None) is read
    assert readings.with_same_evaluations(None, before) is None
