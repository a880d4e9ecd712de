"""Recalibrate: have a version made whose probabilities mean what they say again, with the same answers otherwise."""

from engine.exports.recalibration import ELSEWHERE, recalibration
from engine.repairs.repairing import Acted, Case, Plan, RepairSpec, Work, ask, subject
from storage.records import JobParameters
from storage.vocabulary import JobKind, RepairKind

SPEC = RepairSpec(
    kind=RepairKind.RECALIBRATE,
    does="Fits a temperature on the validation data (Guo et al. 2017, ICML) and builds it into a new version, which is "
    "treated like any other; the predicted classes stay the same. If a temperature does not improve the probabilities "
    "beyond chance, nothing is made. The fault ends when the new version is deployed.",
    makes=True,
)


def plan(case: Case) -> Plan:
    """Say which version would be recalibrated."""
    current, number = case.model.current, subject(case)
    if current is None or number != current.number:
        return Plan(
            possible=False, sentence=f"version {number} of {case.model.name} is not deployed any more"
        )
    if current.format is not None and recalibration(current.format) is None:
        return Plan(
            possible=False,
            sentence=f"version {number} is {current.format}, which is not recalibrated here: {ELSEWHERE[current.format]}",
        )
    return Plan(
        possible=True,
        sentence=f"fits a temperature of version {number} of {case.model.name} on its validation data, and hands in a version "
        "with that built in; nothing is deployed",
    )


def act(work: Work) -> Acted:
    """Ask for the recalibration."""
    number = subject(work.case)
    job = ask(work, JobKind.RECALIBRATE, number, JobParameters(fault=work.case.fault.id))
    return Acted(f"version {number} is recalibrated (job {job})", job)
