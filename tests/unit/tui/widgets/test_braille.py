"""What the chart promises: nothing is sampled away, nothing is invented."""

import pytest

from storage.records import HistoryPoint
from tui.widgets import braille
from tui.widgets.braille import Frame, Kind, Marker, Point
from tui.widgets.history_chart import NOTHING_YET, HistoryChart, by_version
from tui.widgets.time_chart import GUTTER, chart_lines, value_range


def points(
    values: list[float], *, version: int = 1, step: float = 60.0, start: float = 1_700_000_000.0
) -> list[HistoryPoint]:
    """Return a history of one version, a value a minute, each ±0.01."""
    return [
        HistoryPoint(
            at=start + step * index,
            version=version,
            metric="accuracy",
            value=value,
            low=value - 0.01,
            high=value + 0.01,
            n=1000,
        )
        for index, value in enumerate(values)
    ]


def kinds(cells: list[list[braille.Cell]], kind: Kind) -> set[tuple[int, int]]:
    """Return the (row, column) places of the cells of a kind."""
    return {(y, x) for y, row in enumerate(cells) for x, (_, found) in enumerate(row) if found is kind}


FRAME = Frame(40, 8, 0.0, 9999.0, 0.0, 1.0)


def test_one_bad_value_among_ten_thousand_is_seen() -> None:
    """A single dip reaches the bottom row, however many points share its column."""
    curve = [Point(float(index), 0.0 if index == 5000 else 0.9) for index in range(10_000)]
    rows = {row for row, _ in kinds(braille.plot(curve, FRAME), Kind.LINE)}
    assert max(rows) == FRAME.rows - 1


def test_a_gap_stays_a_gap() -> None:
    """Points that are not joined have no line between them."""
    curve = [Point(0.0, 0.5), Point(1000.0, 0.5), Point(9000.0, 0.5, joined=False), Point(9999.0, 0.5)]
    columns = {column for _, column in kinds(braille.plot(curve, FRAME), Kind.LINE)}
    assert not columns & set(range(6, 35))
    assert {0, 39} <= columns


def test_a_joined_line_has_no_holes() -> None:
    """Between two joined points every column has a dot."""
    curve = [Point(0.0, 0.1), Point(9999.0, 0.9)]
    assert {column for _, column in kinds(braille.plot(curve, FRAME), Kind.LINE)} == set(range(40))


def test_a_single_point_is_large_enough_to_be_seen() -> None:
    """One evaluation is a block of four dots."""
    ((row, column),) = kinds(braille.plot([Point(0.0, 0.5)], Frame(41, 9, 0.0, 0.0, 0.0, 1.0)), Kind.LINE)
    assert (row, column) == (4, 20)


def test_objective_and_markers_give_way_to_the_curve() -> None:
    """What was measured is never covered."""
    curve = [Point(0.0, 0.5), Point(9999.0, 0.5)]
    cells = braille.plot(curve, FRAME, objective=0.5, markers=[Marker(5000.0, "v2")])
    assert len(kinds(cells, Kind.LINE)) == 40
    assert kinds(cells, Kind.OBJECTIVE) == set()
    marked = kinds(cells, Kind.MARKER)
    assert ("v", Kind.MARKER) in cells[0]
    assert len({row for row, _ in marked}) == FRAME.rows - 1


def test_the_band_covers_the_interval_without_colour() -> None:
    """The confidence band is dots of its own, above and below the curve."""
    curve = [Point(0.0, 0.5, 0.2, 0.8), Point(9999.0, 0.5, 0.2, 0.8)]
    rows = {row for row, _ in kinds(braille.plot(curve, FRAME), Kind.BAND)}
    assert min(rows) <= 2
    assert max(rows) >= 5


@pytest.mark.parametrize(("width", "height"), [(20, 4), (58, 9), (150, 30)])
def test_a_chart_fills_exactly_its_cells(width: int, height: int) -> None:
    """Every line is as wide as the panel or shorter, and there are as many as it has rows."""
    lines = chart_lines(
        by_version(points([0.90, 0.92, 0.95])), width, height, nothing=NOTHING_YET, objective=0.93
    )
    assert len(lines) == height
    assert all(line.cell_len <= width for line in lines)


def test_no_history_says_what_to_do() -> None:
    """An empty chart is a sentence with its key."""
    assert any(NOTHING_YET in line.plain for line in chart_lines([], 60, 9, nothing=NOTHING_YET))


def test_versions_are_not_joined() -> None:
    """The curve of another version begins anew."""
    history = [*points([0.9]), *points([0.95], version=2, start=1_700_000_600.0)]
    text = chart_lines(by_version(history), 60, 9, nothing=NOTHING_YET)
    middle = "".join(line.plain[GUTTER + 15 : GUTTER + 40] for line in text[:-1])
    assert not any(0x2800 < ord(character) <= 0x28FF for character in middle)


def test_noise_is_not_blown_up_to_mountains() -> None:
    """The range of a share is at least two points wide."""
    bottom, top = value_range(by_version(points([0.9500, 0.9501])), None)
    assert top - bottom >= 0.02


@pytest.mark.parametrize("scale", [0.001, 0.1, 50.0])
async def test_latencies_fill_their_chart_however_short_they_are(scale: float) -> None:
    """A tenth more is seen to be more, of microseconds as of seconds, and is no mountain."""
    chart = HistoryChart()
    found = [
        HistoryPoint(
            at=60.0 * place, version=1, metric="p50_ms", value=value * scale, low=None, high=None, n=100
        )
        for place, value in enumerate((1.0, 1.1, 1.0))
    ]
    chart.show(found, nothing=NOTHING_YET)
    bottom, top = value_range(chart.curve(found), None, chart.least)
    assert bottom > 0
    assert 0.4 < 0.1 * scale / (top - bottom) < 0.6


