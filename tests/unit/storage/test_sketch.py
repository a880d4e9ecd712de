"""What the distribution of values promises."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from storage import sketch
from storage.sketch import RELATIVE_ERROR, Sketch

VALUES = some.lists(some.floats(min_value=-1e13, max_value=1e13), min_size=1, max_size=60)


@given(values=VALUES, share=some.floats(min_value=0.0, max_value=1.0))
def test_a_quantile_is_within_the_stated_error(values: list[float], share: float) -> None:
    """Whatever the values, a quantile lies within one per cent of the value of that rank."""
    true = sorted(values)[math.floor(share * (len(values) - 1))]
    found = sketch.of(values).quantile(share)
    assert abs(found - true) <= 0.01 * abs(true) * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("value", [1e-9, 2e-9, -2e-9, 1e-6, 0.5, 1.0, 1e13])
def test_values_down_to_a_billionth_are_told(value: float) -> None:
    """What is not next to nothing is not called zero, and one value is every quantile."""
    for share in (0.0, 0.5, 1.0):
        assert sketch.of([value]).quantile(share) == pytest.approx(value, rel=0.01)


def test_what_is_next_to_nothing_is_zero_and_lies_between_both_signs() -> None:
    """Zeros are counted apart, and come after what is below them."""
    found = sketch.of([5.0, 1e-10, -5.0, -1e-10])
    assert (found.zero, found.n) == (2, 4)
    assert [found.quantile(share) for share in (0.0, 0.34, 0.6, 1.0)] == pytest.approx(
        [-5.0, 0.0, 0.0, 5.0], rel=0.01
    )


@given(values=VALUES, cut=some.integers(min_value=0, max_value=60))
def test_parts_add_up(values: list[float], cut: int) -> None:
    """Sketches of two parts, merged, are the sketch of the whole, stored or not."""
    part = sketch.decode(sketch.of(values[:cut]).encode())
    part.merge(sketch.of(values[cut:]))
    assert part == sketch.of(values)
    assert part.n == len(values)


def test_a_day_of_seconds_has_a_right_p99() -> None:
    """Minutes merged to hours to days tell the p99 of all their seconds, of skewed values."""
    chance = random.Random(3)
    values = [math.exp(chance.gauss(0.0, 2.0)) for _ in range(86400)]
    whole = Sketch()
    for hour in range(24):
        one = Sketch()
        for minute in range(60):
            begin = hour * 3600 + minute * 60
            one.merge(sketch.decode(sketch.of(values[begin : begin + 60]).encode()))
        whole.merge(sketch.decode(one.encode()))
    true = sorted(values)[math.floor(0.99 * (len(values) - 1))]
    assert whole.quantile(0.99) == pytest.approx(true, rel=RELATIVE_ERROR)


def test_nothing_has_no_quantile() -> None:
    """A sketch without values says so."""
    with pytest.raises(ValueError, match=r"^a sketch without values has no quantile$"):
        Sketch().quantile(0.5)
