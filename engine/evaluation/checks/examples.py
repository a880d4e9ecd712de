"""Enough examples: what the settings demand before any figure counts."""

from engine.evaluation.facts import Facts
from storage.promotion_records import GateCheck
from storage.vocabulary import CheckVerdict

NAME = "examples"


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Count the candidate's examples."""
    wanted = facts.gate.min_examples
    if not wanted:
        return ()
    n = facts.candidate.evaluation.dataset_rows if facts.candidate.evaluation else 0
    if n >= wanted:
        return (GateCheck(NAME, CheckVerdict.PASS, f"{n:,} of at least {wanted:,}"),)
    detail = f"{n:,}, and gate.min_examples asks for {wanted:,}: label {wanted - n:,} more"
    return (GateCheck(NAME, CheckVerdict.INCONCLUSIVE, detail),)
