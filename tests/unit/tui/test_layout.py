"""Where panels go: at every size the plan fills the terminal exactly, and what matters most keeps its place."""

import pytest

from tui import layout
from tui.layout import FRAME, LEAST_CHART, MINIMUM, Plan

SIZES = [(60, 14), (80, 22), (80, 21), (100, 28), (119, 60), (120, 28), (160, 43), (300, 100)]
"""Columns and rows for panels: a terminal's, less the header and the footer."""


def _plans(width: int, height: int) -> list[Plan]:
    plans = [
        layout.overview(width, height, models, devices) for models in (0, 1, 8, 50) for devices in (1, 9)
    ]
    plans += [layout.detail(width, height, versions) for versions in (0, 3, 50)]
    plans += [layout.devices(width, height, rows) for rows in (5, 9, 40)]
    return [*plans, layout.zoomed(width, height)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_plan_fills_the_terminal(width: int, height: int) -> None:
    """Columns and rows add up to the terminal's, and every panel's span to whole rows."""
    for plan in _plans(width, height):
        assert sum(plan.columns) == width
        assert sum(plan.rows) == height
        assert sum(spot.span for spot in plan.spots) == len(plan.columns) * len(plan.rows)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_panel_has_room(width: int, height: int) -> None:
    """No panel is so low that it shows nothing."""
    for plan in _plans(width, height):
        assert all(spot.height >= 1 and spot.width >= 20 for spot in plan.spots)


def test_eight_models_fit_into_80_by_24() -> None:
    """At 80 by 24 eight models, a chart, the devices and an event have room, as in the mock-up."""
    plan = layout.overview(80, 22, 8, 2)
    assert plan.room("models") == (78, 9)
    assert plan.room("accuracy")[1] == LEAST_CHART - FRAME
    assert plan.room("events") == (78, 1)


def test_second_chart_needs_room() -> None:
    """The latency chart and the list of jobs are shown where there is room for them, and only there."""
    assert layout.overview(80, 22, 4, 1).room("latency") == (0, 0)
    assert layout.overview(160, 43, 4, 1).room("latency")[0] == 78
    assert layout.overview(160, 43, 4, 1).room("jobs")[1] >= 7


def test_a_device_has_its_chart_wherever_a_list_leaves_room() -> None:
    """At 80 by 24 three devices, a chart and three sentences have room; where one device has none beside them, the chart goes."""
    plan = layout.devices(80, 22, 9)
    assert [plan.room(panel)[1] + FRAME for panel in ("rows", "chart", "about")] == [9, LEAST_CHART, 5]
    assert layout.devices(80, 18, 40).room("chart")[1] + FRAME == LEAST_CHART
    assert layout.devices(80, 17, 5).room("chart") == (0, 0)
    assert layout.devices(160, 43, 9).room("chart") == (98, 32)


def test_smallest_terminal() -> None:
    """The smallest terminal with panels is 60 by 16."""
    assert not layout.too_small(*MINIMUM)
    assert layout.too_small(59, 16)
    assert layout.too_small(60, 15)
