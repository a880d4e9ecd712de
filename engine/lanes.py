"""The lanes of the engine: threads that do jobs of some kinds, one after another, and record what became of each.

Owns the way of a job from its claim to its record, and what is refined while no job waits. When a lane is to look for
jobs is for others to say; what a job does is its handler's.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager

from engine import jobs as kinds
from engine import verifying
from engine.job_report import JobReport
from engine.jobs.context import Context, Needed, Outcome, Refinement, Report
from engine.processes.endings import CANCELLED, LOST
from storage import interrupted, jobs, shortages
from storage.database_errors import DAMAGED, in_words, is_damaged
from storage.errors import Error
from storage.records import Job
from storage.tables import events
from storage.text import clean
from storage.vocabulary import JobKind, JobState, Severity

log = logging.getLogger(__name__)

POLL_S = 0.025
"""How often a lane that waits for a moment of quiet asks whether a job came."""

QUIET_S = 1.0
"""How long a lane rests before it refines a result: who presses a key twice is not kept waiting by the first time."""

STOP_S = 5.0
"""How long a lane may take to let go of its work after it was asked to."""

STORE_RETRY_S = 1.0
"""Pause after the database could not be written (a full disk), before the next try."""

NOUNS = {JobKind.EVALUATE: "evaluation", JobKind.LATENCY: "latency measurement"}
"""What a job of a kind is called while another one waits for it."""


class Lane:
    """A thread that does jobs of some kinds, one after another."""

    def __init__(self, name: str, handled: frozenset[JobKind], context: Context) -> None:
        self._context = context
        self._handled = handled
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._finishing = threading.Event()
        self._finished = threading.Event()
        self._refinements: dict[Hashable, Refinement] = {}
        self._recorded: tuple[Callable[[], None], ...] = ()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Begin to take jobs."""
        self._wake.set()
        self._thread.start()

    def when_recorded(self, *calls: Callable[[], None]) -> None:
        """Call these after each job whose outcome was recorded: others may have waited for it."""
        self._recorded = calls

    def wake(self) -> None:
        """Look for jobs now."""
        self._wake.set()

    def wanted(self, connection: sqlite3.Connection) -> bool:
        """Whether a job waits that is for this lane."""
        return jobs.waiting(connection, self._handled)

    def finish(self) -> None:
        """Take no further job; the present one goes on to its end."""
        if not self._finishing.is_set():
            self._finished.clear()
            self._finishing.set()
        self._wake.set()

    def go_on(self) -> None:
        """Take jobs again, where it was asked to finish and nobody wants that any more."""
        if self._finishing.is_set():
            self._finishing.clear()
            self._wake.set()

    @property
    def finished(self) -> bool:
        """Whether it was asked to finish, and its last job has ended."""
        return self._finishing.is_set() and self._finished.is_set()

    def let_go(self) -> None:
        """Take no further job, and let go of the present one as soon as it can be."""
        self._stopping.set()
        self._wake.set()

    def stop(self) -> None:
        """Let go, and return when that is done."""
        self.let_go()
        self._thread.join(STOP_S)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            # What a job interrupted is gone on with when that job is done, or was cancelled before it began.
            self._wake.wait(QUIET_S if self._refinements else None)
            self._wake.clear()
            try:
                while not self._ending() and self._one():
                    pass
                self._refine()
            except sqlite3.Error:
                # A full disk or a locked database: the next job stays queued; try again soon.
                log.exception("the database could not be written")
                self._stopping.wait(STORE_RETRY_S)
                self._wake.set()
                continue
            if self._finishing.is_set():
                self._finished.set()

    def _ending(self) -> bool:
        return self._stopping.is_set() or self._finishing.is_set()

    def _one(self) -> bool:
        """Do the oldest waiting job; return whether there was one."""
        with self._context.writer.transaction() as connection:
            job = jobs.claim(connection, self._handled, now=self._context.now())
        if job is None:
            return False
        log.info("job %d: %s %s@%s for %s", job.id, job.kind, job.model, job.version, job.requested_by)
        report = JobReport(self._context, job, self._stopping)
        with self._measuring(job.kind):
            outcome = carry_out(self._context, job, report)
        if not self._put_on_record(job, outcome):
            return False
        if outcome.refinement is not None:
            self._refinements[outcome.refinement.key] = outcome.refinement
        for call in self._recorded:
            call()
        return True

    def _put_on_record(self, job: Job, outcome: Outcome) -> bool:
        """Record what became of a job, however long nothing can be written; return whether that came before the engine's end.

        What is not recorded by then is found by the next engine, as a job that was running.
        """
        while True:
            try:
                with self._context.writer.transaction() as connection:
                    self._record(connection, job, outcome)
            except sqlite3.Error:
                log.exception("the end of job %d could not be written", job.id)
                if self._stopping.wait(STORE_RETRY_S):
                    return False
            else:
                return True

    def _record(self, connection: sqlite3.Connection, job: Job, outcome: Outcome) -> None:
        if outcome.code == CANCELLED and self._stopping.is_set() and not jobs.cancelled(connection, job.id):
            interrupted.park(connection, job.id)
        elif outcome.state is JobState.INTERRUPTED:
            interrupted.interrupt(
                connection, job, error=outcome.error, hint=outcome.hint, now=self._context.now()
            )
        elif outcome.first:
            _put_back(connection, self._context, job, outcome.first)
        else:
            _finish(connection, self._context, job, outcome)

    def _refine(self) -> None:
        """Make recorded results better while no job waits, the latest first, after a moment of quiet."""
        while self._refinements and self._quiet():
            key, refinement = self._refinements.popitem()
            try:
                with self._measuring(refined=True):
                    finished = refinement.refine(self._wanted)
            except Error as error:
                # The result stands as it was recorded; only the refinement is missing.
                log.warning("a result could not be refined: %s", error.message)
                continue
            except sqlite3.Error:
                raise
            except Exception:
                # A mistake of ours costs the refinement and no more; the log keeps the traceback.
                log.exception("a result could not be refined")
                continue
            if not finished:
                self._refinements[key] = refinement

    @contextmanager
    def _measuring(self, kind: JobKind | None = None, *, refined: bool = False) -> Iterator[None]:
        """Have trainings stand still while a model is measured: they would be in the figures."""
        if not refined and kind not in kinds.ON_MODELS:
            yield
            return
        self._context.hosts.measuring.set()
        try:
            yield
        finally:
            self._context.hosts.measuring.clear()

    def _quiet(self) -> bool:
        """Wait a moment; return whether no job came meanwhile."""
        quiet_at = time.monotonic() + QUIET_S
        while time.monotonic() < quiet_at:
            if self._wanted() or self._stopping.wait(POLL_S):
                return False
        return True

    def _wanted(self) -> bool:
        """Whether a job waits for this lane, or it is to end."""
        if self._ending():
            return True
        with self._context.writer.passing() as connection:
            return self.wanted(connection)


