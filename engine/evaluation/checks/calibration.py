"""Probabilities mean what they say: the calibration error has not grown by more than the margin, beyond chance.

A guard, not a proof: it holds a candidate back only where the whole interval of the difference lies beyond the margin,
because the figure is the size of a noisy number and too high where a model is well calibrated.
"""

from engine.evaluation import sentences
from engine.evaluation.comparison import NotComparableError, Question, compare
from engine.evaluation.facts import Facts
from storage.promotion_records import GateCheck
from storage.records import Version
from storage.vocabulary import CheckVerdict

NAME = "calibration"
METRIC = "ece"


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Compare the calibration errors, where both versions have one."""
    old, new = facts.current, facts.candidate
    if old is None or not (_has(old.version) and _has(new.version)):
        return ()
    question = Question(METRIC, facts.gate.margin, facts.level)
    try:
        found = compare(old, new, question)
    except NotComparableError as error:
        return (GateCheck(NAME, CheckVerdict.INCONCLUSIVE, str(error)),)
    worse = found.high < -question.margin
    verdict = CheckVerdict.FAIL if worse else CheckVerdict.PASS
    conclusion = (
        f"worse by more than {question.margin:g} beyond chance"
        if worse
        else f"not worse by more than {question.margin:g} beyond chance"
    )
    return (GateCheck(NAME, verdict, f"error {sentences.figures(found)}; {conclusion}"),)


def _has(version: Version) -> bool:
    return version.evaluation is not None and version.evaluation.metric(METRIC) is not None
