"""What is kept of problems: the log that people read, open faults, and what checks said and compared."""

import msgspec

from storage.record import Record
from storage.vocabulary import Answer, FaultState, RepairKind, Severity


class Event(Record, frozen=True, kw_only=True):
    """One line of the log that people read."""

    id: int
    at: float
    severity: Severity
    code: str
    model: str
    version: int | None
    message: str


class Remedy(msgspec.Struct, frozen=True):
    """A repair that may end a fault."""

    kind: RepairKind
    sentence: str
    """What it would change, as a check last found it."""


class Fault(Record, frozen=True, kw_only=True):
    """An open problem."""

    id: int
    code: str
    model: str
    version: int | None
    severity: Severity
    message: str
    repair: str
    state: FaultState
    first_at: float
    last_at: float
    count: int
    acknowledged_by: str = ""
    """Who said that it is known, or empty."""
    tried: str = ""
    """The repair that was last tried, or empty."""
    tried_at: float | None = None
    remedies: tuple[Remedy, ...] = ()
    """What may end it, the first choice first; none before a check has looked for them, or where only a person can."""


class CheckAnswer(Record, frozen=True, kw_only=True):
    """What a check for faults last said of a model."""

    model: str
    """Empty where it is about the workspace."""
    code: str
    version: int | None
    answer: Answer
    detail: str
    """The sentence with the figures; of what is not known yet, what is missing."""
    basis: str
    """What it was judged from: the same basis says nothing new. Empty where every look is a new one."""
    recent: str
    """How it answered lately, the latest last: ``1`` for a fault, ``0`` for none."""
    at: float


class GoldenAnswers(Record, frozen=True, kw_only=True):
    """What a version answered to a few examples, to be compared with what it answers later."""

    model: str
    artefact_sha256: str
    options: str
    """A digest of what else its runtime was told."""
    device: str
    runtime: str
    runtime_version: str
    inputs: bytes
    outputs: bytes
    """Arrays as the model process tells them, packed."""
    at: float


class Overlap(Record, frozen=True, kw_only=True):
    """How many test examples are among the training data."""

    stamp: str
    """Of the data that were compared."""
    shared: int
    different: int
    """Test examples, each counted once."""
    at: float
