"""What every kind of job promises: what it cannot be about is said at once, and nothing is started or changed for it."""

from typing import Any, cast

import pytest

from engine.jobs import HANDLERS, handler
from engine.jobs.context import Context, Outcome
from engine.processes.pool import Pool
from storage import jobs
from storage.database import Writer
from storage.errors import Error
from storage.records import Job
from storage.settings import WorkspaceSettings
from storage.tables import events, models
from storage.vocabulary import JobKind, Status
from storage.workspace import Workspace
from tests.unit.engine.jobs.asking import Quiet

OF_OTHER_THINGS = frozenset(
    {
        JobKind.ACKNOWLEDGE,
        JobKind.ADOPT,
        JobKind.DELETE,
        JobKind.NOTIFY,
        JobKind.RELEASE,
        JobKind.TRUST,
    }
)
"""Kinds that name a fault, an entry, a folder or a reason: what is missing of that is said first."""


def asked(writer: Writer, kind: JobKind, model: str, version: int | None) -> Job:
    """Return a job as the engine takes it."""
    with writer.transaction() as connection:
        jobs.add(connection, kind, model, version, requested_by="ann", now=0.0)
        job = jobs.claim(connection, frozenset({kind}), now=0.0)
    assert job is not None
    return job


def do(workspace: Workspace, writer: Writer, job: Job) -> Outcome:
    """Do a job where there are no hosts: one that asked for a process would end with another error than ours."""
    nobody = cast("Any", None)
    context = Context(workspace, writer, WorkspaceSettings(), nobody, cast("Pool", nobody), lambda: 0.0)
    return handler(job.kind)(context, job, Quiet())


@pytest.mark.parametrize("kind", list(HANDLERS))
@pytest.mark.parametrize("version", [None, 1])
def test_what_is_not_there_is_said_and_nothing_is_done(
    kind: JobKind, version: int | None, workspace: Workspace, writer: Writer
) -> None:
    """A model of no such name: a sentence that names it, no process, no model, and no line in the log."""
    job = asked(writer, kind, "gone", version)
    with pytest.raises(Error) as caught:
        do(workspace, writer, job)
    assert caught.value.message.isprintable()
    assert caught.value.message.endswith(".")
    assert kind in OF_OTHER_THINGS or "gone" in caught.value.message
    with writer.transaction() as connection:
        assert models.names(connection) == []
        assert events.read(connection, limit=10) == []
        assert [one.id for one in jobs.read(connection, limit=10)] == [job.id]


@pytest.mark.parametrize("kind", list(HANDLERS))
@pytest.mark.parametrize("version", [1, 7])
def test_what_was_not_looked_into_yet_is_no_failure(
    kind: JobKind, version: int, workspace: Workspace, writer: Writer
) -> None:
    """A version that just arrived, or that never did: nothing is deployed, and nothing is held against the one that is there."""
    with writer.transaction() as connection:
        known = models.ensure(connection, "other", now=0.0)
        models.add_version(connection, known, 1, status=Status.CHECKING, found_at=0.0)
    job = asked(writer, kind, "other", version)
    try:
        said = do(workspace, writer, job).error
    except Error as error:
        said = error.message
    assert said or kind is JobKind.CHECK
    with writer.transaction() as connection:
        found = models.read_one(connection, "other")
        [there] = models.versions(connection, "other")
        assert (there.status, models.failures(connection, there.id)) == (Status.CHECKING, 0)
    assert found is not None
    assert found.current is None
