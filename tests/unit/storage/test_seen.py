"""What was last read: jobs and events that are as they were are not made again, and nothing that changed is missed."""

import pytest

from storage import jobs, snapshot
from storage.database import Reader, Writer
from storage.snapshot import Seen
from storage.tables import events
from storage.vocabulary import JobKind
from storage.workspace import Workspace
from tests.unit.tui.commands.rows import NOW, fill


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
