"""What commands print with ``--json`` about models and versions, where they come from and what becomes of them; see `documents`."""

from datetime import datetime

import msgspec

from storage.exported import Parity
from storage.promotion_records import GateCheck
from storage.records import LatencyReport
from storage.vocabulary import (
    Format,
    ImportKind,
    JobKind,
    PromotionOutcome,
    Quantization,
    Role,
    Status,
    TargetKind,
    TargetState,
    Task,
    TrainingState,
    TrainTrigger,
    Verdict,
)
from tui.commands.documents import Document, FigureDocument, LatencyDocument, RuntimeDocument


class ProbationDocument(Document, frozen=True, kw_only=True):
    """``models``, ``show`` and ``status``: the watching of a version that was promoted by itself."""

    version: int
    since: datetime
    until: datetime
    looks: int
    """How often it has been evaluated so far because of that."""


class ModelDocument(Document, frozen=True, kw_only=True):
    """``models``: one model; figures and status are the current version's, or the newest one's where none is deployed."""

    model: str
    task: Task | None
    current: int | None
    candidate: int | None
    status: Status | None
    versions: int
    metrics: dict[str, FigureDocument]
    latency: LatencyReport | None
    faults: int
    evaluated_at: datetime | None
    probation: ProbationDocument | None


class TensorDocument(Document, frozen=True, kw_only=True):
    """``show``: an input or output; a size that is free is ``null``, and so is a shape that the format does not tell."""

    name: str
    dtype: str | None
    shape: tuple[int | None, ...] | None


class EvaluationFailureDocument(Document, frozen=True, kw_only=True):
    """``show``: why the last evaluation did not work; ``proposal`` is TOML for model.toml that makes the data fit."""

    at: datetime
    message: str
    hint: str
    proposal: str | None


class RefusalDocument(Document, frozen=True, kw_only=True):
    """``show``: what a version is refused for, while it is."""

    at: datetime
    evidence: tuple[str, ...]
    liftable: bool


class ExportedDocument(Document, frozen=True, kw_only=True):
    """``show``: what a version was made from by an export, and how well its outputs agree with the original's."""

    from_version: int = msgspec.field(name="from")
    source: Format
    target: Format
    quantize: Quantization | None
    temperature: float | None
    """By what a recalibrated version's logits are divided; ``null`` for every other one."""
    parity: Parity
    tools: dict[str, str]
    at: datetime
    by: str


class ImportedDocument(Document, frozen=True, kw_only=True):
    """``show``: where a version came from that an import has brought in."""

    kind: ImportKind
    path: str
    number: int
    """Which version it was there."""
    served: bool
    labels: tuple[str, ...]
    at: datetime
    by: str


class VersionDocument(Document, frozen=True, kw_only=True):
    """``show``: one version of the model; from ``runtime`` on, what it was when it was last loaded."""

    version: int
    format: Format | None
    status: Status
    reason: str
    role: Role | None
    sha256: str | None
    bytes: int | None
    metrics: dict[str, FigureDocument]
    latency: LatencyReport | None
    evaluated_at: datetime | None
    latencies: tuple[LatencyDocument, ...]
    runtime: RuntimeDocument | None
    device: str | None
    inputs: tuple[TensorDocument, ...] | None
    outputs: tuple[TensorDocument, ...] | None
    parameters: int | None
    load_s: float | None
    peak_rss_bytes: int | None
    failure: EvaluationFailureDocument | None
    refusal: RefusalDocument | None
    exported: ExportedDocument | None = None
    imported: ImportedDocument | None = None


class UnaskedDocument(Document, frozen=True, kw_only=True):
    """``show``: the last training that nobody asked for, and why it began."""

    run: int
    at: datetime
    trigger: str
    state: TrainingState
    version: int | None


class RetrainingDocument(Document, frozen=True, kw_only=True):
    """``show``: on what a model is trained by itself, and how often at most."""

    on: tuple[TrainTrigger, ...]
    every_s: float
    interval_s: float
    last: UnaskedDocument | None


class TargetDocument(Document, frozen=True, kw_only=True):
    """A promotion target: where it is, and what became of the last time that it was told."""

    name: str
    kind: TargetKind
    place: str
    state: TargetState
    version: int | None
    """The version that it last confirmed."""
    message: str
    at: datetime | None


class ShownModelDocument(Document, frozen=True, kw_only=True):
    """``show``: a model as in ``models``, with its versions in place of their number, the newest first."""

    model: str
    task: Task | None
    current: int | None
    candidate: int | None
    status: Status | None
    versions: tuple[VersionDocument, ...]
    metrics: dict[str, FigureDocument]
    latency: LatencyReport | None
    faults: int
    evaluated_at: datetime | None
    probation: ProbationDocument | None
    targets: tuple[TargetDocument, ...] = ()
    """What else learns of promotions, in the order in which it is told."""
    retraining: RetrainingDocument | None = None
    """``null`` where nothing is trained by itself."""


class ToldDocument(Document, frozen=True, kw_only=True):
    """``tell``: which version is deployed, and what every target says now."""

    model: str
    version: int | None
    targets: tuple[TargetDocument, ...]


class PromotionDocument(Document, frozen=True, kw_only=True):
    """``promote`` and ``rollback``: what was deployed, what is, and what the gate found."""

    model: str
    from_version: int | None = msgspec.field(name="from")
    to_version: int | None = msgspec.field(name="to")
    verdict: Verdict | None = None
    promoted: bool
    checks: tuple[GateCheck, ...] = ()
    untold: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Targets that a rollback went ahead without, each with its reason, where there are any; they are told until they confirm."""


class ToldTargetDocument(Document, frozen=True, kw_only=True):
    """``show --promotions``: what became of one target when it was told."""

    name: str
    kind: TargetKind
    state: TargetState
    message: str


class PromotionEntryDocument(Document, frozen=True, kw_only=True):
    """``show --promotions``: one promotion or rollback that was begun."""

    id: int
    at: datetime
    kind: JobKind
    by: str
    from_version: int | None = msgspec.field(name="from")
    to_version: int = msgspec.field(name="to")
    outcome: PromotionOutcome
    problem: str
    """Why it did not come about, or empty."""
    verdict: Verdict | None
    """The gate's; ``null`` for rollbacks, which no gate is asked about, and for changes of the link by hand."""
    checks: tuple[GateCheck, ...]
    forced: bool
    reason: str
    targets: tuple[ToldTargetDocument, ...]
    """In the order in which they were told."""


class PromotionsDocument(Document, frozen=True, kw_only=True):
    """``show --promotions``: the append-only history of what was deployed, the newest first."""

    model: str
    current: int | None
    promotions: tuple[PromotionEntryDocument, ...]
