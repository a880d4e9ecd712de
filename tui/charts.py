"""What the charts of a model draw: its history, its objective, and where another version was promoted or came back."""

import math

from storage.histories import History
from storage.snapshot import Detail
from storage.vocabulary import JobKind, JobState
from tui.feed import News
from tui.spans import ALL, SPANS, STEPS
from tui.view import View
from tui.widgets.braille import Marker
from tui.widgets.history_chart import NOTHING_YET, HistoryChart

LATENCY = "p50 latency ms"

UNMEASURED = "no latency is measured yet: r evaluates"

UNREAD = "…"
"""What stands for the figures of a model until they are read: that there are none is another thing."""

UNCHOSEN = "no model is selected"

STEP_LEAST_S = 60.0
"""A chart that ends now moves by a step of its span, and once a minute at most: a quiet screen sends nothing."""


def show_accuracy(chart: HistoryChart, view: View) -> None:
    """Draw the figure that stands for the model, over all its versions."""
    detail = _detail(view)
    if detail is None:
        chart.show((), title=_title(view, UNREAD) if view.selected else "", nothing=_unread(view))
        return
    metric = detail.history[-1].metric if detail.history else "accuracy"
    _show(
        chart,
        view,
        detail,
        detail.history,
        detail.recent_history,
        name=metric.replace("_", " "),
        figure=metric,
        never=_failed(view),
    )


def show_latency(chart: HistoryChart, view: View) -> None:
    """Draw how long one query took."""
    detail = _detail(view)
    if detail is None:
        chart.show((), title=_title(view, LATENCY) if view.selected else "", nothing=_unread(view))
        return
    _show(
        chart,
        view,
        detail,
        detail.latency,
        detail.recent_latency,
        name=LATENCY,
        figure="latency_p50_ms",
        never=_failed(view) or UNMEASURED,
    )


def _show(
    chart: HistoryChart,
    view: View,
    detail: Detail,
    points: History,
    recent: History,
    *,
    name: str,
    figure: str,
    never: str = "",
) -> None:
    shown_in = window(view)
    shown = points if shown_in is None else (recent or points).during(*shown_in)
    nothing = (
        f"nothing was measured in the last {SPANS[view.span].word}: ] shows more"
        if points
        else _nothing(view) or never
    )
    chart.show(
        shown,
        objective=_limit(view.news, figure),
        markers=_markers(detail),
        title=_title(view, name) + _wanted(view.news, figure),
        window=shown_in,
        nothing=nothing or NOTHING_YET,
    )


def _failed(view: View) -> str:
    """Return why there are no figures where the last evaluation failed; to ask for another one as it is would fail again."""
    asked = (job for job in view.jobs if job.model == view.selected and job.kind is JobKind.EVALUATE)
    last = next(asked, None)
    if last is None or last.state is not JobState.FAILED:
        return ""
    return f"the evaluation failed: {last.error} {last.hint}".strip()


def _nothing(view: View) -> str:
    """Return what is said where there is no point: of the past that nothing can be done about it."""
    return "" if view.replay is None else "nothing had been measured then"


def _unread(view: View) -> str:
    """Return what is said where nothing is read: of a model that there is, that it comes."""
    return (_nothing(view) or UNCHOSEN) if view.model is None else UNREAD


def window(view: View) -> tuple[float, float] | None:
    """Return from when to when the charts show, or ``None`` where they show everything."""
    seconds = SPANS[view.span].seconds
    if math.isinf(seconds):
        return None
    step = max(seconds / STEPS, STEP_LEAST_S)
    end = math.ceil(view.now / step) * step
    return end - seconds, end


def _detail(view: View) -> Detail | None:
    """Return the selected model's detail; another model's is on its way and would be the wrong picture."""
    detail = view.news.detail
    return detail if detail is not None and detail.model.name == view.selected else None


def _title(view: View, what: str) -> str:
    named = f"{view.selected}  {what}" if view.selected else what
    return named if view.span == ALL else f"{named}  {SPANS[view.span].word}"


def _wanted(news: News, figure: str) -> str:
    """Return what the settings ask of a figure, which is what the dashed line is."""
    objective = news.settings.objectives.get(figure) if news.settings else None
    return "" if objective is None else f"  wanted {objective.strip()}"


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
