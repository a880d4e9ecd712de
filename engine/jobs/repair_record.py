"""What repairs of models and of the workspace have in common: which may be done of a fault, and what is put on record."""

from engine.faults import SPECS
from engine.jobs.context import Context
from storage.errors import RefusedError
from storage.fault_records import Fault
from storage.records import Job
from storage.tables import events, faults
from storage.vocabulary import RepairKind


def kinds_of(fault: Fault, wanted: RepairKind | None) -> tuple[RepairKind, ...]:
    """Return the repairs of a fault, the first choice first; or the one of them that was asked for.

    Raises:
        RefusedError: that is none of its own.
    """
    spec = SPECS.get(fault.code)
    kinds = () if spec is None else spec.repairs
    if wanted is not None and wanted not in kinds:
        raise RefusedError(
            f"Fault {fault.id} ({fault.code}) is not ended by '{wanted}'.",
            f"It is by: {', '.join(kinds)}." if kinds else "Only a person can end it.",
        )
    return tuple(kind for kind in kinds if wanted in {None, kind})


def note_done(context: Context, job: Job, fault: Fault, kind: RepairKind, detail: str) -> None:
    """Put on record that a repair was done, or asked for."""
    with context.writer.transaction() as connection:
        faults.tried(connection, fault.id, kind, at=context.now())
        events.add(
            connection,
            "repair",
            f"repair '{kind}' of fault {fault.id} ({fault.code}) for {job.requested_by}: {detail}",
            at=context.now(),
            model=fault.model,
            version=fault.version,
        )
