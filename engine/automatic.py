"""Promoting without a person, where a model's owner wants it, watching what was promoted so, and telling targets again.

Owns the thread that looks: it gathers facts, has `engine.policy` decide, and asks for jobs as a person would. What it
knows is in the database, so that an engine that was killed goes on where it was. It promotes, loads and evaluates
nothing itself.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence

from engine import policy
from engine.policy import Attempt, Candidacy, Next, Step, Trial
from engine.repository.switch import CHANGED_FAULT
from engine.repository.telling import BEHIND_FAULT
from storage import jobs, objectives
from storage.database import Writer
from storage.durations import written
from storage.errors import SettingsError
from storage.fault_records import Fault
from storage.promotion_records import Probation
from storage.records import Job, JobParameters, Model, Version
from storage.settings import ModelSettings, read_model_settings
from storage.tables import candidates, evaluations, events, models, probations
from storage.tables import faults as fault_table
from storage.vocabulary import JobKind, ProbationState, Severity, Status
from storage.workspace import Workspace

log = logging.getLogger(__name__)

LOOK_S = 10.0
"""How often it is looked although no job has ended: faults come from elsewhere, and probations end by the clock."""

SOONEST_S = 0.2
"""No two looks are closer than this: a burst of jobs is one piece of news."""

STOP_S = 5.0

BROKEN = frozenset({Status.FAILED, Status.QUARANTINED, Status.UNSUPPORTED, Status.MISSING})
"""Statuses of a version that could not be loaded now."""


class Automatic:
    """A part of the engine: looks at the start, after every job, and every so often."""

    def __init__(
        self,
        workspace: Workspace,
        writer: Writer,
        *,
        now: Callable[[], float],
        asked: Sequence[Callable[[], None]] = (),
    ) -> None:
        """``asked`` are called when it has asked for jobs."""
        self._workspace = workspace
        self._writer = writer
        self._now = now
        self._asked = asked
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="automatic", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look soon; safe to call from any thread."""
        self._wake.set()

    def stop(self) -> None:
        """End, and return when the present look is over."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(STOP_S)

    def look(self) -> float:
        """Do what is to be done now; return in how many seconds there may be more, if nothing happens before."""
        with self._writer.passing() as connection:
            found = candidates.passing(connection)
            watched = probations.all_open(connection)
            behind = fault_table.open_with(connection, BEHIND_FAULT)
        # Most workspaces have none of them, and files are not read inside a transaction.
        names = {one.model for one in found} | {one.model for one in watched}
        if not names and not behind:
            return LOOK_S
        settings = {name: self._settings(name) for name in names}
        with self._writer.transaction() as connection:
            began = jobs.counts(connection)
            switching = self._switching(connection)
            for candidate in found:
                self._consider(connection, candidate, settings[candidate.model], switching)
            for probation in watched:
                self._watch(connection, probation, settings[probation.model], switching)
            for fault in behind:
                self._tell_again(connection, fault)
            asked = jobs.counts(connection) != began
        for call in self._asked if asked else ():
            call()
        # What is due already waits for a job to end, which wakes this thread.
        due = [at - self._now() for one in watched for at in (one.looked_at + one.every_s, one.ends_at)]
        return min([LOOK_S, *(seconds for seconds in due if seconds > 0)])

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                pause_s = self.look()
            except sqlite3.Error:
                # A full disk or a locked database: what is to be done is still to be done at the next look.
                log.exception("it could not be looked what is to be promoted")
                pause_s = LOOK_S
            self._wake.wait(pause_s)
            self._stopping.wait(SOONEST_S)

    def _settings(self, model: str) -> ModelSettings | None:
        try:
            return read_model_settings(self._workspace.model_settings(model))
        except SettingsError:
            # The repository has made a problem of the model out of it; nothing is promoted until it is mended.
            return None

    def _switching(self, connection: sqlite3.Connection) -> set[str]:
        """Return the models of which a promotion or a rollback waits or runs."""
        kinds = (JobKind.PROMOTE, JobKind.ROLLBACK)
        return {model for kind in kinds for model, _version in jobs.pending_versions(connection, kind)}

    def _consider(
        self,
        connection: sqlite3.Connection,
        found: Version,
        settings: ModelSettings | None,
        switching: set[str],
    ) -> None:
        """Ask for the promotion of a candidate that passes, where that is for the engine to do."""
        model = models.read_one(connection, found.model)
        if settings is None or not settings.gate.automatic or model is None:
            return
        # As it is now: it may have changed since the first transaction.
        candidate = model.candidate
        if (
            candidate is None
            or candidate.id != found.id
            or candidate.gate is None
            or candidate.evaluation is None
        ):
            return
        misses = objectives.misses(settings.objectives, candidate.evaluation)
        candidacy = Candidacy(
            automatic=settings.gate.automatic,
            dry_run=settings.gate.dry_run,
            passed=candidate.gate.passed or (candidate.gate.lacks_ratio and candidate.gate.unmeasured),
            missed=any(miss.certain for miss in misses),
            known=probations.was_deployed(
                connection, model.id, number=candidate.number, sha256=candidate.sha256 or ""
            ),
            on_probation=model.probation is not None,
            busy=model.name in switching,
        )
        last = jobs.latest(connection, JobKind.PROMOTE, model.name, requested_by=jobs.ITSELF)
        same = last is not None and last.parameters.expected_sha256 == candidate.sha256
        if policy.promotes(candidacy, _attempt(last) if same else None, self._now()):
            parameters = JobParameters(
                expected_current=model.current.number if model.current else None,
                expected_sha256=candidate.sha256 or "",
            )
            self._ask(connection, JobKind.PROMOTE, candidate, parameters, by=jobs.ITSELF)

    def _watch(
        self,
        connection: sqlite3.Connection,
        probation: Probation,
        settings: ModelSettings | None,
        switching: set[str],
    ) -> None:
        """Do what is to be done about a version on probation."""
        model = models.read_one(connection, probation.model)
        if (
            model is None
            or model.probation is None
            or model.probation.id != probation.id
            or model.current is None
        ):
            # Ended meanwhile, or the model's folder is gone for now: what is deployed is not known.
            return
        version = model.current
        step = policy.on_probation(
            Trial(
                ends_at=probation.ends_at,
                looks=probation.looks,
                next_look_at=probation.looked_at + probation.every_s,
                busy=jobs.pending(connection, JobKind.EVALUATE, model.name, version.number),
                switching=model.name in switching,
                trouble=_trouble(connection, probation, version, settings),
            ),
            self._now(),
        )
        if step.next is Next.LOOK:
            self._evaluate(connection, probation, version)
        elif step.next is Next.PASS:
            self._passed(connection, probation, version)
        elif step.next is Next.ROLL_BACK:
            self._roll_back(connection, probation, model, step)

    def _evaluate(self, connection: sqlite3.Connection, probation: Probation, version: Version) -> None:
        probations.asked(connection, probation.id, now=self._now())
        device = version.evaluation.device if version.evaluation else JobParameters().device
        self._ask(connection, JobKind.EVALUATE, version, JobParameters(device=device), by=jobs.PROBATION)

    def _tell_again(self, connection: sqlite3.Connection, fault: Fault) -> None:
        """Ask for telling the targets that have not confirmed what is deployed."""
        last = jobs.latest(connection, JobKind.TELL, fault.model, requested_by=jobs.RECOVERY)
        same = last is not None and last.requested_at >= fault.first_at
        if policy.tells_again(fault.last_at, _attempt(last) if same else None, self._now()):
            jobs.add(connection, JobKind.TELL, fault.model, None, requested_by=jobs.RECOVERY, now=self._now())

    def _passed(self, connection: sqlite3.Connection, probation: Probation, version: Version) -> None:
        probations.end(connection, probation.id, ProbationState.PASSED)
        length = written(probation.ends_at - probation.begun_at)
        message = (
            f"version {version.number} passed its probation of {length}: looked at {probation.looks} times"
        )
        self._tell(connection, "probation-passed", message, version, Severity.INFO)

    def _roll_back(
        self, connection: sqlite3.Connection, probation: Probation, model: Model, step: Step
    ) -> None:
        version, previous = model.current, model.previous
        if version is None:
            return
        if previous is None:
            probations.end(connection, probation.id, ProbationState.FAILED, reason=step.reason)
            message = f"version {version.number} failed its probation, and there is nothing to roll back to: {step.reason}"
            self._tell(connection, "probation-failed", message, version, Severity.ERROR)
            return
        last = jobs.latest(connection, JobKind.ROLLBACK, model.name, requested_by=jobs.ITSELF)
        same = last is not None and last.requested_at >= probation.begun_at
        if policy.may_try(_attempt(last) if same else None, self._now()):
            parameters = JobParameters(expected_current=version.number, reason=step.reason)
            self._ask(connection, JobKind.ROLLBACK, previous, parameters, by=jobs.ITSELF)

    def _ask(
        self,
        connection: sqlite3.Connection,
        kind: JobKind,
        version: Version,
        parameters: JobParameters,
        *,
        by: str,
    ) -> Job:
        return jobs.add(
            connection,
            kind,
            version.model,
            version.number,
            requested_by=by,
            now=self._now(),
            parameters=parameters,
        )

    def _tell(
        self, connection: sqlite3.Connection, code: str, message: str, version: Version, severity: Severity
    ) -> None:
        events.add(
            connection,
            code,
            message,
            at=self._now(),
            severity=severity,
            model=version.model,
            version=version.number,
        )


def _attempt(job: Job | None) -> Attempt | None:
    return None if job is None else Attempt(job.state, job.finished_at)


def _trouble(
    connection: sqlite3.Connection, probation: Probation, version: Version, settings: ModelSettings | None
) -> tuple[str, ...]:
    """Return what speaks against a version on probation, each in a sentence without a full stop."""
    faults = [
        fault for fault in fault_table.all_open(connection, version.model) if fault.version == version.number
    ]
    broken = version.reason.rstrip(".") or "its files are gone"
    return (
        _changed(probation, version, faults),
        f"it {version.status.fate}: {broken}" if version.status in BROKEN else "",
        "" if settings is None else _missed(connection, probation, version, settings),
        next((fault.message.rstrip(".") for fault in faults if _is_new(fault, probation)), ""),
    )


def _changed(probation: Probation, version: Version, faults: list[Fault]) -> str:
    changed = version.sha256 != probation.sha256 or any(fault.code == CHANGED_FAULT for fault in faults)
    return "its files changed on disk" if changed else ""


def _missed(
    connection: sqlite3.Connection, probation: Probation, version: Version, settings: ModelSettings
) -> str:
    found = evaluations.since(connection, version.id, probation.begun_at, limit=2)
    misses = [objectives.misses(settings.objectives, one) for one in found]
    return policy.missed(misses[0], misses[1] if len(misses) > 1 else ()) if misses else ""


def _is_new(fault: Fault, probation: Probation) -> bool:
    return fault.severity is Severity.ERROR and fault.first_at >= probation.begun_at
