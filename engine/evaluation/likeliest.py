"""The temperature by which a classifier's labels are most likely, and whether it is worth having.

Owns how it is found and whether it helps beyond chance; what outputs become by it is `engine.evaluation.temperature`'s.
Runs in a model process. Pure; it must not know where the examples come from, nor change a model.
"""

from collections.abc import Callable
from math import exp, log, sqrt
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from engine.evaluation.confidence import mean_reach
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.temperature import LEAST, MOST, Floats, odds
from engine.protocols import Temperature

PRECISION: Final = 1e-4
"""Of the temperature's logarithm: far below what any number of examples tells."""

GOLDEN: Final = (sqrt(5) - 1) / 2
"""Divides an interval so that of two places inside, the one that stays when it shrinks divides it like that again."""


class Found(NamedTuple):
    """A temperature, and what it changes on examples that had no part in fitting it."""

    value: float
    loss_before: float
    loss_after: float
    gain_low: float
    """The least that the mean loss falls by, with 95 % confidence."""
    softened: Outcomes | None
    """The outcomes as they would be, each by a temperature that was fitted on the others; ``None`` for several labels."""


def find(outcomes: Outcomes, width: int) -> Found:
    """Fit the temperature on all examples, and judge it on each half by what the other half says.

    Args:
        outcomes: what the examples came to.
        width: numbers that the model gives an example; one alone speaks for the second of two classes.
    """
    logits, targets = _logits(outcomes, width), outcomes.targets
    before, after = losses(logits, targets, 1.0), np.empty(len(targets))
    softened = np.empty_like(logits)
    # Drawn, and each time alike: data may lie in an order of any kind.
    drawn = default_rng(0).permutation(len(targets))
    halves = drawn[::2], drawn[1::2]
    for own, other in (halves, halves[::-1]):
        value = fitted(logits[other], targets[other])
        after[own] = losses(logits[own], targets[own], value)
        softened[own] = logits[own] / value
    gains = before - after
    reach = mean_reach(float(gains.var(ddof=1)), len(gains)) if len(gains) > 1 else None
    return Found(
        value=fitted(logits, targets),
        loss_before=float(before.mean()),
        loss_after=float(after.mean()),
        gain_low=-float("inf") if reach is None else float(gains.mean()) - reach,
        softened=None if targets.ndim == 2 else Outcomes(targets, outcomes.predicted, softened, Scale.LOGITS),
    )


def fitted(logits: Floats, targets: "NDArray[Any]") -> float:
    """Return the temperature by which the labels are most likely; the loss has one lowest point only."""
    return exp(
        _lowest(lambda power: float(losses(logits, targets, exp(power)).mean()), log(LEAST), log(MOST))
    )


def _lowest(height: Callable[[float], float], low: float, high: float) -> float:
    """Return, within `PRECISION`, where between two places a function is lowest that has one lowest point only."""
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    left_height, right_height = height(left), height(right)
    while high - low > PRECISION:
        if left_height < right_height:
            high, right, right_height = right, left, left_height
            left = high - GOLDEN * (high - low)
            left_height = height(left)
        else:
            low, left, left_height = left, right, right_height
            right = low + GOLDEN * (high - low)
            right_height = height(right)
    return (low + high) / 2


def losses(logits: Floats, targets: "NDArray[Any]", value: float) -> Floats:
    """Return the log loss of each example: over its classes, or on average over its labels."""
    scaled = logits / value
    if targets.ndim == 2:
        return np.asarray(np.logaddexp(0.0, np.where(targets, -scaled, scaled)).mean(axis=1))
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(targets)), targets])


def _logits(outcomes: Outcomes, width: int) -> Floats:
    """Return what is divided: logits as they are, or those that the probabilities came from."""
    scores = np.ascontiguousarray(outcomes.scores, dtype=np.float64)
    if outcomes.scale is Scale.LOGITS:
        return scores
    if width == 1 and outcomes.targets.ndim == 1:
        second = odds(scores[:, 1:])
        return np.hstack([np.zeros_like(second), second])
    if outcomes.targets.ndim == 2:
        return odds(scores)
    return np.log(np.maximum(scores, Temperature.SMALLEST))
