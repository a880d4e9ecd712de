"""What a repair meets that was planned, or asked for, while something else changed: it is refused, and nothing is lost."""

from typing import Any, cast

import msgspec
import pytest

from engine.jobs.context import Context
from engine.processes.pool import Pool
from engine.repairs import offering, restore, rollback
from engine.repairs.afterwards import answered_for
from engine.repairs.repairing import Case, Work
from storage import jobs
from storage.database import Writer
from storage.errors import JobError, UnknownError
from storage.fault_records import Fault
from storage.records import Job, JobParameters, Model
from storage.settings import WorkspaceSettings
from storage.tables import events, models
from storage.tables import faults as fault_table
from storage.vocabulary import JobKind, RepairKind
from storage.workspace import Workspace
from tests.showing import showing
from tests.unit.engine.jobs.asking import Quiet
from tests.unit.tui.commands.rows import fill


@pytest.fixture
def context(workspace: Workspace, writer: Writer) -> Context:
    """Return what repairs work with; no process can be started, and mnist has version 1 deployed."""
    fill(writer)
    nobody = cast("Any", None)
    return Context(workspace, writer, WorkspaceSettings(), nobody, cast("Pool", nobody), lambda: 3.0)


def work(context: Context, version: int | None) -> Work:
    """Return the repair of a fault of a version of mnist."""
    with context.writer.transaction() as connection:
        fault_table.open_fault(connection, "any", "It is so.", at=1.0, model="mnist", version=version)
        fault = next(fault for fault in fault_table.all_open(connection, "mnist") if fault.code == "any")
        model = models.read_one(connection, "mnist")
    assert model is not None
    return Work(context, asked(context, fault), Quiet(stopping=False), Case(model, fault))


def asked(context: Context, fault: Fault) -> Job:
    """Return a repair job for a fault."""
    with context.writer.transaction() as connection:
        return jobs.add(
            connection,
            JobKind.REPAIR,
            "mnist",
            None,
            requested_by="ann",
            now=2.0,
            parameters=JobParameters(fault=fault.id),
        )


def test_a_version_that_is_on_record_no_more_cannot_be_restored(context: Context) -> None:
    """It is named."""
    with pytest.raises(UnknownError, match=r"^There is no version mnist@77\.$"):
        restore.act(work(context, 77))


def test_a_rollback_of_what_is_not_deployed_any_more_is_refused(context: Context) -> None:
    """The plan was made while version 2 was deployed; somebody went back to version 1 since."""
    found = work(context, None)
    planned: Model = showing(
        found.case.model, current=versions(found.case.model)[2], previous=versions(found.case.model)[1]
    )
    with pytest.raises(
        JobError, match="mnist changed since you looked: version 1 is deployed, not version 2"
    ):
        rollback.act(found._replace(case=Case(planned, found.case.fault)))


def versions(model: Model) -> dict[int, Any]:
    """Return the versions of a model that somebody sees, by their number."""
    return {version.number: version for version in (model.current, model.candidate) if version is not None}


def test_a_fault_of_a_model_that_is_gone_is_offered_nothing(context: Context) -> None:
    """Its folder went, and with it what a repair would change; the others' are offered theirs."""
    with context.writer.transaction() as connection:
        for model in ("gone", "mnist"):
            fault_table.open_fault(connection, "no-longer-loads", "It is so.", at=1.0, model=model, version=1)
        offering.offer_new(connection)
        offered = {fault.model: len(fault.remedies) for fault in fault_table.all_open(connection)}
    assert offered["gone"] == 0
    assert offered["mnist"] > 0


def test_what_came_of_a_repair_whose_fault_was_forgotten_is_said_to_nobody(context: Context) -> None:
    """Retention has dropped it meanwhile: the work counts all the same."""
    job = work(context, 1).job
    forgotten = msgspec.structs.replace(job, parameters=JobParameters(fault=4711))
    with context.writer.transaction() as connection:
        before = len(events.read(connection, limit=100))
    with answered_for(context, forgotten, RepairKind.RECALIBRATE) as answer:
        answer("train/mnist/model.keras", "")
    with context.writer.transaction() as connection:
        assert len(events.read(connection, limit=100)) == before
    with answered_for(context, job, RepairKind.RECALIBRATE) as answer:
        answer("train/mnist/model.keras", "")
    with context.writer.transaction() as connection:
        assert "handed in train/mnist/model.keras" in events.read(connection, limit=1)[0].message
