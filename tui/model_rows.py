"""A model as a row of the table: what each column says of it, and which columns have room. Pure, as `tui.rows` is.

Which models are listed, and in which order, is `tui.listing`'s.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from storage.records import Line, Model
from tui import format as form
from tui.health import Health


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
    Column("metric", "", 3, from_width=84),
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
    "metric": lambda line, _model, _now: "" if line.metric is None else form.SCORES.get(line.metric, ""),
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


def figures(model: Model) -> dict[str, float]:
    """Return what a table can be sorted by, where it is known."""
    line = model.glance.line
    if line is None or line.evaluated_at is None:
        return {}
    known = {
        "score": line.score,
        "p95": line.p95_ms,
        # The latest first, as by age, which would be another one at each look.
        "evaluated": -line.evaluated_at,
    }
    return {name: value for name, value in known.items() if value is not None}
