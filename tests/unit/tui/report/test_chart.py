"""A chart as SVG: whole, within its frame, with each value in a tooltip."""

import re
from xml.etree import ElementTree as ET

import pytest

from tui.commands.figures import number
from tui.report import chart
from tui.report.chart import Chart, Limit, Mark, Series
from tui.widgets.braille import Point

SVG = "{http://www.w3.org/2000/svg}"
DAY = 86_400.0
POINTS = tuple(
    Point(1_750_000_000 + DAY * day, 0.9 + day / 100, 0.88 + day / 100, 0.92 + day / 100) for day in range(5)
)


def drawn(series: list[Series], **changes: object) -> ET.Element:
    """Return a chart, read as the XML that it is."""
    plain = {"title": "accuracy <of> all", "series": series, "value": number}
    return ET.fromstring(chart.draw(Chart(**(plain | changes))))  # type: ignore[arg-type]


def test_every_value_has_a_dot_and_a_tooltip() -> None:
    """The tooltip names version, moment, value and interval."""
    root = drawn([Series("version 1", POINTS, deployed=True)])
    dots = root.findall(f".//{SVG}circle")
    told = [title.text for title in root.findall(f"{SVG}g/{SVG}title")]
    assert len(dots) == len(POINTS)
    assert told[0] == "version 1, 2025-06-15 15:06:40 UTC: 0.9000 (0.8800 to 0.9200)"
    assert root.findtext(f"{SVG}title") == "accuracy <of> all"


def test_everything_lies_within_the_frame() -> None:
    """Curves, bands, limits far away, and marks before the first value."""
    marks = [Mark(POINTS[0].x - DAY, "v1", "version 1 promoted by me")]
    root = drawn([Series("version 1", POINTS)], limits=[Limit(0.5, "objective")], marks=marks)
    places = [
        (float(x), float(y))
        for path in root.findall(f".//{SVG}path")
        for x, y in re.findall(r"([\d.-]+) ([\d.-]+)", path.attrib["d"])
    ]
    places += [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in root.findall(f".//{SVG}circle")]
    places += [
        (float(line.attrib[f"x{end}"]), float(line.attrib[f"y{end}"]))
        for line in root.findall(f".//{SVG}line")
        for end in (1, 2)
    ]
    assert all(chart.LEFT <= x <= chart.WIDTH - chart.RIGHT for x, _ in places)
    assert all(0 <= y <= chart.HEIGHT for _, y in places)


@pytest.mark.parametrize(
    "points",
    [
        POINTS[:1],
        (Point(1_750_000_000, 0.0),),
        (Point(1.0, 5.0), Point(1.2, 5.0)),
        (Point(1.0, 30.0), Point(9.0, 30.0 + 1e-12)),
    ],
)
def test_little_is_drawn_as_well(points: tuple[Point, ...]) -> None:
    """One value, a value of nothing, values at one moment."""
    assert len(drawn([Series("version 1", points)]).findall(f".//{SVG}circle")) == len(points)


def test_nothing_is_said_in_words() -> None:
    """No empty frame."""
    assert "Nothing was measured" in chart.draw(Chart("x", [Series("version 1", ())], number))


def test_names_of_marks_do_not_touch() -> None:
    """Of two switches at nearly the same moment the second is named in its tooltip only."""
    marks = [Mark(POINTS[2].x + seconds, f"v{seconds}", f"version {seconds}") for seconds in (1, 2)]
    root = drawn([Series("version 1", POINTS)], marks=marks)
    named = [one.text for one in root.iter(f"{SVG}text") if "mark-name" in one.attrib["class"]]
    assert named == ["v1"]
    assert {"version 1", "version 2"} <= {one.text for one in root.findall(f"{SVG}g/{SVG}title")}


def test_each_curve_says_whose_it_is_where_there_is_room() -> None:
    """Of two that end at the same place the deployed version is named."""
    root = drawn([Series("version 1", POINTS, "v1"), Series("version 2", POINTS, "v2", deployed=True)])
    assert [one.text for one in root.iter(f"{SVG}text") if one.text in {"v1", "v2"}] == ["v2"]
    lower = tuple(point._replace(y=0.5, low=None, high=None) for point in POINTS)
    root = drawn([Series("version 1", lower, "v1"), Series("version 2", POINTS, "v2", deployed=True)])
    assert [one.text for one in root.iter(f"{SVG}text") if one.text in {"v1", "v2"}] == ["v2", "v1"]
