"""What exports, repairs and acknowledgements came to: a job's result, which the command that waits reads.

Engine and console share these words, so that neither describes them a second time.
"""

import msgspec

from storage.exported import Parity
from storage.spare import Spare
from storage.vocabulary import Format, Quantization, RepairKind, Severity


class HandedIn(msgspec.Struct, frozen=True):
    """What an export made and put into the inbox; which version it became is for the inbox to say."""

    model: str
    version: int
    """That was exported."""
    source: Format
    target: Format
    quantize: Quantization | None
    file: str
    """Path in the workspace."""
    sha256: str
    bytes: int
    source_bytes: int | None
    parity: Parity
    duration_s: float


class Recalibrated(msgspec.Struct, frozen=True):
    """What a recalibration made and put into the inbox; both losses and errors are of examples that were not fitted on."""

    model: str
    version: int
    """That was recalibrated."""
    file: str
    """Path in the workspace."""
    sha256: str
    temperature: float
    dataset: str
    n: int
    loss_before: float
    loss_after: float
    ece_before: float | None
    ece_after: float | None
    parity: Parity
    duration_s: float


class WrittenAnew(msgspec.Struct, frozen=True):
    """What a conversion made and put into the inbox of a version that the installed framework refuses."""

    model: str
    version: int
    """That was written anew."""
    source: Format
    target: Format
    file: str
    """Path in the workspace."""
    sha256: str
    parity: Parity
    """With the answers that are kept of the version."""
    duration_s: float


class Repaired(msgspec.Struct, frozen=True):
    """What was found and done about one version; part of what ``repair`` prints."""

    version: int
    repaired: bool
    sha256: str | None = None
    """Of what its folder holds now, and held when it was deployed."""
    set_aside: str | None = None
    """Where what was replaced lies, below the workspace; ``null`` where nothing was there."""
    detail: str = ""


class Removal(msgspec.Struct, frozen=True):
    """One thing that was removed, or would be, to free the disk."""

    what: Spare
    path: str
    """Below the workspace."""
    bytes: int
    """That it takes on the disk."""


class Treated(msgspec.Struct, frozen=True):
    """What was done, or would be, about one fault."""

    fault: int
    code: str
    repair: RepairKind | None
    """``None`` where only a person can end it."""
    done: bool
    detail: str
    job: int | None = None
    """The job that makes a version of it, where the fault ends when that is deployed."""
    removes: tuple[Removal, ...] = ()
    """What a repair that frees the disk removes."""


class Repairs(msgspec.Struct, frozen=True):
    """What a repair came to."""

    model: str
    repaired: bool
    versions: tuple[Repaired, ...]
    faults: tuple[Treated, ...] = ()
    check: int | None = None
    """The job that finds out whether it helped."""


class Acknowledged(msgspec.Struct, frozen=True):
    """``acknowledge``: the fault that somebody knows of now."""

    id: int
    code: str
    model: str
    version: int | None
    severity: Severity
    acknowledged_by: str
