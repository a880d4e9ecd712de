"""What commands print with ``--json`` about jobs, events, faults and the whole workspace; see `documents`."""

from datetime import datetime

from storage.records import JobParameters
from storage.vocabulary import (
    JobKind,
    JobState,
    Severity,
    Status,
)
from tui.commands.custody_documents import QuarantineDocument
from tui.commands.device_document import DeviceDocument
from tui.commands.documents import Document
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
