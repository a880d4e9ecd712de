"""Chances of the normal distribution and of a fair coin, to full precision, from the standard library alone.

SciPy has them too, and takes 17 MB of the engine, which needs no more of it than this.
"""

from collections.abc import Iterable
from math import erfc, exp, factorial, log, log1p, pi, sqrt
from statistics import NormalDist

SMALL = 15
"""Up to here a factorial is a float without rounding that matters; beyond it Stirling's series is as good."""

NEGLIGIBLE = 1e-18
"""Of a sum: what is less does not change it."""


def below(z: float) -> float:
    """Return the chance of a standard normal number below ``z``."""
    return erfc(-z / sqrt(2)) / 2


def all_below(places: Iterable[float]) -> list[float]:
    """Return the same of several places."""
    return [below(z) for z in places]


def place_of(chance: float) -> float:
    """Return the place below which a standard normal number lies with a chance between 0 and 1."""
    return NormalDist().inv_cdf(chance)


def at_least(heads: int, n: int) -> float:
    """Return the chance of so many heads or more in ``n`` throws of a fair coin."""
    if heads <= 0:
        return 1.0
    if heads > n:
        return 0.0
    if 2 * heads <= n:
        # The other tail is the small one, and what is left of 1 is exact.
        return 1.0 - at_least(n - heads + 1, n)
    term = total = _exactly(heads, n)
    while heads < n and term > total * NEGLIGIBLE:
        term *= (n - heads) / (heads + 1)
        heads += 1
        total += term
    return total


def _exactly(heads: int, n: int) -> float:
    """Return the chance of so many heads by Loader's expansion, which cancels nothing.

    (Loader 2000, "Fast and accurate computation of binomial probabilities".) The logarithms of factorials would lose a
    digit for every digit of ``n``.
    """
    if heads == n:
        return 0.5**n
    tails = n - heads
    series = _stirling(n) - _stirling(heads) - _stirling(tails)
    apart = _deviance(heads, n / 2) + _deviance(tails, n / 2)
    return exp(series - apart) * sqrt(n / (2 * pi * heads * tails))


def _stirling(n: int) -> float:
    """Return what Stirling's formula lacks to the logarithm of a factorial."""
    if n <= SMALL:
        return log(factorial(n)) - (n + 0.5) * log(n) + n - log(2 * pi) / 2
    square = n * n
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n


def _deviance(seen: float, expected: float) -> float:
    """Return ``seen * log(seen / expected) + expected - seen``, also where the two are nearly the same."""
    ratio = (seen - expected) / expected
    if abs(ratio) > 0.1:
        return seen * log1p(ratio) - (seen - expected)
    # (1 + r) * log(1 + r) - r = r^2/2 - r^3/6 + r^4/12 - ...
    total, power, number = 0.0, ratio * ratio, 2
    while abs(power) > NEGLIGIBLE * abs(total):
        total += power / (number * (number - 1))
        power, number = -power * ratio, number + 1
    return expected * total
