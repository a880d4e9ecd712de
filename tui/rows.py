"""Records to lines of text: pure, one function a panel, so that what is shown is tested without a terminal.

Widths are in cells; every line fits. Text from files was cleaned when it was stored and is never markup here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from storage.fault_records import Event
from storage.records import Device, Job, LatencyReport, Line, Model
from storage.snapshot import Snapshot
from storage.tables.latencies import NEEDED
from storage.vocabulary import DeviceKind, Severity, Status
from tui import format as form
from tui import health
from tui.commands.figures import NOT_KNOWN
from tui.health import Health
from tui.listing import USUAL, Arranged, Listing, figures


class ModelRow(NamedTuple):
    """A model as a row of the table."""

    name: str
    health: Health
    cells: Mapping[str, str]
    figures: Mapping[str, float] = MappingProxyType({})
    """What the table can be sorted by, where it is known."""

    @property
    def key(self) -> str:
        """What the row is known by."""
        return self.name


class Column(NamedTuple):
    """A column of the models table."""

    key: str
    title: str
    width: int
    right: bool = False
    from_width: int = 0
    """The table's width from which there is room for it."""


COLUMNS = (
    Column("version", "VER", 4),
    Column("format", "FORMAT", 11, from_width=112),
    Column("device", "DEV", 6, from_width=66),
    Column("score", "SCORE", 6, right=True),
    Column("interval", "±95%", 5, right=True, from_width=72),
    Column("trend", "TREND", 8, from_width=78),
    Column("p50", "P50ms", 6, right=True, from_width=96),
    Column("p95", "P95ms", 6, right=True, from_width=64),
    Column("p99", "P99ms", 6, right=True, from_width=104),
    Column("throughput", "EX/S", 7, right=True, from_width=122),
    Column("evaluated", "EVAL", 4, right=True),
)

STATE = Column("state", "STATE", 13)

PREFIX = 4
"""The cursor, a space, the state's glyph, a space."""

MODEL_LEAST = 12

MODEL_MOST = 32
"""Cells of a name, unless one is longer: on a wide terminal figures would stand far from whose they are."""


def columns(width: int) -> tuple[Column, ...]:
    """Return the columns that fit into a table of ``width`` cells beside the model's name; the state is never cut."""
    shown = [column for column in COLUMNS if width >= column.from_width]
    while len(shown) > 1 and _left(width, shown) < MODEL_LEAST:
        shown.pop(-2)
    return tuple(shown)


def model_width(width: int, shown: Sequence[Column], longest: int) -> int:
    """Return the cells that the models' names get, the longest of which takes ``longest``: what is left, and no more than they need."""
    return min(_left(width, shown), max(longest, MODEL_MOST))


def _left(width: int, shown: Sequence[Column]) -> int:
    return width - PREFIX - sum(column.width + 1 for column in shown) - STATE.width - 1


def model_rows(snapshot: Snapshot, now: float, listing: Listing = USUAL) -> tuple[ModelRow, ...]:
    """Return the models as rows, as a person chose and ordered them: those that need somebody first, unless told otherwise."""
    return ModelRows().read(snapshot, now, listing)


class ModelRows:
    """The models as rows as they were last made: of those to which nothing happened, only their ages change."""

    def __init__(self) -> None:
        self.needing = 0
        """How many of all models want something of a person."""
        self.longest = 0
        """Cells of the longest of all models' names."""
        self._moment = Moment(0.0)
        self._basis: object = None
        self._made: dict[str, tuple[object, ModelRow]] = {}
        self._arranged = Arranged(())
        self._listing: Listing | None = None
        self._rows: tuple[ModelRow, ...] = ()

    def read(self, snapshot: Snapshot, now: float, listing: Listing) -> tuple[ModelRow, ...]:
        """Return the rows of a snapshot, as `model_rows` does."""
        self._moment.now = now
        basis = (snapshot.models, snapshot.jobs, snapshot.arrivals)
        if basis != self._basis:
            self._basis, self._made, self._listing = basis, self._all(snapshot), None
            self._arranged = Arranged([row for _, row in self._made.values()])
            self.needing = sum(row.health.needs_person for _, row in self._made.values())
            self.longest = max(map(_cells, self._made), default=0)
        if listing != self._listing:
            self._listing = listing
            self._rows = self._arranged.read(listing)
        return self._rows

    def _all(self, snapshot: Snapshot) -> dict[str, tuple[object, ModelRow]]:
        arriving = {arrival.model for arrival in snapshot.arrivals if arrival.status is Status.SETTLING}
        jobs: dict[str, tuple[Job, ...]] = {}
        for job in snapshot.jobs:
            jobs[job.model] = (*jobs.get(job.model, ()), job)
        made = {}
        for model in snapshot.models:
            basis = (model, jobs.get(model.name, ()), model.name in arriving)
            known = self._made.get(model.name)
            made[model.name] = known if known and known[0] == basis else (basis, self._row(*basis))
        return made

    def _row(self, model: Model, jobs: Sequence[Job], arriving: bool) -> ModelRow:  # noqa: FBT001 - a fact, not a switch
        state = health.with_arrivals(health.of_model(model, jobs), arriving=arriving)
        return ModelRow(model.name, state, Cells(model, self._moment), figures(model))


def _cells(name: str) -> int:
    # Of thousands of names nearly every one is plain: to look that up takes a tenth of the time.
    return len(name) if name.isascii() else cell_len(name)


class Moment:
    """The time that ages are told from, which goes on."""

    def __init__(self, now: float) -> None:
        self.now = now


class Cells(Mapping[str, str]):
    """What a model's columns say, put into words when it is looked at: of thousands of rows some dozens are in sight."""

    def __init__(self, model: Model, moment: Moment) -> None:
        self._model, self._moment = model, moment

    def __getitem__(self, column: str) -> str:
        line = self._model.glance.line
        if line is None:
            raise KeyError(column)
        return WORDS[column](line, self._model, self._moment.now)

    def __iter__(self) -> Iterator[str]:
        return iter(() if self._model.glance.line is None else WORDS)

    def __len__(self) -> int:
        return 0 if self._model.glance.line is None else len(WORDS)


WORDS: Mapping[str, Callable[[Line, Model, float], str]] = {
    "version": lambda line, _model, _now: f"v{line.number}",
    "format": lambda line, _model, _now: "" if line.format is None else line.format.value,
    "device": lambda line, _model, _now: line.device or "",
    "score": lambda line, _model, _now: form.figure(line.score),
    "interval": lambda line, _model, _now: "" if line.score is None else form.half_width(line.low, line.high),
    "trend": lambda _line, model, _now: form.sparkline(model.trend, 8),
    "p50": lambda line, _model, _now: form.short_ms(line.p50_ms),
    "p95": lambda line, _model, _now: form.short_ms(line.p95_ms),
    "p99": lambda line, _model, _now: form.short_ms(line.p99_ms),
    "throughput": lambda line, _model, _now: "n/a" if line.throughput is None else f"{line.throughput:,.0f}",
    "evaluated": lambda line, _model, now: (
        "" if line.evaluated_at is None else form.short_age(form.elapsed(line.evaluated_at, now))
    ),
}
"""What each column says of a model."""


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
