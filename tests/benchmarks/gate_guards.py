"""How often guards are wrong, together: simulated candidates with an anchor, ten classes and probabilities.

Owns the rows of `tests.benchmarks.gate` about guards, by the code that the gate runs, each drawn from a seed.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.checks import classes
from engine.evaluation.checks.losses import asked, concluded
from engine.evaluation.comparison import Side, compare
from engine.evaluation.facts import Anchor, Facts
from storage.records import Metric
from storage.vocabulary import CheckVerdict, Column, Verdict
from tests.benchmarks.gate_figures import LEVEL, SLOW_PAIRS, percent
from tests.unit.engine.evaluation.sides import evaluation, facts, version

Bits = NDArray[np.bool_]

EXAMPLES, CLASSES = 2500, 10
WRONG, DIFFER = 0.1, 0.05
"""Shares of the examples: that each version gets wrong, and on which two of them differ."""

MARGIN = 0.01
"""Of the figure and of the calibration error."""

CLASS_MARGIN = 0.05


class Candidate(NamedTuple):
    """How a candidate differs in truth from what is deployed."""

    words: str
    worse_classes: int = 0
    """Classes that it recognises less often by the margin of classes."""
    too_sure: float = 0.0
    """By how much it is surer of each answer than it is right."""


CANDIDATES = (
    Candidate("equal"),
    Candidate("equal, too sure by the margin", too_sure=MARGIN),
    Candidate("one class worse by its margin", worse_classes=1),
    Candidate("every class worse by its margin", worse_classes=CLASSES),
)


class Tally(NamedTuple):
    """What became of simulated candidates, in shares of them."""

    alone: float
    """A guard refuses, each asked as if it were the only one and had one loss to look for."""
    together: float
    """A guard refuses."""
    whole: float
    """The figure that decides refuses, or a guard does."""
    classes: float
    """The classes pass."""


def guards() -> Iterator[list[str]]:
    """Yield how often guards refuse candidates."""
    for candidate in CANDIDATES:
        found = tally(candidate, SLOW_PAIRS)
        # Of a class that is worse it is right to refuse.
        refused = () if candidate.worse_classes else (found.alone, found.together, found.whole)
        yield [
            candidate.words,
            *(percent(share) for share in refused),
            *["-"] * (3 - len(refused)),
            percent(found.classes),
        ]


def tally(candidate: Candidate, pairs: int) -> Tally:
    """Return what becomes of so many simulated candidates."""
    random = np.random.default_rng([CLASSES, CANDIDATES.index(candidate)])
    counts = np.zeros(len(Tally._fields))
    for _ in range(pairs):
        counts += _outcome(_drawn(random, candidate))
    return Tally(*(counts / pairs).tolist())


def _outcome(drawn: Facts) -> list[bool]:
    found, level = asked(drawn), drawn.level
    alone = [one.conclude([loss(level) for loss in one.losses]) for one in found]
    together = concluded(found, level)
    refused, refused_alone = (
        any(one.verdict is CheckVerdict.FAIL for one in checks) for checks in (together, alone)
    )
    assert drawn.current is not None
    figure = compare(drawn.current, drawn.candidate, drawn.question).verdict is Verdict.INFERIOR
    passed = any(one.name == classes.NAME and one.verdict is CheckVerdict.PASS for one in together)
    return [refused_alone, refused, refused or figure, passed]


def _drawn(random: np.random.Generator, candidate: Candidate) -> Facts:
    """Return three versions that err on mostly the same examples: the deployed one, the candidate and the anchor."""
    targets = (np.arange(EXAMPLES) % CLASSES).astype(np.uint8)
    now = random.random(EXAMPLES) >= WRONG
    loss = np.where(targets < candidate.worse_classes, CLASS_MARGIN, 0.0)
    sure = candidate.too_sure
    sides = (
        _side(1, targets, now, sure=sure > 0),
        _side(2, targets, _other(random, now, loss), sure=sure > 0, too_sure=sure),
    )
    anchor = Anchor(_side(3, targets, _other(random, now, np.zeros(EXAMPLES))), is_current=False)
    gate = {"margin": MARGIN, "class_margin": CLASS_MARGIN, "confidence": 1 - 2 * LEVEL, "budget": 1}
    return facts(sides, anchor=anchor, gate=gate)


def _other(random: np.random.Generator, now: Bits, loss: NDArray[np.float64]) -> Bits:
    """Return answers that differ on so many examples, and lose so much on each."""
    spoiled = now & (random.random(EXAMPLES) < (DIFFER + loss) / 2 / (1 - WRONG))
    mended = ~now & (random.random(EXAMPLES) < (DIFFER - loss) / 2 / WRONG)
    return (now & ~spoiled) | mended


def _side(
    number: int, targets: NDArray[np.uint8], right: Bits, *, sure: bool = False, too_sure: float = 0.0
) -> Side:
    """Return a version; where it says how sure it is, it is so by the share of right answers, or by too much."""
    metrics = [Metric("accuracy", float(right.mean()), None, None, EXAMPLES)]
    values: dict[str, NDArray[np.generic]] = {Column.TARGET: targets}
    if sure:
        # One bin each: what a version is surer of than it is right, is what its error is.
        confidence = 1 - WRONG + too_sure
        metrics.append(Metric("ece", abs(float(right.mean()) - confidence), None, None, EXAMPLES))
        values[Column.PREDICTED] = np.where(right, targets, (targets + 1) % CLASSES)
        values[Column.CONFIDENCE] = np.full(EXAMPLES, confidence)
    return Side(version(number, evaluation(*metrics, rows=EXAMPLES)), right, values)
