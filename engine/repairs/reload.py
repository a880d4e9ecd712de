"""Reload: end a version's warm processes, and load it anew in a fresh one."""

from engine.repairs.repairing import Acted, Case, Plan, RepairSpec, Work, subject
from storage import jobs
from storage.tables import models
from storage.vocabulary import JobKind, RepairKind, Status

SPEC = RepairSpec(
    kind=RepairKind.RELOAD,
    does="Ends the version's processes here and loads it in a new one, even if loading failed several times before. Files, "
    "and what is deployed, stay as they are.",
)

BROKEN = frozenset({Status.FAILED, Status.QUARANTINED})


def plan(case: Case) -> Plan:
    """Say which version would be loaded."""
    number = subject(case)
    if number is None:
        return Plan(possible=False, sentence=f"nothing of {case.model.name} is deployed")
    sentence = f"ends the warm processes of {case.model.name} and loads version {number} in a new one; no file changes"
    return Plan(possible=True, sentence=sentence)


def act(work: Work) -> Acted:
    """End the processes and ask for the version to be loaded."""
    number, model, context = subject(work.case), work.case.model.name, work.context
    ended = context.pool.discard(model)
    with context.writer.transaction() as connection:
        version = models.numbered(connection, model, number)
        # One that its owner's trust would lift is refused for what it is; to load it again changes nothing.
        refused = version is not None and version.refusal is not None and version.refusal.liftable
        if version is not None and version.status in BROKEN and not refused:
            models.set_version(connection, version.id, status=Status.CHECKING)
        job = jobs.add(
            connection, JobKind.EVALUATE, model, number, requested_by=work.job.requested_by, now=context.now()
        )
    processes = f"{ended} warm process{'' if ended == 1 else 'es'} ended; " if ended else ""
    return Acted(f"{processes}version {number} is loaded again (job {job.id})")
