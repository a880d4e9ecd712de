"""Re-evaluate: ask for another evaluation of the version that a fault is about."""

from engine.repairs.repairing import Acted, Case, Plan, RepairSpec, Work, ask, subject
from storage.vocabulary import JobKind, RepairKind

SPEC = RepairSpec(
    kind=RepairKind.REEVALUATE,
    does="Evaluates the version again on the current test data. Only figures change.",
)


def plan(case: Case) -> Plan:
    """Say which version would be evaluated."""
    number = subject(case)
    if number is None:
        return Plan(possible=False, sentence=f"nothing of {case.model.name} is deployed")
    return Plan(
        possible=True,
        sentence=f"evaluates version {number} of {case.model.name} again; only its figures change",
    )


def act(work: Work) -> Acted:
    """Ask for the evaluation."""
    number = subject(work.case)
    job = ask(work, JobKind.EVALUATE, number)
    return Acted(f"version {number} is evaluated again (job {job})")
