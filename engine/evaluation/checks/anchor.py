"""No ratchet: a candidate may not be worse than the best version that was ever promoted on this test set.

Each promotion may lose a little within the margin, and ten of them ten times that. So the candidate is held to the
anchor as well, with the same margin; the anchor gives way only to a version that is shown to be better.
"""

from engine.evaluation import sentences
from engine.evaluation.comparison import NotComparableError, compare
from engine.evaluation.facts import Facts
from storage.promotion_records import GateCheck
from storage.vocabulary import CheckVerdict, Verdict

NAME = "anchor"


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Compare the candidate with the anchor, where that is a third version."""
    anchor = facts.anchor
    if anchor is None or anchor.is_current or anchor.side.version.id == facts.candidate.version.id:
        return ()
    number = anchor.side.version.number
    best = f"version {number}, the best promoted on this test set"
    if anchor.problem:
        return (GateCheck(NAME, CheckVerdict.INCONCLUSIVE, f"not compared with {best}: {anchor.problem}"),)
    try:
        found = compare(anchor.side, facts.candidate, facts.question)
    except NotComparableError as error:
        return (GateCheck(NAME, CheckVerdict.INCONCLUSIVE, f"not compared with {best}: {error}"),)
    verdict = {Verdict.INFERIOR: CheckVerdict.FAIL, Verdict.INCONCLUSIVE: CheckVerdict.INCONCLUSIVE}
    detail = f"against {best}, {sentences.figures(found)}; {sentences.conclusion(found, facts.question)}"
    return (GateCheck(NAME, verdict.get(found.verdict, CheckVerdict.PASS), detail),)