def test_an_objective_that_is_near_is_in_the_picture_and_a_far_one_does_not_flatten_it() -> None:
    """An objective is shown where it helps."""
    near, far = (value_range(by_version(points([0.95])), wanted) for wanted in (0.93, 0.5))
    assert near[0] <= 0.93
    assert far[0] > 0.9


@pytest.mark.parametrize("value", [-0.1234, 0.0065, 999.96, -123_456.0, 1_250_000.0])
def test_the_axis_is_a_straight_line_whatever_it_stands_beside(value: float) -> None:
    """Values with a sign or with many digits have as many cells as the others."""
    lines = chart_lines([Point(0.0, value), Point(60.0, value * 1.5)], 60, 9, nothing=NOTHING_YET)
    assert {line.plain.index("│") for line in lines[:-1]} == {GUTTER - 1}


def test_an_axis_has_no_values_that_cannot_be() -> None:
    """A latency near nothing is not drawn below it, and an accuracy near one not above it; nothing of either is out of sight."""
    assert value_range([Point(0.0, 0.0065), Point(60.0, 0.0066)], None) == (0.0, 0.02)
    assert value_range([Point(0.0, 0.999, 0.998, 1.0)], None) == (0.98, 1.0)
    bottom, top = value_range([Point(0.0, -0.1), Point(60.0, 0.2)], None)
    assert (bottom, round(top, 9)) == (-0.1, 0.2)


NEW_YEARS_EVE = 1_767_225_595.0
"""2025-12-31 23:59:55 UTC."""


@pytest.mark.parametrize(
    ("first", "lasts", "told"),
    [
        (1_700_000_000.0, 0.0, ["11-14", "22:13:20"]),
        (1_700_000_000.0, 1.0, ["11-14", "22:13:15", "22:13:20", "22:13:25"]),
        (1_700_000_000.0, 7200.0, ["11-14", "22:13", "23:13", "11-15", "00:13"]),
        (NEW_YEARS_EVE, 30.0, ["12-31", "23:59:55", "01-01", "00:00:10", "01-01", "00:00:25"]),
        (NEW_YEARS_EVE, 400 * 86_400.0, ["2025-12-31", "2026-07-19", "2027-02-04"]),
    ],
)
def test_the_times_below_a_chart_are_of_a_day_and_differ(first: float, lasts: float, told: list[str]) -> None:
    """The first time has its date, every other one where it is of another day; two evaluations of a second are no three times alike."""
    curve = [Point(first, 0.9), Point(first + lasts, 0.95)] if lasts else [Point(first, 0.9)]
    axis = chart_lines(curve, 80, 9, nothing=NOTHING_YET)[-1].plain
    assert axis.split() == told
    assert len(axis) <= 80


def column(cells: list[list[braille.Cell]], x: int) -> str:
    """Return what stands in a column, from the top."""
    return "".join(row[x][0] for row in cells)


def test_a_roll_back_is_told_from_a_promotion_without_colour() -> None:
    """Its line is a finer one, and a sign before its name points back."""
    forth, back = Marker(2500.0, "v2"), Marker(7500.0, "v1", back=True)
    cells = braille.plot([], FRAME, markers=[forth, back])
    top = "".join(glyph for glyph, _ in cells[0])
    assert "v2" in top
    assert "◂v2" not in top
    assert "◂v1" in top
    assert set(column(cells, top.index("v2"))[1:]) == {"┆"}
    assert set(column(cells, top.index("◂"))[1:]) == {"┊"}


def test_names_of_markers_close_together_can_all_be_read() -> None:
    """A promotion, its rollback and another promotion within one column stand one below the other."""
    markers = [
        Marker(5000.0, "v12"),
        Marker(5001.0, "v11", back=True),
        Marker(5100.0, "v12"),
        Marker(0.0, "v1"),
    ]
    lines = ["".join(glyph for glyph, _ in row) for row in braille.plot([], FRAME, markers=markers)]
    assert [word in line for word, line in zip(("v12", "◂v11", "v12"), lines, strict=False)] == [True] * 3
    assert lines[0].startswith("v1")


@pytest.mark.parametrize("columns", [2, 3, 5, 60])
def test_a_marker_at_the_edge_stays_in_the_chart(columns: int) -> None:
    """However narrow the chart, every row keeps its width."""
    frame = Frame(columns, 4, 0.0, 100.0, 0.0, 1.0)
    cells = braille.plot([], frame, markers=[Marker(100.0, "v123", back=True), Marker(0.0, "v1")])
    assert [len(row) for row in cells] == [columns] * 4


def test_a_promotion_after_the_last_evaluation_has_its_marker() -> None:
    """The axis goes on to it, and its end is that moment."""
    history = by_version(points([0.90, 0.92, 0.95]))
    after = [Marker(history[-1].x + 7200.0, "v2")]
    without, marked = (
        "\n".join(line.plain for line in chart_lines(history, 60, 8, nothing=NOTHING_YET, markers=markers))
        for markers in ((), after)
    )
    assert "v2" not in without
    assert "v2" in marked
    assert marked.splitlines()[-1] != without.splitlines()[-1]