def carry_out(context: Context, job: Job, report: Report) -> Outcome:
    """Run a job's handler; whatever it raises becomes the job's error, and never the engine's end."""
    try:
        return kinds.handler(job.kind)(context, job, report)
    except Error as error:
        if error.code == LOST:
            # Somebody else ended the host: nothing is known of what was asked for, and it is asked for again.
            log.warning("job %d was cut off: %s", job.id, error.message)
            return Outcome(state=JobState.INTERRUPTED, error=error.message, hint=error.hint)
        state = JobState.CANCELLED if error.code == CANCELLED else JobState.FAILED
        return Outcome(state=state, code=error.code, error=error.message, hint=error.hint_for(job.model))
    except sqlite3.Error as error:
        if is_damaged(error):
            # Nothing gets better by doing it again: it is told, and what can still be read is worked with.
            log.exception("job %d found the database damaged", job.id)
            told = in_words(error, context.workspace.database)
            return Outcome(state=JobState.FAILED, code=told.code, error=told.message, hint=told.hint)
        # A full disk or a locked database: what the job has recorded stays, and whoever repeats it loses nothing.
        log.exception("job %d could not write", job.id)
        return Outcome(
            state=JobState.INTERRUPTED, error=f"The database could not be used: {clean(str(error), 200)}."
        )
    except Exception as error:
        # A mistake of ours: this job fails with its name, the log keeps the traceback, the engine goes on.
        log.exception("job %d failed unexpectedly", job.id)
        return _unforeseen(error)


def _unforeseen(error: Exception) -> Outcome:
    """Return how a job ended by an error that nobody foresaw: where the machine has run out of something, by that."""
    number = shortages.number(error)
    if number is not None:
        said, hint = shortages.WORDS[number], shortages.HINTS[number]
        return Outcome(state=JobState.FAILED, code="shortage", error=said, hint=hint)
    return Outcome(
        state=JobState.FAILED,
        code="internal",
        error=f"Internal error: {type(error).__name__}: {clean(str(error), 200)}.",
        hint="The traceback is in the engine's log: modeltender engine logs",
    )


def _put_back(connection: sqlite3.Connection, context: Context, job: Job, needed: Sequence[Needed]) -> None:
    """Ask for what a job cannot go on without, and let it wait: its lane is free for others meanwhile."""
    if jobs.cancelled(connection, job.id):
        _finish(
            connection, context, job, Outcome(state=JobState.CANCELLED, code=CANCELLED, error="Cancelled.")
        )
        return
    asked = [
        jobs.add(
            connection,
            one.kind,
            job.model,
            one.version,
            requested_by=job.requested_by,
            now=context.now(),
            parameters=one.parameters,
        )
        for one in needed
    ]
    named = " and ".join(
        f"{NOUNS.get(one.kind, one.kind)} J{one.id} of version {one.version}" for one in asked
    )
    jobs.put_back(connection, job.id, asked, message=f"waits for {named}")


def _finish(connection: sqlite3.Connection, context: Context, job: Job, outcome: Outcome) -> None:
    now = context.now()
    jobs.finish(
        connection,
        job.id,
        outcome.state,
        now=now,
        message=outcome.message,
        code=outcome.code,
        error=outcome.error,
        hint=outcome.hint,
        result=outcome.result,
    )
    if outcome.code == DAMAGED:
        verifying.tell(connection, outcome.error, now=now)
    if outcome.state is JobState.FAILED:
        log.warning("job %d failed: %s", job.id, outcome.error)
        events.add(
            connection,
            f"{job.kind}-failed",
            f"{job.kind} failed: {outcome.error}",
            at=now,
            severity=Severity.WARNING,
            model=job.model,
            version=job.version,
        )
