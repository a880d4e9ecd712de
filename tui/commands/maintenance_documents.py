"""What ``check``, ``faults``, ``acknowledge`` and ``repair`` print with ``--json``: the contract with scripts."""

from datetime import datetime

from storage.vocabulary import FaultState, RepairKind, Severity
from tui.commands.documents import Document, FaultDocument, RepairedDocument


class CheckDocument(Document, frozen=True, kw_only=True):
    """``check``: whether nothing needs a person, and the faults that nobody has acknowledged."""

    passed: bool
    faults: tuple[FaultDocument, ...]


class OpenFaultDocument(FaultDocument, frozen=True, kw_only=True):
    """``faults``: one open problem, acknowledged or not."""

    state: FaultState
    first_at: datetime
    last_at: datetime
    count: int
    acknowledged_by: str
    tried: str
    """The repair that was last tried, or empty."""


class AcknowledgedDocument(Document, frozen=True, kw_only=True):
    """``acknowledge``: the fault that somebody knows of now."""

    id: int
    code: str
    model: str
    version: int | None
    severity: Severity
    acknowledged_by: str


class TreatedDocument(Document, frozen=True, kw_only=True):
    """``repair``: what was done, or would be, about one fault."""

    fault: int
    code: str
    repair: RepairKind | None
    """``null`` where only a person can end it."""
    done: bool
    helped: bool | None
    """What the check afterwards said; ``null`` where nothing was done."""
    detail: str


class RepairDocument(Document, frozen=True, kw_only=True):
    """``repair``: the versions and faults that were looked at; ``repaired`` says whether anything was done."""

    model: str
    repaired: bool
    versions: tuple[RepairedDocument, ...]
    faults: tuple[TreatedDocument, ...] = ()
