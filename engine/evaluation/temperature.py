"""The one number that makes a classifier's probabilities mean what they say: its temperature.

Owns what outputs become by it: temperature scaling (Guo et al. 2017, ICML), which divides logits by the number that gives the
labels of held-out examples the highest likelihood. The classes that are predicted stay the same. How it is found is
`engine.evaluation.likeliest`'s. Pure.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.protocols import Temperature
from storage.vocabulary import OutputScale

LEAST: Final = 1 / 8
MOST: Final = 8.0
"""Networks need 1 to 3. Beyond these limits single precision has lost what would have to be brought back."""

SATURATED: Final = 1e-4
"""A sigmoid nearer to 1 than this has lost too many digits to be held against another one."""

Floats = NDArray[np.float64]


def at_a_limit(value: float) -> bool:
    """Whether the labels ask for more than a temperature gives."""
    return not LEAST * 1.01 < value < MOST / 1.01


def applied(values: "NDArray[np.float32]", temperature: Temperature) -> Floats:
    """Return what raw outputs, one row an example, become by a temperature: of the same form and scale, in double precision."""
    wide = values.astype(np.float64)
    if temperature.scale is OutputScale.LOGITS:
        return np.asarray(wide / temperature.value)
    if temperature.one_by_one:
        return np.asarray(1 / (1 + np.exp(-odds(wide) / temperature.value)))
    powers = wide ** (1 / temperature.value)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def telling(values: "NDArray[np.float32]", temperature: Temperature) -> "NDArray[np.bool_]":
    """Return which rows of raw outputs still tell what they will become: no sigmoid in them is as good as 1."""
    if temperature.scale is OutputScale.LOGITS or not temperature.one_by_one:
        return np.ones(len(values), dtype=np.bool_)
    return np.asarray((values < 1 - SATURATED).all(axis=1))


def odds(probabilities: Floats) -> Floats:
    """Return the logits that the probabilities of single labels came from, finite also where one is 0 or 1."""
    kept = np.clip(probabilities, Temperature.SMALLEST, 1 - Temperature.NEAREST)
    return np.asarray(np.log(kept) - np.log1p(-kept))
