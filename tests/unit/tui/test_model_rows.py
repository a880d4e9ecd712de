"""A model's row promises: its columns fit, and it says what is not known."""

import pytest

from tests.unit.tui.shown import NOW, model, snapshot
from tui import model_rows
from tui.listing import USUAL, ModelRows, listed


@pytest.mark.parametrize("width", range(58, 200, 3))
def test_columns_always_fit_and_leave_room_for_the_name(width: int) -> None:
    """At every width the state is whole and the name has at least twelve cells."""
    shown = model_rows.columns(width)
    name = model_rows.model_width(width, shown, longest=width)
    assert name >= model_rows.MODEL_LEAST
    assert (
        model_rows.PREFIX + name + sum(column.width + 1 for column in shown) + 1 + model_rows.STATE.width
        == width
    )


def test_figures_stay_near_the_names() -> None:
    """On a very wide terminal a name has as many cells as the longest needs, and no more than a few beyond."""
    shown = model_rows.columns(300)
    listed = ModelRows()
    for names, cells in (
        (("a", "b"), model_rows.MODEL_MOST),
        (("a", "n" * 50), 50),
        (("a", "\u6570\u5b57" * 10), 40),
    ):
        listed.read(snapshot(*map(model, names)), NOW, USUAL)
        assert model_rows.model_width(300, shown, listed.longest) == cells


def test_what_is_not_measured_is_said() -> None:
    """A percentile without enough queries is n/a, never a number."""
    (row,) = listed(snapshot(model()), NOW)
    assert (row.cells["p50"], row.cells["p99"], row.cells["evaluated"]) == ("0.700", "n/a", "5m")
