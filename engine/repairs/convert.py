"""Convert: have a version that does not load rewritten as the installed framework reads it."""

from engine.exports.renewal import ELSEWHERE, THERE, renewal
from engine.repairs.repairing import Acted, Case, Plan, RepairSpec, Work, ask, subject
from storage.records import JobParameters
from storage.vocabulary import JobKind, RepairKind

SPEC = RepairSpec(
    kind=RepairKind.CONVERT,
    does="Rewrites a version that the installed framework refuses, in a form that this framework reads, if the format can "
    "say the same thing in another way (see below); with `--python`, another environment in which it still loads "
    "exports it. The result must give the kept answers. It becomes a new version, treated like any other; the old one "
    "stays as it is. The fault ends when the new one is deployed.",
    long=True,
    makes=True,
)


def plan(case: Case) -> Plan:
    """Say which version would be rewritten."""
    current, number = case.model.current, subject(case)
    if current is None or number != current.number:
        return Plan(
            possible=False, sentence=f"version {number} of {case.model.name} is not deployed any more"
        )
    if case.interpreter:
        how, where = "exports", " in the other environment"
    elif current.format is not None and renewal(current.format) is None:
        return Plan(
            possible=False,
            sentence=f"version {number} is {current.format}, and {ELSEWHERE[current.format]}; {THERE}",
        )
    else:
        how, where = "rewrites", ""
    what = f"version {number} of {case.model.name}"
    return Plan(
        possible=True,
        sentence=f"{how} {what}{where}, compares the result with its kept answers, and hands it in as a version; nothing is deployed",
    )


def act(work: Work) -> Acted:
    """Ask for the conversion."""
    number, case = subject(work.case), work.case
    job = ask(work, JobKind.CONVERT, number, JobParameters(fault=case.fault.id, interpreter=case.interpreter))
    return Acted(f"version {number} is to be rewritten (job {job})", job)
