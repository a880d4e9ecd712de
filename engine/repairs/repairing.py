"""What a repair is given and what it says: the shape that every file beside this one has.

A repair is a module with its `RepairSpec` and two functions: ``plan(case)`` says what it would change, or why it
cannot be done, and touches nothing; ``act(work)`` does it. Whether it helped is for the check to say that found the
fault: no repair judges itself.
"""

from typing import NamedTuple, Protocol

import msgspec

from engine.jobs.context import Context, Report
from storage import jobs
from storage.fault_records import Fault
from storage.job_answers import Removal
from storage.records import Job, JobParameters, Model
from storage.vocabulary import JobKind, RepairKind


class RepairSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a repair without doing it."""

    kind: RepairKind
    does: str
    """What it does, for the documentation."""
    deploys: bool = False
    """Whether another version is deployed afterwards: that is done only where somebody names the fault or allows it."""
    long: bool = False
    """Whether it may take hours, so that it too is done only where somebody names the fault or allows it."""
    removes: bool = False
    """Whether it removes things for good, so that it too is done only where somebody names the fault or allows it."""
    makes: bool = False
    """Whether it makes a version, which takes the road of every other one: the fault ends when that is deployed."""

    @property
    def by_name(self) -> bool:
        """Whether it is left out where nobody names the fault."""
        return self.deploys or self.long or self.removes


class Case(NamedTuple):
    """What is to be repaired."""

    model: Model
    fault: Fault
    interpreter: str = ""
    """Of another environment that is to help, where somebody names one."""


class Plan(NamedTuple):
    """What a repair would change, in a sentence; or why it cannot be done."""

    possible: bool
    sentence: str
    removes: tuple[Removal, ...] = ()


class Acted(NamedTuple):
    """What a repair has done, in a sentence."""

    detail: str
    job: int | None = None
    """The job that makes a version to be deployed in the place of the one with the fault; ``None``: it is done already."""
    removes: tuple[Removal, ...] = ()


class Work(NamedTuple):
    """A repair under way."""

    context: Context
    job: Job
    report: Report
    case: Case


class PlaceCase(NamedTuple):
    """A fault of the workspace that is to be repaired: what would be done is read off the workspace itself."""

    context: Context
    fault: Fault


class PlaceWork(NamedTuple):
    """A repair of the workspace under way."""

    case: PlaceCase
    job: Job
    report: Report


class Planning(Protocol):
    """Says what a repair would change."""

    def __call__(self, case: Case, /) -> Plan:
        """Return what would be changed, or why it cannot be done."""
        ...


class Acting(Protocol):
    """Does a repair."""

    def __call__(self, work: Work, /) -> Acted:
        """Change what was planned, or ask for it; return what is to be told."""
        ...


class PlacePlanning(Protocol):
    """Says what a repair of the workspace would change."""

    def __call__(self, case: PlaceCase, /) -> Plan:
        """Return what would be changed, or why it cannot be done."""
        ...


class PlaceActing(Protocol):
    """Does a repair of the workspace."""

    def __call__(self, work: PlaceWork, /) -> Acted:
        """Change what was planned; return what is to be told."""
        ...


def subject(case: Case) -> int | None:
    """Return the number of the version that a repair is about: the fault's, else the deployed one's."""
    if case.fault.version is not None:
        return case.fault.version
    return None if case.model.current is None else case.model.current.number


def ask(work: Work, kind: JobKind, version: int | None, parameters: JobParameters | None = None) -> int:
    """Ask for a job on the model in the name of who asked for the repair; return its id."""
    with work.context.writer.transaction() as connection:
        return jobs.add(
            connection,
            kind,
            work.case.model.name,
            version,
            requested_by=work.job.requested_by,
            now=work.context.now(),
            parameters=parameters or JobParameters(),
        ).id
