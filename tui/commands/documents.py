"""What each command prints with ``--json``: the contract with scripts, one struct a document.

Field names and their meaning are promises; a new field is an addition at the end, a changed one is a break.
Times are ISO 8601 in UTC; what is not known is ``null``.
"""

from datetime import datetime

import msgspec

from storage.exported import Parity
from storage.promotion_records import GateCheck
from storage.records import JobParameters, LatencyReport, Surroundings
from storage.vocabulary import (
    Format,
    ImportKind,
    JobKind,
    JobState,
    OutputScale,
    PromotionOutcome,
    Quantization,
    Role,
    Scenario,
    Severity,
    Status,
    TargetKind,
    TargetState,
    Task,
    TrainingState,
    TrainTrigger,
    Verdict,
)
from tui.commands.device_document import DeviceDocument


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what a command prints."""


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


class ToldTargetDocument(Document, frozen=True, kw_only=True):
    """``show --promotions``: what became of one target when it was told."""

    name: str
    kind: TargetKind
    state: TargetState
    message: str


class PromotionEntryDocument(Document, frozen=True, kw_only=True):
    """``show --promotions``: one promotion or roll-back that was begun."""

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
    """The gate's; ``null`` for roll-backs, which no gate is asked about, and for changes of the link by hand."""
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


class TrustDocument(Document, frozen=True, kw_only=True):
    """``trust``: whether a version's content is trusted now, and what became of the version."""

    model: str
    version: int
    sha256: str
    trusted: bool
    also: tuple[str, ...]
    """Other versions with the same content."""
    status: Status
    reason: str


class TrustedDocument(Document, frozen=True, kw_only=True):
    """``trust --list``: one entry of the history."""

    sha256: str
    model: str
    version: int | None
    trusted: bool
    at: datetime
    by: str
    reason: str
    found: str


class QuarantineDocument(Document, frozen=True, kw_only=True):
    """``quarantine``: a thing that was taken out of the inbox, or a version in ``models/`` that is marked."""

    id: int | None
    """``None`` for a version, which stays where it is."""
    model: str
    version: int | None
    name: str
    sha256: str | None
    format: Format | None
    bytes: int | None
    reason: str
    evidence: tuple[str, ...]
    liftable: bool
    found_at: datetime | None
    state: str
    """What became of a thing that was taken out (`Custody`), or a version's status (`Status`)."""
    by: str
    at: datetime | None
    why: str


class HistoryDocument(Document, frozen=True, kw_only=True):
    """``history``: one value."""

    at: datetime
    version: int
    metric: str
    value: float
    low: float | None
    high: float | None
    n: int


class JobDocument(Document, frozen=True, kw_only=True):
    """``jobs``, ``cancel`` and ``--no-wait``: one job."""

    id: int
    kind: JobKind
    model: str
    version: int | None
    parameters: JobParameters
    requested_by: str
    requested_at: datetime
    state: JobState
    done: int
    total: int
    message: str
    started_at: datetime | None
    finished_at: datetime | None
    code: str
    error: str
    hint: str


class EventDocument(Document, frozen=True, kw_only=True):
    """``events``: one line of the log that people read."""

    id: int
    at: datetime
    severity: Severity
    code: str
    model: str
    version: int | None
    message: str


class FaultDocument(Document, frozen=True, kw_only=True):
    """``faults``: one open problem."""

    id: int
    code: str
    model: str
    version: int | None
    severity: Severity
    message: str
    repair: str


class ArrivalDocument(Document, frozen=True, kw_only=True):
    """``status``: a file of the inbox that is not (yet) a version."""

    model: str
    name: str
    status: Status
    reason: str
    bytes: int


class EngineDocument(Document, frozen=True, kw_only=True):
    """``status``: whether the engine runs, and when it was last heard."""

    running: bool
    heartbeat_at: datetime | None


class WaitingDocument(Document, frozen=True, kw_only=True):
    """``status``: how many jobs wait and run."""

    queued: int
    running: int


class StatusDocument(Document, frozen=True, kw_only=True):
    """``status``: the overview; ``attention`` holds a sentence for each thing that needs a person."""

    attention: tuple[str, ...]
    engine: EngineDocument
    models: tuple[ModelDocument, ...]
    arrivals: tuple[ArrivalDocument, ...]
    devices: tuple[DeviceDocument, ...]
    jobs: WaitingDocument
    faults: tuple[FaultDocument, ...]
    quarantined: tuple[QuarantineDocument, ...]
