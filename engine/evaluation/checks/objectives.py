"""The first promotion: with nothing deployed there is nothing to be worse than, so the objectives alone decide."""

from engine.evaluation.facts import Facts
from storage.objectives import judge
from storage.promotion_records import GateCheck
from storage.vocabulary import CheckVerdict

DEPLOYED = "deployed"


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Say that this is the first promotion, and hold the candidate against each objective."""
    evaluation, objectives = facts.candidate.evaluation, facts.settings.objectives
    if evaluation is None or not objectives:
        detail = "nothing is deployed yet and there are no objectives, so there is nothing to be worse than"
        return (GateCheck(DEPLOYED, CheckVerdict.PASS, detail),)
    first = GateCheck(DEPLOYED, CheckVerdict.PASS, "nothing is deployed yet, so the objectives alone decide")
    outcome = {True: CheckVerdict.PASS, False: CheckVerdict.FAIL, None: CheckVerdict.INCONCLUSIVE}
    return (
        first,
        *(GateCheck(one.name, outcome[one.met], one.sentence()) for one in judge(objectives, evaluation)),
    )
