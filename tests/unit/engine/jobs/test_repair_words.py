"""What a repair job says where nothing can be done, and that it then does nothing."""

from typing import Any, cast

import msgspec
import pytest

from engine.jobs import handler
from engine.jobs.context import Context, Outcome
from engine.jobs.repair_record import kinds_of
from engine.processes.pool import Pool
from storage import jobs
from storage.database import Writer
from storage.errors import RefusedError
from storage.fault_records import Fault
from storage.records import JobParameters
from storage.settings import WorkspaceSettings
from storage.tables import faults as fault_table
from storage.vocabulary import JobKind, JobState, RepairKind
from storage.workspace import Workspace
from tests.unit.engine.jobs.asking import Quiet
from tests.unit.tui.commands.rows import fill

PERSON = "leakage"
"""A fault that only a person can end."""

ROLLED_BACK = "broken-weights"
"""A fault that a rollback ends."""


@pytest.fixture
def faults(writer: Writer) -> dict[str, Fault]:
    """Return faults of mnist, whose version 1 is deployed and has none before it."""
    fill(writer)
    with writer.transaction() as connection:
        for code, version in ((PERSON, None), (ROLLED_BACK, 1)):
            fault_table.open_fault(connection, code, "It is so.", at=1.0, model="mnist", version=version)
        return {fault.code: fault for fault in fault_table.all_open(connection, "mnist")}


def repair(
    workspace: Workspace, writer: Writer, *, stopping: bool = False, **parameters: Any
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Do a repair of mnist where no process can be started; return its outcome with what is told of each fault."""
    with writer.transaction() as connection:
        jobs.add(
            connection,
            JobKind.REPAIR,
            "mnist",
            None,
            requested_by="ann",
            now=2.0,
            parameters=JobParameters(**parameters),
        )
        job = jobs.claim(connection, frozenset({JobKind.REPAIR}), now=2.0)
    assert job is not None
    nobody = cast("Any", None)
    context = Context(workspace, writer, WorkspaceSettings(), nobody, cast("Pool", nobody), lambda: 3.0)
    outcome = handler(JobKind.REPAIR)(context, job, Quiet(stopping=stopping))
    return outcome, msgspec.json.decode(outcome.result or "{}").get("faults", [])


def untouched(writer: Writer, faults: dict[str, Fault]) -> bool:
    """Whether no repair is on record, and no check was asked for."""
    with writer.transaction() as connection:
        now = {fault.code: fault for fault in fault_table.all_open(connection, "mnist")}
        kinds = {job.kind for job in jobs.read(connection, limit=9)}
    return now == faults and kinds == {JobKind.REPAIR}


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_only_a_person_can_end_is_said(
    workspace: Workspace, writer: Writer, faults: dict[str, Fault], *, dry_run: bool
) -> None:
    """Asked for by name, with nothing changed and no praise for it."""
    outcome, [told] = repair(workspace, writer, fault=faults[PERSON].id, dry_run=dry_run)
    assert outcome.state is JobState.SUCCEEDED
    assert told["done"] is False
    assert told["detail"].startswith("only a person can end it.")
    assert untouched(writer, faults)


def test_what_cannot_be_done_is_planned_as_such_and_refused(
    workspace: Workspace, writer: Writer, faults: dict[str, Fault]
) -> None:
    """A rollback without a version to go back to: the plan says why, and who asks for it by name is refused."""
    fault = faults[ROLLED_BACK]
    _, [told] = repair(workspace, writer, fault=fault.id, dry_run=True)
    assert (told["done"], told["detail"]) == (False, "mnist has no previous version to roll back to")
    outcome, _ = repair(workspace, writer, fault=fault.id)
    assert outcome.state is JobState.FAILED
    assert (
        outcome.error
        == f"Fault {fault.id} cannot be repaired: mnist has no previous version to roll back to."
    )
    assert untouched(writer, faults)


@pytest.mark.parametrize("named", [False, True])
def test_a_repair_that_was_cancelled_touches_nothing(
    workspace: Workspace, writer: Writer, faults: dict[str, Fault], *, named: bool
) -> None:
    """It ends before it looks at the first version, and before it does what was asked for by name."""
    outcome, _ = repair(workspace, writer, stopping=True, fault=faults[ROLLED_BACK].id if named else None)
    assert (outcome.state, outcome.error) == (JobState.CANCELLED, "Cancelled.")
    assert untouched(writer, faults)


def test_a_repair_that_is_not_the_fault_s_own_is_refused(faults: dict[str, Fault]) -> None:
    """With those that are; and that there are none, where only a person can end it."""
    with pytest.raises(RefusedError, match="is not ended by 'reload'") as caught:
        kinds_of(faults[ROLLED_BACK], RepairKind.RELOAD)
    assert caught.value.hint == "It is by: rollback."
    with pytest.raises(RefusedError) as caught:
        kinds_of(faults[PERSON], RepairKind.RELOAD)
    assert caught.value.hint == "Only a person can end it."
    assert kinds_of(faults[ROLLED_BACK], RepairKind.ROLLBACK) == (RepairKind.ROLLBACK,)
