"""Retrain: have a version trained that goes on from the deployed one with the training data as they are now."""

from engine.repairs.repairing import Acted, Case, Plan, RepairSpec, Work, ask, subject
from engine.runtimes import runtime_for
from storage.records import JobParameters
from storage.vocabulary import JobKind, RepairKind

SPEC = RepairSpec(
    kind=RepairKind.RETRAIN,
    does="Continues training the deployed version on the current data in `train/`, as `modeltender train MODEL` does; the "
    "result is treated like any other new version. The fault ends when that is deployed.",
    long=True,
    makes=True,
)


def plan(case: Case) -> Plan:
    """Say from which version would be gone on."""
    current, number, model = case.model.current, subject(case), case.model.name
    if current is None or number != current.number:
        return Plan(possible=False, sentence=f"version {number} of {model} is not deployed any more")
    by = ""
    if current.format is not None and not runtime_for(current.format).trainer:
        by = f" by the program that [train] command names, as {current.format} holds no training,"
    return Plan(
        possible=True,
        sentence=f"trains {model} on from version {number} with the data in train/{model}{by} and hands in what comes of it; "
        "nothing is deployed",
    )


def act(work: Work) -> Acted:
    """Ask for the training."""
    job = ask(work, JobKind.TRAIN, None, JobParameters(fault=work.case.fault.id))
    return Acted(f"{work.case.model.name} is trained on from version {subject(work.case)} (job {job})", job)
