"""What the charts of a model draw: its history, its objective, and where another version was promoted or came back."""

from storage.snapshot import Detail
from storage.vocabulary import JobKind
from tui.feed import News
from tui.view import View
from tui.widgets.braille import Marker
from tui.widgets.history_chart import HistoryChart

LATENCY = "p50 latency"


def show_accuracy(chart: HistoryChart, view: View) -> None:
    """Draw the figure that stands for the model, over all its versions."""
    detail = _detail(view)
    if detail is None:
        chart.show((), title=_title(view, "accuracy"))
        return
    metric = detail.history[-1].metric if detail.history else "accuracy"
    chart.show(
        detail.history,
        objective=_limit(view.news, metric),
        markers=_markers(detail),
        title=_title(view, metric.replace("_", " ")),
    )


def show_latency(chart: HistoryChart, view: View) -> None:
    """Draw how long one query took."""
    detail = _detail(view)
    if detail is None:
        chart.show((), title=_title(view, LATENCY))
        return
    chart.show(
        detail.latency,
        objective=_limit(view.news, "latency_p50_ms"),
        markers=_markers(detail),
        unit="ms",
        title=_title(view, LATENCY),
    )


def _detail(view: View) -> Detail | None:
    """Return the selected model's detail; another model's is on its way and would be the wrong picture."""
    detail = view.news.detail
    return detail if detail is not None and detail.model.name == view.selected else None


def _title(view: View, what: str) -> str:
    return f"{view.selected}  {what}" if view.selected else what


def _markers(detail: Detail) -> tuple[Marker, ...]:
    return tuple(
        Marker(promotion.at, f"v{promotion.to_version}", promotion.kind is JobKind.ROLLBACK)
        for promotion in reversed(detail.promotions)
    )


def _limit(news: News, figure: str) -> float | None:
    """Return the objective of a figure, as the model's settings state it."""
    objective = news.settings.objectives.get(figure) if news.settings else None
    if objective is None:
        return None
    from storage.settings import OBJECTIVE

    parsed = OBJECTIVE.fullmatch(objective.strip())
    return float(parsed[2]) if parsed else None
