"""The difference of two areas under ROC curves on the same examples, with its standard deviation.

Each example's part in an area is known, so the parts of two versions can be taken from each other example by example
and their spread measured (DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class AreaDifference(NamedTuple):
    """The areas of two versions, and the deviation of the second less the first."""

    before: float
    after: float
    deviation: float


def difference(
    belongs: "NDArray[np.bool_]", before: "NDArray[Any]", after: "NDArray[Any]"
) -> AreaDifference | None:
    """Return both areas and the deviation of their difference, or ``None`` with fewer than two examples on a side.

    Args:
        belongs: which examples are of the class.
        before: the scores of one version.
        after: the scores of the other.
    """
    if min(int(belongs.sum()), int((~belongs).sum())) < 2:
        return None
    old, new = _parts(before[belongs], before[~belongs]), _parts(after[belongs], after[~belongs])
    variance = sum(
        float(np.var(mine - other, ddof=1)) / len(mine) for mine, other in zip(new, old, strict=True)
    )
    return AreaDifference(float(old[0].mean()), float(new[0].mean()), float(np.sqrt(variance)))


def _parts(inside: "NDArray[Any]", outside: "NDArray[Any]") -> tuple[Floats, Floats]:
    """Return the share of others that each example of the class lies above, and of those above each other, ties by half."""
    low, high = np.sort(outside), np.sort(inside)
    above = (low.searchsorted(inside, "left") + low.searchsorted(inside, "right")) / 2 / len(outside)
    below = 1 - (high.searchsorted(outside, "left") + high.searchsorted(outside, "right")) / 2 / len(inside)
    return above, below
