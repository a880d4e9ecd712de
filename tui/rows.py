"""Records to lines of text: pure, one function a panel, so that what is shown is tested without a terminal.

Widths are in cells; every line fits. Text from files was cleaned when it was stored and is never markup here.
"""

from collections.abc import Sequence

from rich.text import Text

from storage.fault_records import Event
from storage.records import Device, LatencyReport
from storage.tables.latencies import NEEDED
from storage.vocabulary import DeviceKind, Severity
from tui import format as form
from tui.commands.figures import NOT_KNOWN

DEVICE_CELLS = 18
"""What a device's name, its bar and the space after it take."""


def device_lines(devices: Sequence[Device], width: int) -> list[Text]:
    """Return a line of use and a line of memory for each device."""
    lines = []
    for device in devices:
        lines.append(_use(device, width))
        lines.append(_memory(device, width))
    return lines


def _use(device: Device, width: int) -> Text:
    share = device.utilisation
    words = "n/a" if share is None else f"{share:>4.0%}"
    extra = ""
    for value, unit in ((device.temperature_c, "°C"), (device.power_w, "W")):
        told = "" if value is None else f" {value:.0f}{unit}"
        # Half a figure would be another figure.
        extra += told if DEVICE_CELLS + len(words) + len(extra) + len(told) <= width else ""
    spark = max(0, min(20, width - 7 - 12 - len(words) - len(extra) - 1))
    line = Text.assemble(
        (f"{device.id:<7.7}", "bold"), (form.bar(share, 10), heat(share)), f" {words}", (extra, "dim")
    )
    if spark >= 6:
        line.append(" " + form.sparkline(device.history, spark, low=0.0, high=1.0), "dim")
    return fit(line, width)


def _memory(device: Device, width: int) -> Text:
    used, total = device.memory_used_bytes, device.memory_total_bytes
    share = used / total if used is not None and total else None
    label = "  ram" if device.kind is DeviceKind.CPU else "  mem"
    amount = f"{form.gibibytes(used)}/{form.gibibytes(total)}G" if used is not None else NOT_KNOWN
    return fit(Text.assemble((f"{label:<7}", "dim"), (form.bar(share, 10), heat(share)), f" {amount}"), width)


def heat(share: float | None) -> str:
    """Return the colour of a share in use: nearly full stands out."""
    return "dim" if share is None else "yellow" if share >= 0.9 else "cyan"


MARKS = {
    Severity.INFO: ("i", "dim"),
    Severity.WARNING: ("!", "bold yellow"),
    Severity.ERROR: ("✗", "bold red"),
}
"""How an event begins."""


def event_lines(events: Sequence[Event], width: int, now: float) -> list[Text]:
    """Return a line an event, the newest first."""
    lines = []
    for event in events:
        glyph, style = MARKS[event.severity]
        line = Text.assemble((form.clock(event.at, now), "dim"), " ", (glyph, style), " ")
        if event.model:
            line.append(f"{event.model}  ", "bold")
        line.append(event.message)
        lines.append(fit(line, width))
    return lines


PERCENTILES = ("p50", "p90", "p95", "p99")
"""What the console shows of a latency."""


def latency_lines(report: LatencyReport | None, width: int) -> list[Text]:
    """Return the latency of single queries, and the throughput; what is not known is ``n/a``, with what it would take."""
    if report is None:
        return [Text("not measured yet: r evaluates", "dim")]
    known = [name for name in PERCENTILES if getattr(report, f"{name}_ms") is not None]
    line = Text()
    for name in known:
        line.append(f"{name} ", "dim").append(f"{form.short_ms(getattr(report, f'{name}_ms'))}  ")
    line.append("ms", "dim")
    rest = [] if report.stable else [Text("not stable", "yellow")]
    rest += _queries(report, [name for name in PERCENTILES if name not in known])
    rest.append(Text.assemble(f"{report.throughput:,.0f}", (" examples/s", "dim")))
    for part in rest:
        # Half a figure would be another figure: what has no room is left out whole.
        if line.cell_len + 2 + part.cell_len <= width:
            line.append("  ").append_text(part)
    return [fit(line, width)]


def _queries(report: LatencyReport, missing: Sequence[str]) -> list[Text]:
    """Return on how many queries a latency rests, or how many of those that a missing percentile needs."""
    if not missing:
        return [Text(f"{report.n} queries", "dim")]
    needed = NEEDED.get(f"{missing[0]}_ms", 1)
    why = f": {report.n} of {needed} queries" if report.n < needed else ""
    return [Text(f"{', '.join(missing)} n/a{why}", "dim")]


def cell(text: str, width: int, style: str = "") -> Text:
    """Return a text in exactly ``width`` cells, however wide its characters are; with an ellipsis where it is cut."""
    found = Text(text, style)
    found.truncate(width, overflow="ellipsis", pad=True)
    return found


def fit(line: Text, width: int) -> Text:
    """Return the line cut to ``width`` cells, with an ellipsis where something was lost."""
    line.truncate(max(width, 0), overflow="ellipsis")
    return line
