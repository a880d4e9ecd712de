"""No new faults: the candidate has no open problem that the current version does not have as well."""

from engine.evaluation.facts import Facts
from storage.promotion_records import GateCheck
from storage.vocabulary import CheckVerdict

NAME = "faults"


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Say which faults would come with the candidate."""
    old = facts.current
    if old is None:
        return ()
    known = {fault.code for fault in facts.faults if fault.version == old.version.number}
    new = [
        fault
        for fault in facts.faults
        if fault.version == facts.candidate.version.number and fault.code not in known
    ]
    if not new:
        return (GateCheck(NAME, CheckVerdict.PASS, "no new ones"),)
    return (GateCheck(NAME, CheckVerdict.FAIL, "; ".join(fault.message.rstrip(".") for fault in new)),)
