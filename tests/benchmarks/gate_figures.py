"""How often the gate is wrong about figures that are no share of right answers, by simulation.

Owns the rows of `tests.benchmarks.gate` about losses, areas and the calibration error, each drawn from a seed.
"""

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.paired import bootstrap, delong
from engine.evaluation.paired.bins import Bins
from engine.evaluation.paired.rows import Course, single
from storage.vocabulary import Column

LEVEL = 0.05

SLOW_PAIRS = 10_000
"""Simulated comparisons of a row: a rate of 5 % is known to 0.4 points (95 % interval)."""

APART = 0.1
"""The margin of losses."""


def other_figures() -> Iterator[list[str]]:
    """Yield how often a figure that is worse by the margin passes, for figures that are no share of right answers."""
    cases: tuple[tuple[str, int, Callable[[np.random.Generator, int], bool]], ...] = (
        ("mean loss, errors normal", 200, normal_passes),
        ("mean loss, errors exponential", 200, exponential_passes),
        ("mean loss, errors exponential", 2500, exponential_passes),
        ("ROC AUC, half of each class", 200, area_passes),
    )
    for words, n, passes in cases:
        random = np.random.default_rng(n)
        promoted = sum(passes(random, n) for _ in range(SLOW_PAIRS)) / SLOW_PAIRS
        yield [words, f"{n:,}", percent(promoted)]


def normal_passes(random: np.random.Generator, n: int) -> bool:
    """Whether normal losses whose true means are apart by the margin pass."""
    return loss_passes(random.normal(1, 1, n), random.normal(1 + APART, 1, n))


def exponential_passes(random: np.random.Generator, n: int) -> bool:
    """The same of losses that are skewed."""
    return loss_passes(random.exponential(1, n), random.exponential(1 + APART, n))


def loss_passes(old: "NDArray[np.float64]", new: "NDArray[np.float64]") -> bool:
    """Whether losses whose true means are apart by the margin pass."""
    rows = single(np.stack([old, new], axis=1), lambda means: means[..., 0] - means[..., 1], Course.STRAIGHT)
    few = bootstrap.drawn(rows, 1 - 2 * LEVEL, resamples=1000) if len(old) <= bootstrap.FEW else None
    return (few or bootstrap.estimate(rows, 1 - 2 * LEVEL)).low > -APART


def area_passes(random: np.random.Generator, n: int) -> bool:
    """Whether scores whose true areas are apart by the margin, 0.05, pass."""
    belongs = np.arange(n) < n // 2
    shared = random.normal(size=n)
    # Of normal scores d apart the area is Phi(d / sqrt 2): 0.90 and 0.85.
    old, new = (belongs * apart + (shared + random.normal(size=200)) / sqrt(2) for apart in (1.8124, 1.4657))
    found = delong.difference(belongs, old, new)
    assert found is not None
    return found.after - found.before - 1.6449 * found.deviation > -0.05


def calibrations() -> Iterator[list[str]]:
    """Yield how often the calibration guard holds a candidate back whose error has grown by so much."""
    margin = 0.02
    for n in (1000, 2500, 10_000):
        held = (percent(held_back(n, margins, margin)) for margins in (0, 1, 2))
        yield [f"{n:,}", f"{margin:g}", *held]


def held_back(n: int, margins: int, margin: float) -> float:
    """Return how often the calibration guard holds a candidate back whose error has grown by so many margins."""
    random = np.random.default_rng([n, margins])
    return (
        sum(calibration_is_worse(random, n, margins * margin, margin) for _ in range(SLOW_PAIRS)) / SLOW_PAIRS
    )


def calibration_is_worse(random: np.random.Generator, n: int, grown: float, margin: float) -> bool:
    """Whether a candidate that is right less often than it claims is told from one that is so by the margin."""
    sides: list[dict[str, NDArray[Any]]] = []
    for claimed_too_much in (0.0, grown):
        confidence = np.clip(random.beta(8, 1.5, n), 0.3, 1)
        wrong = random.random(n) >= confidence - claimed_too_much
        sides.append(
            {
                Column.TARGET: np.zeros(n, dtype=np.int64),
                Column.PREDICTED: wrong.astype(np.int64),
                Column.CONFIDENCE: confidence,
            }
        )
    both = Bins(*sides)
    # An upper limit never lies below the figure itself, which answers for most candidates that are no worse.
    return both.value < -margin and bootstrap.estimate(both, 1 - 2 * LEVEL).high < -margin


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{share * 100:.1f} %"
