"""How figures stand in sentences."""

import pytest

from engine.evaluation.rounding import number, signed


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.98765, "0.9877"), (99.99, "99.9900"), (100.0, "100"), (1234567.8, "1.23457e+06"), (-0.5, "-0.5000")],
)
def test_small_figures_have_four_decimals_and_large_ones_six_digits(value: float, told: str) -> None:
    """An accuracy and an error in euros are both read at a glance."""
    assert number(value) == told


def test_a_difference_has_its_sign() -> None:
    """None counts as a gain."""
    assert [signed(value) for value in (0.25, 0.0, -0.25)] == ["+0.2500", "+0.0000", "-0.2500"]
