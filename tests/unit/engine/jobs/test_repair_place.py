"""Repairs of the workspace that do nothing, because there is nothing to do or a person has to: each says so."""

from typing import Any, cast

import msgspec
import pytest

from engine.jobs import repair_place
from engine.jobs.context import Context, Outcome
from storage import jobs
from storage.database import Writer
from storage.errors import UnknownError
from storage.records import JobParameters
from storage.settings import WorkspaceSettings
from storage.tables import faults
from storage.vocabulary import JobKind
from storage.workspace import Workspace
from tests.unit.engine.jobs.asking import Quiet


def repaired(workspace: Workspace, writer: Writer, fault: int | None, *, dry_run: bool = False) -> Outcome:
    """Ask for the repair of a fault of the workspace."""
    wanted = JobParameters(fault=fault, dry_run=dry_run)
    with writer.transaction() as connection:
        job = jobs.add(connection, JobKind.REPAIR, "", None, requested_by="ann", now=1.0, parameters=wanted)
    none = cast("Any", None)
    return repair_place.run(
        Context(workspace, writer, WorkspaceSettings(), none, none, lambda: 2.0), job, Quiet()
    )


def opened(writer: Writer, code: str) -> int:
    """Open a fault of the workspace, and return its number."""
    with writer.transaction() as connection:
        faults.open_fault(connection, code, "It is so.", at=1.0, repair="Look at it.")
        return faults.all_open(connection)[0].id


def test_a_fault_that_has_ended_needs_nothing(workspace: Workspace, writer: Writer) -> None:
    """Somebody was quicker; no check is asked for."""
    fault = opened(writer, "disk-low")
    with writer.transaction() as connection:
        faults.close_fault(connection, "disk-low", at=2.0)
    outcome = repaired(workspace, writer, fault)
    assert outcome.message == f"fault {fault} (disk-low) has ended already"
    with writer.transaction() as connection:
        assert {job.kind for job in jobs.read(connection, limit=9)} == {JobKind.REPAIR}


def test_what_only_a_person_can_end_is_planned_as_such(workspace: Workspace, writer: Writer) -> None:
    """A dry run is asked what would be done, and tells what there is to do."""
    fault = opened(writer, "engine-restarts")
    [told] = msgspec.json.decode(repaired(workspace, writer, fault, dry_run=True).result)["faults"]
    assert (told["done"], told["detail"]) == (False, "only a person can end it. Look at it.")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (99, "The workspace has no fault 99."),
        (None, "It is not said which fault of the workspace is to be repaired."),
    ],
)
def test_a_fault_that_is_not_there_or_not_named_is_told(
    workspace: Workspace, writer: Writer, fault: int | None, words: str
) -> None:
    """Each in its own words."""
    with pytest.raises(UnknownError) as caught:
        repaired(workspace, writer, fault)
    assert caught.value.message == words
