"""When queries arrive in the server scenario: Poisson arrivals of a given rate, fixed before the first one.

Pure: the same rate, number and seed give the same schedule on every machine. It must not know how fast a
model answers; a schedule that waited for answers would hide queueing (coordinated omission).
"""

from math import log1p
from random import Random
from typing import Final

SECOND_NS: Final = 1_000_000_000


def schedule(queries_per_second: float, queries: int, seed: int) -> tuple[int, ...]:
    """Return when each query arrives, in nanoseconds after the start, the first one included.

    The gaps are exponential with mean ``1 / queries_per_second``, as in MLPerf LoadGen's server scenario. One
    seed draws the same gaps at every rate, only stretched, so that a search over rates compares like with
    like. `random.Random.random` is the one generator whose sequence Python promises to keep.

    Raises:
        ValueError: the rate is not above 0.
    """
    if not queries_per_second > 0:
        raise ValueError(f"{queries_per_second} queries a second never arrive")
    draw = Random(seed).random  # noqa: S311 - chance that must be repeatable, not secret
    at = 0.0
    found = []
    for _ in range(queries):
        at -= log1p(-draw())
        found.append(round(at / queries_per_second * SECOND_NS))
    return tuple(found)
