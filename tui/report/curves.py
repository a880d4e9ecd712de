"""Which curves, limits and marks a model's charts have: from records to `tui.report.chart`. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from storage.records import HistoryPoint
from storage.settings import OBJECTIVE
from storage.vocabulary import JobKind, PromotionOutcome
from tui.commands.figures import clock, milliseconds, number
from tui.report.chart import Chart, Limit, Mark, Series, draw
from tui.report.facts import Facts
from tui.report.markup import Html
from tui.widgets.braille import Point

MOST_POINTS: Final = 400
"""Points of a chart: more would not be told apart on any paper, and each has a tooltip."""

LATENCIES: Final = ("latency_p50_ms", "latency_p99_ms")


def quality(facts: Facts) -> Html:
    """Return the chart of the headline figure."""
    return draw(
        Chart(
            title=f"{facts.metric} of {facts.model.name} over time",
            series=_series(facts, facts.quality),
            value=number,
            limits=_limits(facts, (facts.metric,)),
            marks=_marks(facts, facts.quality),
        )
    )


def latency(facts: Facts) -> Html:
    """Return the chart of the latency."""
    return draw(
        Chart(
            title=f"Latency of {facts.model.name} over time",
            series=[
                *_series(facts, facts.median, word="median"),
                *_series(facts, facts.slowest, word="p99", second=True),
            ],
            value=milliseconds,
            limits=_limits(facts, LATENCIES),
            marks=_marks(facts, facts.median),
            from_zero=True,
        )
    )


def _series(
    facts: Facts, points: Sequence[HistoryPoint], *, word: str = "", second: bool = False
) -> list[Series]:
    """Return a curve for each version."""
    deployed = facts.model.current.number if facts.model.current else None
    by_version: dict[int, list[Point]] = {}
    for point in thinned(points):
        drawn = Point(point.at, point.value, point.low, point.high)
        by_version.setdefault(point.version, []).append(drawn)
    return [
        Series(
            f"version {version}{f', {word}' if word else ''}",
            mine,
            f"v{version}{f' {word}' if word else ''}",
            deployed=version == deployed,
            second=second,
        )
        for version, mine in by_version.items()
    ]


def thinned(points: Sequence[HistoryPoint]) -> list[HistoryPoint]:
    """Return the last value that each version had in each of many short times: what was measured, and no mean of it."""
    if len(points) <= MOST_POINTS:
        return list(points)
    step = (points[-1].at - points[0].at) / MOST_POINTS or 1.0
    last = {(point.version, (point.at - points[0].at) // step): point for point in points}
    return sorted(last.values(), key=lambda point: point.at)


def _limits(facts: Facts, names: Iterable[str]) -> list[Limit]:
    found = []
    for name in names:
        wanted = facts.objectives.get(name, "")
        parsed = OBJECTIVE.fullmatch(wanted.strip())
        if parsed is not None:
            found.append(Limit(float(parsed[2]), f"objective {name} {wanted.strip()}"))
    return found


def _marks(facts: Facts, points: Sequence[HistoryPoint]) -> list[Mark]:
    """Return the switches, those before the first value left out: they would leave the chart empty but for a corner."""
    if not points:
        return []
    span = points[-1].at - points[0].at
    return [
        Mark(
            one.at,
            f"v{one.to_version}",
            f"{clock(one.at)} UTC: version {one.to_version} {WORDS.get(one.kind, one.kind)} by {one.requested_by}",
            back=one.kind is JobKind.ROLLBACK,
        )
        for one in facts.promotions
        if one.outcome is PromotionOutcome.DONE and one.at >= points[0].at - span
    ]


WORDS: Final = {JobKind.PROMOTE: "promoted", JobKind.ROLLBACK: "brought back"}
