"""A test set wears out: how many candidates it has judged, and what that costs each of them.

Whoever tries often enough finds a candidate that looks good on these examples. So the level is shared among all
candidates of one test set (`engine.evaluation.facts.share_of`), and the count is told.
"""

from engine.evaluation.facts import Facts
from engine.evaluation.sentences import ordinal
from storage.promotion_records import GateCheck
from storage.vocabulary import CheckVerdict

NAME = "test-set"


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Say which candidate this is."""
    place, budget = facts.place, facts.gate.budget
    told = f"{ordinal(place)} candidate judged on this test set; budget {budget}"
    worn = ": collect fresh labels" if place > budget else ""
    spent = f"its share of the level {1 - facts.gate.confidence:.2g} is {facts.level:.2g}"
    return (GateCheck(NAME, CheckVerdict.PASS, f"{told}{worn}; {spent}"),)
