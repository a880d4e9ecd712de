"""A drawing of points in plain characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.scatter import HEIGHT, NARROWEST, WIDEST, Point, scatter

SIZES = st.sampled_from(["1", "8", "32", "128", "1024"])
POINTS = st.lists(st.builds(Point, st.floats(0, 1e7), st.floats(0, 1e5), SIZES), min_size=2, max_size=5)


def draw(points: list[Point], width: int = 80) -> str:
    """Draw points."""
    return scatter(points, width=width, x_title="per second", y_title="ms")


@given(POINTS, st.integers(1, 300))
def test_it_fits_and_is_plain(points: list[Point], width: int) -> None:
    """No line is wider than there is room (a very narrow terminal gets the narrowest), and all of it is ASCII."""
    lines = draw(points, width).splitlines()
    assert len(lines) == HEIGHT + 3
    assert all(len(line) <= max(min(width, WIDEST), NARROWEST) for line in lines)
    assert all(line.isascii() and line.isprintable() for line in lines)


@given(st.lists(st.tuples(st.floats(1, 1e7), st.floats(0.001, 1e5)), min_size=2, max_size=5))
def test_every_point_is_there(places: list[tuple[float, float]]) -> None:
    """Each label stands somewhere, however near to another its point lies."""
    labels = ["A", "B", "C", "D", "E"]
    points = [Point(x, y, label) for (x, y), label in zip(places, labels, strict=False)]
    picture = "\n".join(line.partition("|")[2] for line in draw(points).splitlines()[1 : HEIGHT + 1])
    assert sorted(picture.replace("\n", "").replace(" ", "")) == labels[: len(points)]


def test_higher_is_higher_and_more_is_further_right() -> None:
    """By hand: three points on a rising line keep their order along both axes."""
    lines = draw([Point(100, 1, "a"), Point(200, 2, "b"), Point(400, 4, "c")]).splitlines()
    where = {
        label: (row, line.index(label, line.index("|")))
        for label in "abc"
        for row, line in enumerate(lines[1 : HEIGHT + 1])
        if label in line.partition("|")[2]
    }
    assert where["c"][0] < where["b"][0] < where["a"][0]
    assert where["a"][1] < where["b"][1] < where["c"][1]
    assert where["c"] == (0, len(lines[1]) - 1)
    assert lines[1].split("|")[0].strip() == "4"
    assert lines[-1].endswith("400")


@pytest.mark.parametrize("points", [[], [Point(1, 1, "1")]])
def test_one_point_is_no_picture(points: list[Point]) -> None:
    """There is nothing to compare."""
    assert draw(points) == ""
