"""Latency measurements as a person reads them: pure."""

from collections.abc import Sequence

from storage.records import LatencyMeasurement
from storage.tables.latencies import NEEDED
from storage.vocabulary import Scenario
from tui.commands import figures
from tui.commands.scatter import Point, scatter
from tui.commands.tables import folded, table

PERCENTILES = ("p50", "p90", "p95", "p99", "p999")
RIGHT = ("BATCH", "N", "P50", "P90", "P95", "P99", "P99.9", "PER SECOND", "QPS", "MOST QPS", "VERSION")

SPARE = ("P90", "P99.9")
"""What gives way on a narrow terminal: what lies between the others."""


def measured_text(
    name: str, measured: Sequence[LatencyMeasurement], width: int, room: int | None = None
) -> str:
    """Return the measurements of one job: the cold start, a line for each batch size, and what is to be known of them."""
    first = measured[0]
    heading = (
        f"{name} on {first.device} ({first.runtime} {first.runtime_version}, {first.surroundings.cores} cores): "
        f"loaded in {figures.milliseconds(first.load_s * 1000)}, "
        f"first inference {figures.milliseconds(first.first_ms)}, "
        f"peak memory {figures.size(max((found.peak_rss_bytes or 0 for found in measured), default=0) or None)}"
    )
    lines = [folded(heading, room), table(*_columns(measured), right=RIGHT, room=room, spare=SPARE)]
    picture = _picture(measured, width)
    lines += ["", picture, ""] if picture else []
    lines += [folded(remark, room) for found in measured for remark in _remarks(found)]
    return "\n".join(lines)


def shown_table(measured: Sequence[LatencyMeasurement], room: int | None = None) -> str:
    """Return the latest measurements of a model, a line for each with its version, time and marks."""
    headings, rows = _columns(measured)
    headings = ["VERSION", *headings, "DEVICE", "AT (UTC)", "MARKS"]
    rows = [
        [str(found.version), *row, found.device, figures.clock(found.at), ", ".join(marks(found))]
        for found, row in zip(measured, rows, strict=True)
    ]
    return table(headings, rows, right=RIGHT, room=room, spare=("DEVICE", "AT (UTC)", *SPARE))


def marks(found: LatencyMeasurement) -> list[str]:
    """Return in a word each why a measurement is to be doubted."""
    return [
        word
        for word, holds in (
            ("noisy", found.noisy),
            ("unstable", not found.stable),
            ("unserved", found.unserved),
        )
        if holds
    ]


def _columns(measured: Sequence[LatencyMeasurement]) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows; percentiles and rates that no measurement has get no column."""
    names = [name for name in PERCENTILES if any(_value(found, name) is not None for found in measured)]
    served = any(found.scenario is Scenario.SERVER for found in measured)
    searched = any(found.max_qps is not None for found in measured)
    headings = ["SCENARIO", "BATCH", "N", *(_title(name) for name in names), "PER SECOND"]
    headings += ["QPS"] * served + ["MOST QPS"] * searched
    rows = []
    for found in measured:
        row = [str(found.scenario), str(found.batch_size), str(found.n)]
        row += [figures.milliseconds(_value(found, name)) for name in names]
        row.append(_rate(found.throughput))
        row += [_rate(found.target_qps)] * served
        row += [_rate(found.max_qps)] * searched
        rows.append(row)
    return headings, rows


def _remarks(found: LatencyMeasurement) -> list[str]:
    """Return what is to be known before a measurement is relied on."""
    of = f"{found.scenario}, batch {found.batch_size}: "
    remarks = []
    if found.noisy:
        remarks.append(f"{of}noisy: {found.noisy}")
    if found.unserved:
        remarks.append(
            f"{of}{found.unserved} of {found.n} queries were still waiting when time was over; they count "
            "with the time that they had waited, so the percentiles are lower bounds"
        )
    elif not found.stable:
        remarks.append(f"{of}not stable: the last three windows were not within 10 %")
    if found.p99_ms is None and found.scenario is not Scenario.OFFLINE:
        remarks.append(f"{of}p99 needs {NEEDED['p99_ms']} queries, and there were {found.n}; see --duration")
    return remarks


def _picture(measured: Sequence[LatencyMeasurement], width: int) -> str:
    """Return latency against throughput where several batch sizes make a curve."""
    points = [Point(found.throughput, found.p50_ms, str(found.batch_size)) for found in measured]
    return scatter(
        points,
        width=width,
        x_title="examples a second (each number is a batch size)",
        y_title="p50, ms",
    )


def _value(found: LatencyMeasurement, name: str) -> float | None:
    value = getattr(found, f"{name}_ms")
    return None if value is None else float(value)


def _rate(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if value < 1000 else f"{value:,.0f}"


def _title(name: str) -> str:
    return "P99.9" if name == "p999" else name.upper()
