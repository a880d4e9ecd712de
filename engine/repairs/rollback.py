"""Roll back: deploy again what was deployed before the version that a fault is about."""

import msgspec

from engine.jobs import rollback
from engine.repairs.repairing import Acted, Case, Plan, RepairSpec, Work
from storage.errors import JobError
from storage.records import JobParameters
from storage.vocabulary import JobKind, JobState, RepairKind, Status

SPEC = RepairSpec(
    kind=RepairKind.ROLLBACK,
    does="Deploys the previous version, in one step, and tells the promotion targets; the version with the fault stays "
    "where it is.",
    deploys=True,
)


def plan(case: Case) -> Plan:
    """Say which version would be deployed."""
    model, current, previous = case.model.name, case.model.current, case.model.previous
    if current is None or case.fault.version not in {None, current.number}:
        return Plan(
            possible=False, sentence=f"version {case.fault.version} of {model} is not deployed any more"
        )
    if previous is None:
        return Plan(possible=False, sentence=f"{model} has no previous version to roll back to")
    if previous.status is not Status.READY:
        return Plan(possible=False, sentence=f"version {previous.number} of {model} {previous.status.fate}")
    return Plan(
        possible=True,
        sentence=f"deploys version {previous.number} of {model} in the place of version {current.number}",
    )


def act(work: Work) -> Acted:
    """Deploy what was deployed before, if that is still what was planned."""
    current, previous = work.case.model.current, work.case.model.previous
    parameters = JobParameters(
        expected_current=current.number if current else None,
        expected_sha256=(previous.sha256 or "") if previous else "",
        reason=f"repair of {work.case.fault.code}",
    )
    job = msgspec.structs.replace(work.job, kind=JobKind.ROLLBACK, version=None, parameters=parameters)
    outcome = rollback.run(work.context, job, work.report)
    if outcome.state is not JobState.SUCCEEDED:
        raise JobError(outcome.error, outcome.hint, code=outcome.code)
    return Acted(outcome.message)
