"""Probabilities mean what they say: the calibration error has not grown by more than the margin, beyond chance.

A guard, not a proof: it holds a candidate back only where the whole interval of the difference lies beyond the margin,
because the figure is the size of a noisy number and too high where a model is well calibrated.
"""

from collections.abc import Sequence

from engine.evaluation import sentences
from engine.evaluation.comparison import NotComparableError, Question, compare
from engine.evaluation.facts import Facts
from engine.evaluation.guard import BY_ITSELF, Guard, told
from storage.promotion_records import GateCheck
from storage.records import Version
from storage.vocabulary import CheckVerdict

NAME = "calibration"
METRIC = "ece"


def guard(facts: Facts) -> Guard | None:
    """Compare the calibration errors, where both versions have one."""
    old, new = facts.current, facts.candidate
    if old is None or not (_has(old.version) and _has(new.version)):
        return None
    question = Question(METRIC, facts.gate.margin, facts.level)
    try:
        found = compare(old, new, question)
    except NotComparableError as error:
        return told(GateCheck(NAME, CheckVerdict.INCONCLUSIVE, str(error)))
    by_itself = found.high < -question.margin

    def worse(level: float) -> bool:
        return by_itself and compare(old, new, question._replace(level=level)).high < -question.margin

    def conclude(clear: Sequence[bool]) -> GateCheck:
        verdict, conclusion = CheckVerdict.PASS, f"not worse by more than {question.margin:g} beyond chance"
        if by_itself:
            verdict = CheckVerdict.FAIL if all(clear) else CheckVerdict.INCONCLUSIVE
            chance = "beyond chance" if all(clear) else BY_ITSELF
            conclusion = f"worse by more than {question.margin:g} {chance}"
        return GateCheck(NAME, verdict, f"error {sentences.figures(found)}; {conclusion}")

    return Guard((worse,), conclude)


def _has(version: Version) -> bool:
    return version.evaluation is not None and version.evaluation.metric(METRIC) is not None
