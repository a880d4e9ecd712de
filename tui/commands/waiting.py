"""Waiting for a job of the engine: promptly, with its progress on a terminal, and never for an engine that is gone.

The database says when something changed (`PRAGMA data_version`, microseconds a call); only then is the job read.
"""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from storage import full_disk, jobs, launch
from storage.database import Reader
from storage.errors import (
    EngineError,
    Error,
    JobError,
    RefusedError,
    SettingsError,
    UnknownError,
    WorkspaceError,
)
from storage.records import Job
from storage.text import clean
from storage.vocabulary import FINISHED, ExitCode, JobState
from storage.workspace import Workspace, engine_pid
from tui.commands.progress import Progress
from tui.commands.reading import engine_state

POLL_S = 0.005
"""Half of this is added to every command that waits; looking costs a thousandth of it."""

ENGINE_CHECK_S = 0.5
"""How often it is asked whether the engine still lives."""

EXIT_CODES = {
    kind.code: kind.exit_code for kind in (WorkspaceError, SettingsError, UnknownError, RefusedError)
}
"""Exit codes of jobs that did not fail but could not or must not be done; every other one means a failure."""

Found = TypeVar("Found")


def await_job(workspace: Workspace, reader: Reader, job: Job) -> Job:
    """Wait until a job has ended, however it ended, and return it.

    Raises:
        EngineError: the engine ended, or fell silent, before the job did.
    """
    what = f"{job.kind} {job.model}".rstrip() + (f"@{job.version}" if job.version is not None else "")
    with Progress(sys.stderr, what) as progress:

        def ended() -> Job | None:
            found = read_job(reader, job.id)
            if found.state in FINISHED:
                return found
            first = _first_of(reader, found)
            if first is not None and first.total:
                # A bar would leave no room for what is waited for.
                progress.show(0, 0, f"{found.message}, {first.done / first.total:.0%}")
            else:
                progress.show(found.done, found.total, found.message or found.state)
            return None

        return await_change(workspace, reader, ended, f"job {job.id} ({what})")


def await_change(workspace: Workspace, reader: Reader, look: Callable[[], Found | None], what: str) -> Found:
    """Call ``look`` whenever the database has changed, until it returns something.

    Raises:
        EngineError: the engine ended, or fell silent, before that.
    """
    pulse = _Pulse(workspace, reader)
    seen, check_at = -1, time.monotonic() + ENGINE_CHECK_S
    while True:
        version = reader.data_version()
        if version != seen:
            seen = version
            found = look()
            if found is not None:
                return found
        if time.monotonic() >= check_at:
            check_at = time.monotonic() + ENGINE_CHECK_S
            if engine_pid(workspace) is None:
                # Its last words may have been the answer.
                found = look()
                if found is not None:
                    return found
                raise _gone(what)
            pulse.check(what)
        time.sleep(POLL_S)


def read_job(reader: Reader, job_id: int) -> Job:
    """Return a job.

    Raises:
        UnknownError: there is none, or it was so long ago that it was forgotten.
    """
    with reader.transaction() as connection:
        found = jobs.read_one(connection, job_id)
    if found is None:
        raise UnknownError(f"There is no job {job_id}.", "List them with: modeltender jobs")
    return found


def _first_of(reader: Reader, job: Job) -> Job | None:
    """Return the job that a waiting one waits for at the moment, or ``None``: its progress is what there is to see."""
    if job.state is not JobState.QUEUED or not job.waits_for:
        return None
    with reader.transaction() as connection:
        others = [found for number in job.waits_for if (found := jobs.read_one(connection, number))]
    return next((other for other in others if other.state not in FINISHED), None)


def failure(job: Job) -> Error | None:
    """Return why a job that has ended did not succeed, as the error that its command ends with, or ``None``."""
    if job.state is JobState.SUCCEEDED:
        return None
    words = job.error or f"Job {job.id} was {job.state}."
    error = JobError(clean(words), clean(job.hint), code=job.code or str(job.state))
    error.exit_code = EXIT_CODES.get(job.code, ExitCode.FAILED)
    return error


def _gone(what: str) -> EngineError:
    return EngineError(
        f"The engine ended before {what} was done.",
        "Look at its log with: modeltender engine logs; start it again with: modeltender engine start",
        code=launch.UNREACHABLE,
    )


class _Pulse:
    """Whether the engine's heartbeat moves, by our own clock: a wall clock that was set tells nothing."""

    def __init__(self, workspace: Workspace, reader: Reader) -> None:
        self._workspace = workspace
        self._reader = reader
        self._beat = 0.0
        self._heard_at = time.monotonic()

    def check(self, what: str) -> None:
        """Raise an `EngineError` where the heartbeat has not moved for too long."""
        state = engine_state(self._reader)
        now = time.monotonic()
        if state is not None and state.heartbeat_at != self._beat:
            self._beat, self._heard_at = state.heartbeat_at, now
        elif now - self._heard_at > launch.SILENT_S:
            if full_disk.is_full(self._workspace.state):
                raise full_disk.no_record(self._workspace.root)
            raise EngineError(
                f"The engine has been silent for {now - self._heard_at:.0f} s; {what} is not done.",
                "Look at its log with: modeltender engine logs",
                code=launch.UNREACHABLE,
            )
