"""The temperature by which a classifier's labels are most likely, and whether it is worth having.

Owns how it is found and whether it helps beyond chance; what outputs become by it is `engine.evaluation.temperature`'s.
Runs in a model process, and is not for the engine's: scipy takes more memory than all of that. Pure; it must not know where
the examples come from, nor change a model.
"""

from math import exp, log
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from engine.evaluation.confidence import mean_reach
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.temperature import LEAST, MOST, Floats, odds
from engine.protocols import Temperature

PRECISION: Final = 1e-4
"""Of the temperature's logarithm: far below what any number of examples tells."""


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
