"""What an optimisation came to: the engine writes it as a job's result, and the command prints it.

Field names are a contract with scripts, as those of every document are: a new field is an addition at the end.
"""

import msgspec

from storage.exported import Parity
from storage.vocabulary import Format, Quantization, Verdict


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """``optimise``: the original, or one variant with how it compares with the original on the same examples."""

    name: str
    format: Format
    quantize: Quantization | None
    value: float
    """Of the figure that the gate decides by."""
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


class FailedVariant(msgspec.Struct, frozen=True, kw_only=True):
    """``optimise``: a variant that could not be made or measured."""

    name: str
    reason: str


class Optimised(msgspec.Struct, frozen=True, kw_only=True):
    """``optimise``: every variant beside the original, the fastest first, and which one to choose."""

    model: str
    version: int
    metric: str
    margin: float
    confidence: float
    dataset: str
    n: int
    original: Variant
    variants: tuple[Variant, ...]
    failed: tuple[FailedVariant, ...]
    recommended: str | None
    recommendation: str
    notes: tuple[str, ...]
