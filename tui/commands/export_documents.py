"""What ``export`` prints with ``--json``: part of the contract with scripts, as `tui.commands.documents`."""

import msgspec

from storage.exported import Parity
from storage.vocabulary import Format, Quantization, Status
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
