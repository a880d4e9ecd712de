"""What commands print with ``--json`` about jobs, events, faults and the whole workspace, made of records; see `documents`."""

from datetime import UTC, datetime

from storage.fault_records import Event, Fault
from storage.records import Arrival, Job, JobParameters
from storage.vocabulary import (
    JobKind,
    JobState,
    Severity,
    Status,
)
from tui.commands.custody_documents import QuarantineDocument
from tui.commands.device_document import DeviceDocument
from tui.commands.documents import Document, in_utc
from tui.commands.model_documents import ModelDocument


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


def job_document(job: Job) -> JobDocument:
    """Return what ``jobs`` says of a job."""
    return JobDocument(
        id=job.id,
        kind=job.kind,
        model=job.model,
        version=job.version,
        parameters=job.parameters,
        requested_by=job.requested_by,
        requested_at=datetime.fromtimestamp(job.requested_at, UTC),
        state=job.state,
        done=job.done,
        total=job.total,
        message=job.message,
        started_at=in_utc(job.started_at),
        finished_at=in_utc(job.finished_at),
        code=job.code,
        error=job.error,
        hint=job.hint,
    )


def event_document(event: Event) -> EventDocument:
    """Return what ``events`` says of one line of the log."""
    return EventDocument(
        id=event.id,
        at=datetime.fromtimestamp(event.at, UTC),
        severity=event.severity,
        code=event.code,
        model=event.model,
        version=event.version,
        message=event.message,
    )


def fault_document(fault: Fault) -> FaultDocument:
    """Return what ``faults`` says of an open problem."""
    return FaultDocument(
        id=fault.id,
        code=fault.code,
        model=fault.model,
        version=fault.version,
        severity=fault.severity,
        message=fault.message,
        repair=fault.repair,
    )


def arrival_document(arrival: Arrival) -> ArrivalDocument:
    """Return what ``status`` says of a file of the inbox."""
    return ArrivalDocument(
        model=arrival.model,
        name=arrival.name,
        status=arrival.status,
        reason=arrival.reason,
        bytes=arrival.bytes,
    )
