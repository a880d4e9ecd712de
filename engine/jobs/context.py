"""What every job handler is given and what it gives back.

A handler is a function ``run(context, job, report) -> Outcome`` in a module named after its `JobKind`. It
runs on one of the service's lanes, never on its main loop; it reports progress and asks whether it was
cancelled through ``report``. An error of `storage.errors` that it raises becomes the job's error.
"""

from collections.abc import Callable, Hashable
from typing import NamedTuple, Protocol

import msgspec

from engine.processes.client import Hosts
from engine.processes.pool import Pool
from engine.repository.soundness import Soundness
from storage.database import Writer
from storage.records import Job, JobParameters, Metric
from storage.settings import WorkspaceSettings
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace


class Context(NamedTuple):
    """The parts of the engine that job handlers work with."""

    workspace: Workspace
    writer: Writer
    settings: WorkspaceSettings
    hosts: Hosts
    pool: Pool
    now: Callable[[], float]
    """Wall-clock seconds since the epoch."""
    soundness: Soundness | None = None
    """What is known of the copies that models are loaded from; without it each is hashed whenever it is loaded."""


class Report(Protocol):
    """How a handler tells how far it is, and hears whether it should stop."""

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Record progress; calls that come too fast are dropped."""
        ...

    def figure(self, figure: Metric) -> None:
        """Note what the headline figure is so far: the next progress says it."""
        ...

    def cancelled(self) -> bool:
        """Whether somebody asked for the end of the job, or the engine stops."""
        ...


class Refinement(Protocol):
    """Work that makes a recorded result better, and that nobody waits for."""

    @property
    def key(self) -> Hashable:
        """What it refines: a later refinement of the same thing takes the place of an earlier one."""
        ...

    def refine(self, wanted: Callable[[], bool]) -> bool:
        """Go on until it is finished or ``wanted`` says that a job waits; return whether it is finished."""
        ...


class Needed(NamedTuple):
    """A job on the same model that another one cannot go on without."""

    kind: JobKind
    version: int
    parameters: JobParameters = JobParameters()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended: ``result`` is JSON for the command that waits, also when the answer is no."""

    state: JobState = JobState.SUCCEEDED
    message: str = ""
    code: str = ""
    error: str = ""
    hint: str = ""
    result: str = ""
    refinement: "Refinement | None" = None
    """What the lane may still do for the result when it has nothing else to do."""
    first: tuple[Needed, ...] = ()
    """What has to be done before the job can go on: it is put back, and run again when that has ended, however it did."""


Handler = Callable[[Context, Job, Report], Outcome]
