"""No ratchet: a candidate may not be worse than the best version that was ever promoted on this test set.

Each promotion may lose a little within the margin, and ten of them ten times that. So the candidate is held to the
anchor as well, with the same margin; the anchor gives way only to a version that is shown to be better.
"""

from collections.abc import Sequence

from engine.evaluation import sentences
from engine.evaluation.comparison import NotComparableError, compare
from engine.evaluation.facts import Facts
from engine.evaluation.guard import BY_ITSELF, Guard, told
from storage.promotion_records import GateCheck
from storage.vocabulary import CheckVerdict, Verdict

NAME = "anchor"


def guard(facts: Facts) -> Guard | None:
    """Compare the candidate with the anchor, where that is a third version."""
    anchor = facts.anchor
    if anchor is None or anchor.is_current or anchor.side.version.id == facts.candidate.version.id:
        return None
    number = anchor.side.version.number
    best = f"version {number}, the best promoted on this test set"
    if anchor.problem:
        return told(_held(f"not compared with {best}: {anchor.problem}"))
    old, new, question = anchor.side, facts.candidate, facts.question
    try:
        found = compare(old, new, question)
    except NotComparableError as error:
        return told(_held(f"not compared with {best}: {error}"))

    def worse(level: float) -> bool:
        return found.high < 0 and compare(old, new, question._replace(level=level)).high < 0

    def conclude(clear: Sequence[bool]) -> GateCheck:
        figures = f"against {best}, {sentences.figures(found)}"
        if found.verdict is Verdict.INFERIOR and not all(clear):
            return _held(f"{figures}; worse {BY_ITSELF}")
        verdict = {Verdict.INFERIOR: CheckVerdict.FAIL, Verdict.INCONCLUSIVE: CheckVerdict.INCONCLUSIVE}
        detail = f"{figures}; {sentences.conclusion(found, question)}"
        return GateCheck(NAME, verdict.get(found.verdict, CheckVerdict.PASS), detail)

    return Guard((worse,), conclude)


def _held(detail: str) -> GateCheck:
    return GateCheck(NAME, CheckVerdict.INCONCLUSIVE, detail)
