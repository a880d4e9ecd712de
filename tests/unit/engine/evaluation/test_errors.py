"""Quantiles of errors, and the limits that order statistics give them."""

import numpy as np
import pytest
from scipy.stats import binom

from engine.evaluation import errors as module
from engine.evaluation.errors import KEPT, AbsoluteErrors, place_of
from engine.evaluation.outcomes import Outcomes, Scale


def gathered(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> AbsoluteErrors:
    """Return what gathered these errors."""
    made = AbsoluteErrors()
    made.add(Outcomes(np.zeros(len(values)), values, np.empty((0, 0)), Scale.LOGITS))
    return made


def test_limits_are_the_tables_order_statistics() -> None:
    """For the median of 20 errors they are the 6th and the 15th, as nonparametric tables have it."""
    found = gathered(np.arange(1.0, 21.0)).quantile(0.5)
    assert found == (10.5, 6.0, 15.0)


@pytest.mark.parametrize("share", [0.001, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("n", [1, 2, 7, 40, 999, 77_777, KEPT])
def test_places_of_counts_are_scipys(n: int, share: float) -> None:
    """From a single example to as many as are kept, near the middle and far out."""
    chances = [1e-9, 0.025, 0.3, 0.975, 1 - 1e-9]
    assert [place_of(chance, n, share) for chance in chances] == list(binom.ppf(chances, n, share))


def test_limit_beyond_the_largest_is_not_known() -> None:
    """Twenty errors cannot bound their 95th percentile from above."""
    found = gathered(np.arange(1.0, 21.0)).quantile(0.95)
    assert found is not None
    assert found[2] is None


def test_limits_hold_the_true_quantile_as_often_as_promised() -> None:
    """Of a skewed distribution, too: at least 95 of 100 times, give or take chance."""
    rng = np.random.default_rng(1)
    truth = -np.log(1 - 0.9)
    held = 0
    for _ in range(1000):
        found = gathered(rng.exponential(size=200)).quantile(0.9)
        assert found is not None
        _, low, high = found
        assert low is not None
        assert high is not None
        held += low <= truth <= high
    assert 0.94 <= held / 1000 <= 0.99


def test_too_many_errors_leave_no_quantile_but_the_largest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit nothing is kept, and nothing approximate takes its place."""
    monkeypatch.setattr(module, "KEPT", 10)
    made = gathered(np.arange(8.0))
    made.merge(gathered(np.arange(5.0)))
    assert (made.n, made.largest, made.quantile(0.5)) == (13, 7.0, None)
