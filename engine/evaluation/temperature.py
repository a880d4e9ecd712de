"""The one number that makes a classifier's probabilities mean what they say: its temperature.

Owns how it is found, whether it helps beyond chance, and what outputs become by it: temperature scaling (Guo et al. 2017,
ICML), which divides logits by the number that gives the labels of held-out examples the highest likelihood. The classes
that are predicted stay the same. Pure; it must not know where the examples come from, nor change a model.
"""

from math import exp, log
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from engine.evaluation.confidence import mean_reach
from engine.evaluation.outcomes import Outcomes, Scale
from engine.protocols import Temperature
from storage.vocabulary import OutputScale

LEAST: Final = 1 / 8
MOST: Final = 8.0
"""Networks need 1 to 3. Beyond these limits single precision has lost what would have to be brought back."""

PRECISION: Final = 1e-4
"""Of the temperature's logarithm: far below what any number of examples tells."""

SATURATED: Final = 1e-4
"""A sigmoid nearer to 1 than this has lost too many digits to be held against another one."""

Floats = NDArray[np.float64]


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
    drawn = np.random.default_rng(0).permutation(len(targets))
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
    found = minimize_scalar(
        lambda power: float(losses(logits, targets, exp(power)).mean()),
        bounds=(log(LEAST), log(MOST)),
        method="bounded",
        options={"xatol": PRECISION},
    )
    return exp(float(found.x))


def losses(logits: Floats, targets: "NDArray[Any]", value: float) -> Floats:
    """Return the log loss of each example: over its classes, or on average over its labels."""
    scaled = logits / value
    if targets.ndim == 2:
        return np.asarray(np.logaddexp(0.0, np.where(targets, -scaled, scaled)).mean(axis=1))
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(targets)), targets])


def at_a_limit(value: float) -> bool:
    """Whether the labels ask for more than a temperature gives."""
    return not LEAST * 1.01 < value < MOST / 1.01


def applied(values: "NDArray[np.float32]", temperature: Temperature) -> Floats:
    """Return what raw outputs, one row an example, become by a temperature."""
    wide = values.astype(np.float64)
    if temperature.scale is OutputScale.LOGITS:
        return np.asarray(wide / temperature.value)
    if temperature.one_by_one:
        return np.asarray(1 / (1 + np.exp(-_odds(wide) / temperature.value)))
    powers = wide ** (1 / temperature.value)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def telling(values: "NDArray[np.float32]", temperature: Temperature) -> "NDArray[np.bool_]":
    """Return which rows of raw outputs still tell what they will become: no sigmoid in them is as good as 1."""
    if temperature.scale is OutputScale.LOGITS or not temperature.one_by_one:
        return np.ones(len(values), dtype=np.bool_)
    return np.asarray((values < 1 - SATURATED).all(axis=1))


def _logits(outcomes: Outcomes, width: int) -> Floats:
    """Return what is divided: logits as they are, or those that the probabilities came from."""
    scores = np.ascontiguousarray(outcomes.scores, dtype=np.float64)
    if outcomes.scale is Scale.LOGITS:
        return scores
    if width == 1 and outcomes.targets.ndim == 1:
        odds = _odds(scores[:, 1:])
        return np.hstack([np.zeros_like(odds), odds])
    if outcomes.targets.ndim == 2:
        return _odds(scores)
    return np.log(np.maximum(scores, Temperature.SMALLEST))


def _odds(probabilities: Floats) -> Floats:
    kept = np.clip(probabilities, Temperature.SMALLEST, 1 - Temperature.NEAREST)
    return np.asarray(np.log(kept) - np.log1p(-kept))
