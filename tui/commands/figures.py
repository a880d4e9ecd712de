"""Figures in words for the command line: pure; what is not known is ``n/a``."""

from datetime import UTC, datetime

from storage.records import Evaluation, Metric
from storage.tables.evaluations import headline
from tui.commands.tables import folded, table

NOT_KNOWN = "n/a"

BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def number(value: float | None) -> str:
    """Return a quality figure with four places, or with six digits where it is large."""
    if value is None:
        return NOT_KNOWN
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.6g}"


def with_interval(metric: Metric | None) -> str:
    """Return a figure and half the width of its confidence interval, to no more places than the figure."""
    if metric is None:
        return NOT_KNOWN
    told = number(metric.value)
    if metric.low is None or metric.high is None:
        return told
    half = (metric.high - metric.low) / 2
    places = len(told.partition(".")[2])
    return f"{told} ±{number(half) if 'e' in told else f'{half:.{places}f}'}"


def quality(evaluation: Evaluation | None) -> str:
    """Return the figure that stands for an evaluation, with its name."""
    metric = headline(evaluation)
    return NOT_KNOWN if metric is None else f"{metric.name} {with_interval(metric)}"


def milliseconds(value: float | None) -> str:
    """Return a duration of one query."""
    return NOT_KNOWN if value is None else f"{value:.3g} ms" if value < 100 else f"{value:.0f} ms"


def median_latency(evaluation: Evaluation | None) -> str:
    """Return the median latency of an evaluation's version."""
    return milliseconds(evaluation.latency.p50_ms if evaluation and evaluation.latency else None)


def size(value: int | None) -> str:
    """Return a number of bytes in the largest unit that leaves a whole number before the point."""
    if value is None:
        return NOT_KNOWN
    amount, unit = float(value), BYTE_UNITS[0]
    for unit in BYTE_UNITS:
        if amount < 1024 or unit == BYTE_UNITS[-1]:
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == BYTE_UNITS[0] else f"{amount:.1f} {unit}"


def percent(share: float | None) -> str:
    """Return a share of one in percent."""
    return NOT_KNOWN if share is None else f"{share:.0%}"


def age(at: float | None, now: float) -> str:
    """Return how long ago something was."""
    if at is None:
        return NOT_KNOWN
    seconds = max(0.0, now - at)
    for limit, unit, length in ((90, "s", 1), (5400, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds / 86400:.0f} d ago"


def clock(at: float | None) -> str:
    """Return a time in UTC, to the second."""
    return NOT_KNOWN if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def evaluation_text(name: str, evaluation: Evaluation, room: int | None = None) -> str:
    """Return an evaluation as a person reads it: what was measured with what, then each figure."""
    heading = (
        f"{name}: {evaluation.dataset_rows} examples of {evaluation.dataset_name} in {evaluation.duration_s:.3g} s "
        f"on {evaluation.device} ({evaluation.runtime} {evaluation.runtime_version})"
        f"{f', outputs read as {evaluation.scale}' if evaluation.scale else ''}"
    )
    rows = [[metric.name, with_interval(metric), f"n={metric.n}"] for metric in evaluation.metrics]
    latency = evaluation.latency
    if latency is not None:
        rows.append(["latency", _percentiles(evaluation), f"n={latency.n}"])
        rows.append(
            ["throughput", f"{latency.throughput:,.0f}/s", "" if latency.stable else "latency not stable"]
        )
    return f"{folded(heading, room)}\n" + table(["FIGURE", "VALUE", ""], rows)


def _percentiles(evaluation: Evaluation) -> str:
    if evaluation.latency is None:
        return NOT_KNOWN
    known = {
        name: value
        for name in ("p50", "p90", "p95", "p99")
        if (value := getattr(evaluation.latency, f"{name}_ms")) is not None
    }
    return "  ".join(f"{name} {milliseconds(value)}" for name, value in known.items()) or NOT_KNOWN
