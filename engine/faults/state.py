"""The facts that checks for faults are judged from, gathered once for all of them.

Owns the records only. What gathers them is `engine.jobs.check`'s, what they mean each check's.
"""

import msgspec

from engine.evaluation.likeness import Compared, Examined
from engine.faults.growth import Reading
from storage.fault_records import Overlap
from storage.maintenance_settings import Plan
from storage.records import Device, Evaluation, Job, Version
from storage.settings import ModelSettings


class Content(msgspec.Struct, frozen=True):
    """What the folder of the deployed version holds, hashed just now."""

    deployed_sha256: str
    """What it held when it was deployed."""
    found_sha256: str | None
    """``None`` where it could not be read."""
    problem: str = ""
    """Why it could not be read, or empty."""
    gone: bool = False
    """Whether the whole folder is gone."""
    kept: bool = True
    """Whether there is a copy to restore it from."""


class Probing(msgspec.Struct, frozen=True, kw_only=True):
    """What the deployed version answered to a few examples just now."""

    examined: Examined
    repeatable: bool
    weights: int | None
    broken_weights: tuple[str, ...]
    runtime: str
    runtime_version: str
    compared: Compared | None = None
    """With the answers on record; ``None`` where these are the first ones."""
    recorded_at: float = 0.0
    recorded_with: str = ""
    """When, and with which version of the runtime, those on record were given."""


class Endurance(msgspec.Struct, frozen=True):
    """What memory the deployed version's process took while it was asked the same examples again and again."""

    at: float
    """When that was."""
    readings: tuple[Reading, ...]
    """By how many examples it had answered; those of its first calls, which set things up, are not among them."""


class Fit(msgspec.Struct, frozen=True):
    """Whether an example of the test data goes through the deployed version."""

    problem: str = ""
    """Why it does not, or empty."""
    basis: str = ""
    """Of the data, the model and the settings that were tried."""


class DataMarks(msgspec.Struct, frozen=True):
    """The test data as they lie there now."""

    stamp: str
    """Empty where there are none."""
    evaluated_stamp: str
    """Of the data on which an evaluation was last tried."""
    busy: bool
    """Whether an evaluation waits or runs."""


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a model and the version of it that is deployed."""

    now: float
    model: str
    settings: ModelSettings
    plan: Plan
    current: Version
    previous: Version | None = None
    content: Content | None = None
    evaluations: tuple[Evaluation, ...] = ()
    """Of the deployed content, as it is told to be prepared and run now; the oldest first."""
    probing: Probing | None = None
    not_probed: str = ""
    """Why it was not asked, where it was not."""
    endurance: Endurance | None = None
    fit: Fit | None = None
    """``None`` where no example was tried."""
    installed: tuple[str, ...] | None = None
    """Versions of what is installed of its runtime, none where something of it is missing; ``None``: not known."""
    devices: tuple[Device, ...] = ()
    data: DataMarks = DataMarks("", "", busy=False)
    overlap: Overlap | None = None
    not_compared: str = ""
    """Why training and test data were not compared, where they were not."""
    jobs: tuple[Job, ...] = ()
    """Those of the model that have ended, the latest first."""


class PlaceState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the workspace and the machine."""

    now: float
    free_bytes: int
    total_bytes: int
    wanted_free_bytes: int
    devices: tuple[Device, ...] = ()
    """As they were read last; what was read too long ago is left out."""
    memory: dict[str, tuple[Reading, ...]] = {}
    """Resident memory of the engine and of the hosts that live, by what they are called, the oldest first."""
    crashes: tuple[float, ...] = ()
    """When engines began that followed one which had not ended in order, the oldest first."""
    walls: dict[str, str] = {}
    """What the engine found of the sandbox when it started, by layer."""
    walls_before: frozenset[str] = frozenset()
    """Layers that stood around an evaluation on record."""
