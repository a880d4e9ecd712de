"""What ``export`` and ``optimise`` print with ``--json``: part of the contract with scripts, as `tui.commands.documents`."""

import msgspec

from storage.exported import Parity
from storage.vocabulary import Format, Quantization, Status, Verdict
from tui.commands.documents import Document, FigureDocument


class ExportDocument(Document, frozen=True, kw_only=True):
    """``export``: what was made of which version, how well its outputs agree, and the version that it became."""

    model: str
    from_version: int = msgspec.field(name="from")
    to_version: int = msgspec.field(name="to")
    source: Format
    target: Format
    quantize: Quantization | None
    file: str
    """Path in the workspace of what was handed in."""
    sha256: str
    bytes: int
    source_bytes: int | None
    parity: Parity
    duration_s: float
    status: Status
    """Of the new version."""
    reason: str
    metrics: dict[str, FigureDocument]


class VariantDocument(Document, frozen=True, kw_only=True):
    """``optimise``: the original, or one variant with how it compares with the original on the same examples."""

    name: str
    format: Format
    quantize: Quantization | None
    value: float
    p50_ms: float | None
    bytes: int
    peak_rss_bytes: int | None
    load_s: float
    missed: tuple[str, ...]
    """Objectives that it misses."""
    pareto: bool
    """Whether no other one is at least as good in quality, speed and size, and better in one of them."""
    advantage: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: Verdict | None = None
    faster: float | None = None
    """How many times as fast as the original, run in turns with it; the interval holds at the gate's confidence."""
    faster_low: float | None = None
    faster_high: float | None = None
    noisy: str = ""
    """Why the speed is not to be relied on, or empty."""
    parity: Parity | None = None
    sha256: str | None = None
    file: str | None = None
    """Path in the workspace, where it was kept."""


class FailedVariantDocument(Document, frozen=True, kw_only=True):
    """``optimise``: a variant that could not be made or measured."""

    name: str
    reason: str


class OptimisationDocument(Document, frozen=True, kw_only=True):
    """``optimise``: every variant beside the original, the fastest first, and which one to choose."""

    model: str
    version: int
    metric: str
    margin: float
    confidence: float
    dataset: str
    n: int
    original: VariantDocument
    variants: tuple[VariantDocument, ...]
    failed: tuple[FailedVariantDocument, ...]
    recommended: str | None
    recommendation: str
    notes: tuple[str, ...]
