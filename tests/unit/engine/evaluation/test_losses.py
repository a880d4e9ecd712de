"""Promises about the losses that guards look for: what holds a candidate back, and what refuses it."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation.checks.losses import GUARDS, check
from engine.evaluation.comparison import Side
from engine.evaluation.facts import Anchor, Facts
from engine.evaluation.gate import judge
from engine.evaluation.paired import needed
from storage.promotion_records import GateCheck
from storage.records import Metric
from storage.vocabulary import CheckVerdict, Verdict
from tests.unit.engine.evaluation.sides import evaluation, facts, version

CLASSES = 10

LEVEL = 0.025
"""Of the only candidate that a test set is expected to judge: half of 5 %."""

BY_ITSELF = "beyond chance by itself, but not among all losses that the guards look for"


def sided(number: int, right: NDArray[Any], *, sure: float | None = None) -> Side:
    """Return a version that answered examples of ten classes so; where it says how sure it is, equally of each."""
    n = len(right)
    metrics = [Metric("accuracy", float(right.mean()), None, None, n)]
    values: dict[str, NDArray[Any]] = {"target": (np.arange(n) % CLASSES).astype(np.uint8)}
    if sure is not None:
        metrics.append(Metric("ece", abs(float(right.mean()) - sure), None, None, n))
        values["predicted"] = np.where(right, values["target"], (values["target"] + 1) % CLASSES)
        values["confidence"] = np.full(n, sure, np.float32)
    return Side(version(number, evaluation(*metrics, rows=n)), right.astype(np.bool_), values)


def changed(right: NDArray[Any], *, gained: int, lost: int) -> NDArray[Any]:
    """Return other answers: so many rights more, and so many fewer, the classes taking turns."""
    other = right.copy()
    other[np.flatnonzero(~right)[:gained]] = True
    other[np.flatnonzero(right)[:lost]] = False
    return other


RIGHT: NDArray[Any] = np.arange(4000) % 20 < 18
"""Nine in ten, in each class alike but for two."""


def held_to(
    gained: int, lost: int, *, sure: float | None = None, was_sure: float = 0.9, **gate: Any
) -> Facts:
    """Return a candidate that answers as what is deployed does, and is apart from the anchor."""
    best = changed(RIGHT, gained=lost, lost=gained)
    before = None if sure is None else was_sure
    return facts(
        (sided(1, RIGHT, sure=before), sided(2, RIGHT, sure=sure)),
        anchor=Anchor(sided(3, best, sure=before), is_current=False),
        gate={"budget": 1, "margin": 0.003} | gate,
    )


def told(asked: Facts, name: str) -> GateCheck:
    """Return what a guard says."""
    [found] = [one for one in check(asked) if one.name == name]
    return found


def test_a_loss_that_is_clear_alone_and_not_among_all_holds_and_does_not_refuse() -> None:
    """One loss in twenty is clear by chance: whoever looks for eleven of them finds one in every other candidate."""
    alone, among = held_to(14, 30), held_to(14, 30, class_margin=0.05)
    assert told(alone, "anchor").verdict is CheckVerdict.FAIL
    assert told(alone, "anchor").detail.endswith("worse beyond chance (mid-p 0.016)")
    assert judge(alone).verdict is Verdict.INFERIOR
    assert told(among, "anchor").verdict is CheckVerdict.INCONCLUSIVE
    assert told(among, "anchor").detail.endswith(f"; worse {BY_ITSELF}")
    assert judge(among).verdict is Verdict.INCONCLUSIVE


def test_a_loss_that_is_clear_leaves_its_share_to_the_others() -> None:
    """Of two losses the one that is clear at the whole level only is found where the other is found at half of it."""
    calibrated, sure_of_all = (held_to(17, 31, sure=sure) for sure in (0.9, 0.999))
    assert told(calibrated, "anchor").verdict is CheckVerdict.INCONCLUSIVE
    assert told(calibrated, "calibration").verdict is CheckVerdict.PASS
    assert told(sure_of_all, "anchor").verdict is CheckVerdict.FAIL
    assert told(sure_of_all, "calibration").verdict is CheckVerdict.FAIL


def test_a_calibration_error_that_has_grown_by_itself_holds_and_is_not_let_through() -> None:
    """The correction never promotes: what it does not refuse for it still does not pass."""
    few, many = (held_to(0, 0, was_sure=0.88, sure=0.947, **gate) for gate in ({}, {"class_margin": 0.05}))
    assert told(few, "calibration").verdict is CheckVerdict.FAIL
    assert told(few, "calibration").detail.endswith("; worse by more than 0.003 beyond chance")
    assert told(many, "calibration").verdict is CheckVerdict.INCONCLUSIVE
    assert told(many, "calibration").detail.endswith(f"; worse by more than 0.003 {BY_ITSELF}")
    assert judge(many).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("more", "verdict"), [(0, CheckVerdict.PASS), (-2, CheckVerdict.INCONCLUSIVE)])
def test_each_class_passes_at_the_whole_level(more: int, verdict: CheckVerdict) -> None:
    """All have to pass, so that a class needs as many examples as it would alone, and no more."""
    enough = needed.examples(0.0, 0.05, LEVEL, bounded=True)
    assert enough is not None
    right = np.ones(CLASSES * (enough + more), np.bool_)
    asked = facts((sided(1, right), sided(2, right)), gate={"class_margin": 0.05, "budget": 1})
    assert asked.level == pytest.approx(LEVEL)
    assert told(asked, "classes").verdict is verdict


def test_a_candidate_that_is_worse_in_nothing_is_refused_no_more_often_than_the_level_says() -> None:
    """The eleven losses of an equal candidate are clear in two of a hundred at most, where each by itself is in ten."""
    random, asked, n = np.random.default_rng(11), [], 2000
    for _ in range(400):
        now, new, best = (sided(number, random.random(n) < 0.9) for number in (1, 2, 3))
        asked.append(
            facts((now, new), anchor=Anchor(best, is_current=False), gate={"budget": 1, "class_margin": 0.01})
        )
    failed = sum(any(one.verdict is CheckVerdict.FAIL for one in check(each)) for each in asked)
    alone = sum(
        any(loss(LEVEL) for guard in GUARDS if (made := guard(each)) for loss in made.losses)
        for each in asked
    )
    assert failed / len(asked) <= 0.04
    assert alone / len(asked) >= 0.1
