"""What commands print with ``--json``: the contract with scripts, one struct a document; here what most are made of, and figures.

Field names and their meaning are promises; a new field is an addition at the end, a changed one is a break.
Times are ISO 8601 in UTC; what is not known is ``null``. Which command prints what is `tui.commands.printed`'.
"""

from datetime import UTC, datetime

import msgspec

from storage.records import LatencyReport, Surroundings
from storage.vocabulary import (
    OutputScale,
    Scenario,
    Status,
)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what a command prints."""


def in_utc(at: float | None) -> datetime | None:
    """Return a stored time as one that is printed in UTC, or ``None``."""
    return None if at is None else datetime.fromtimestamp(at, UTC)


class FigureDocument(Document, frozen=True, kw_only=True):
    """A quality figure with its 95 % confidence interval, measured on ``n`` examples."""

    value: float
    low: float | None
    high: float | None
    n: int


class DatasetDocument(Document, frozen=True, kw_only=True):
    """The data of an evaluation."""

    name: str
    rows: int
    sha256: str


class RuntimeDocument(Document, frozen=True, kw_only=True):
    """What executed a version."""

    name: str
    version: str


class SliceDocument(Document, frozen=True, kw_only=True):
    """Figures of a part of the examples: of a class, or of those with a value in a column."""

    column: str
    """``class`` for the classes or labels, ``output`` for the outputs of a regression."""
    value: str
    metrics: dict[str, FigureDocument]


class EvaluationDocument(Document, frozen=True, kw_only=True):
    """``evaluate``: one evaluation."""

    model: str
    version: int
    status: Status
    dataset: DatasetDocument
    runtime: RuntimeDocument
    device: str
    duration_s: float
    metrics: dict[str, FigureDocument]
    latency: LatencyReport | None
    confusion: tuple[tuple[int, ...], ...] | None
    scale: OutputScale | None
    """How the outputs were read; ``null`` where the task has no classes."""
    slices: tuple[SliceDocument, ...]
    """The worst of each column first."""
    notes: tuple[str, ...]


class LatencyDocument(Document, frozen=True, kw_only=True):
    """``latency`` and ``show``: one measurement of one batch size."""

    version: int
    scenario: Scenario
    batch_size: int
    device: str
    seed: int
    at: datetime
    n: int
    warmup: int
    duration_s: float
    p50_ms: float
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    mean_ms: float
    stdev_ms: float
    throughput: float
    stable: bool
    noisy: str
    surroundings: Surroundings
    target_qps: float | None
    achieved_qps: float | None
    objective_ms: float | None
    max_qps: float | None
    unserved: int
    load_s: float
    first_ms: float
    peak_rss_bytes: int | None
    dataset: str
    runtime: RuntimeDocument


class MeasuredDocument(Document, frozen=True, kw_only=True):
    """``latency``: a measurement for each batch size; ``met`` is ``null`` where no objective could be judged."""

    model: str
    version: int
    measurements: tuple[LatencyDocument, ...]
    met: bool | None
    missed: tuple[str, ...]
    notes: tuple[str, ...]


class ErrorDocument(Document, frozen=True, kw_only=True):
    """What went wrong: a stable word, a sentence, and what to do."""

    code: str
    message: str
    hint: str


class UnansweredDocument(Document, frozen=True, kw_only=True):
    """Any command: why there is no answer."""

    error: ErrorDocument


class FailureDocument(Document, frozen=True, kw_only=True):
    """``evaluate --all``: a model whose evaluation did not work, among those that did."""

    model: str
    version: int | None
    error: ErrorDocument


class HistoryDocument(Document, frozen=True, kw_only=True):
    """``history``: one value."""

    at: datetime
    version: int
    metric: str
    value: float
    low: float | None
    high: float | None
    n: int
