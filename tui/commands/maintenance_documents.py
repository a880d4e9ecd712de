"""What ``check``, ``faults`` and ``repair`` print with ``--json``: the contract with scripts."""

from datetime import datetime

from storage.job_answers import Removal, Repaired
from storage.vocabulary import FaultState, RepairKind
from tui.commands.documents import Document
from tui.commands.overview_documents import FaultDocument


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


class TreatedDocument(Document, frozen=True, kw_only=True):
    """``repair``: what was done, or would be, about one fault."""

    fault: int
    code: str
    repair: RepairKind | None
    """``null`` where only a person can end it."""
    done: bool
    helped: bool | None
    """What the check afterwards said; ``null`` where nothing was done, or a version was made that is not deployed yet."""
    detail: str
    job: int | None = None
    """That made a version."""
    removes: tuple[Removal, ...] = ()
    """What was removed to free the disk, or would be."""


class RepairDocument(Document, frozen=True, kw_only=True):
    """``repair``: the versions and faults that were looked at; ``repaired`` says whether anything was done."""

    model: str
    repaired: bool
    versions: tuple[Repaired, ...]
    faults: tuple[TreatedDocument, ...] = ()
