"""A workspace as Python code sees it: what is known of its models as frozen records, and jobs asked of its engine.

Owns the few methods that programs of other people may rely on; `storage.open_workspace` is their way in. It reads as every
viewer does, one consistent state at a time, and writes nothing but the jobs that it is asked to add. It must not draw, and
loads no numerical library.
"""

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from storage import jobs, launch, snapshot
from storage.database import Reader
from storage.durations import seconds
from storage.errors import EngineError, JobError, UnknownError
from storage.fault_records import Event, Fault
from storage.measured import Evaluation
from storage.records import Device, HistoryPoint, Job, JobParameters, Model
from storage.snapshot import Detail
from storage.tables import devices, evaluations, events, models
from storage.tables import faults as fault_table
from storage.text import clean
from storage.vocabulary import FINISHED, JobKind, JobState
from storage.workspace import Workspace, engine_pid, find_workspace

POLL_S = 0.02
"""Between two looks at a job that is waited for; a look costs some microseconds."""

WAITED_S = 3600.0
"""How long a job is waited for by default: longer than most evaluations, shorter than a night."""

MOST = 1000
"""How many evaluations and events are returned by default, the latest."""


class OpenWorkspace:
    """A workspace that is open for reading, until `close` or the end of its ``with`` block."""

    def __init__(self, workspace: Workspace, *, requested_by: str) -> None:
        self.workspace = workspace
        self._requested_by = requested_by
        self._reader = Reader(workspace.database)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._reader.close()

    def models(self) -> tuple[Model, ...]:
        """Return every model with what is deployed, what was before, the candidate, and their latest figures."""
        with self._reader.transaction() as connection:
            return tuple(models.read(connection))

    def model(self, name: str) -> Detail:
        """Return all that is known of one model: versions, arrivals, promotions, faults, targets.

        Raises:
            UnknownError: there is no such model.
        """
        found = snapshot.read_detail(self._reader, name)
        if found is None:
            raise UnknownError(
                f"There is no model '{clean(name)}' in {clean(str(self.workspace.root))}.",
                "List them with: modeltender models",
            )
        return found

    def evaluations(self, model: str, *, limit: int = MOST) -> tuple[Evaluation, ...]:
        """Return the latest evaluations of a model's versions, the newest first, each with every figure of all examples."""
        with self._reader.transaction() as connection:
            return tuple(evaluations.read(connection, model, limit=limit))

    def history(self, model: str, figure: str, *, since: str = "") -> tuple[HistoryPoint, ...]:
        """Return a figure's values over all versions of a model, the oldest first.

        Args:
            model: its name.
            figure: a metric (docs/metrics.md), or a figure of the latency such as ``p95_ms``.
            since: how long ago it begins (``90s``, ``15m``, ``30d``); empty for all that is recorded.
        """
        began = time.time() - seconds(since) if since else 0.0
        with self._reader.transaction() as connection:
            return tuple(evaluations.history(connection, model, figure, since=began))

    def faults(self, model: str | None = None) -> tuple[Fault, ...]:
        """Return the open problems of a model, or of all and of the workspace itself."""
        with self._reader.transaction() as connection:
            return tuple(fault_table.all_open(connection, model))

    def events(self, *, limit: int = MOST) -> tuple[Event, ...]:
        """Return the latest lines of the log, the newest first."""
        with self._reader.transaction() as connection:
            return tuple(events.read(connection, limit=limit))

    def devices(self) -> tuple[Device, ...]:
        """Return the devices with their latest reading."""
        with self._reader.transaction() as connection:
            return tuple(devices.read(connection))

    def ask(
        self,
        kind: JobKind,
        model: str,
        version: int | None = None,
        *,
        parameters: JobParameters | None = None,
    ) -> Job:
        """Ask the engine for work and return the job; an engine is started where none runs.

        It is not waited for: `wait` does that. An identical job that still waits is returned instead of a second one.

        Raises:
            EngineError: no engine could be started.
        """
        launch.start(self.workspace)
        return jobs.submit(
            self.workspace, kind, model, version, requested_by=self._requested_by, parameters=parameters
        )

    def wait(self, job: Job, *, timeout_s: float = WAITED_S) -> Job:
        """Return a job once it has succeeded.

        Raises:
            JobError: it failed, was refused or was cancelled; the message says why, the hint what to do.
            EngineError: the engine ended, or the time was over, before the job did.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            # Asked before the job is read: what an engine did before its end is on record by then.
            running = engine_pid(self.workspace) is not None
            found = self._job(job.id)
            if found.state in FINISHED:
                return _succeeded(found)
            if not running:
                raise EngineError(
                    f"The engine ended before job {job.id} was done.", "See: modeltender engine logs"
                )
            if time.monotonic() >= deadline:
                raise EngineError(
                    f"Job {job.id} was not done within {timeout_s:g} s; it goes on.",
                    "Wait for it again, or cancel it: modeltender cancel ID",
                )
            time.sleep(POLL_S)

    def _job(self, job_id: int) -> Job:
        with self._reader.transaction() as connection:
            found = jobs.read_one(connection, job_id)
        if found is None:
            raise UnknownError(f"There is no job {job_id}.", "List them with: modeltender jobs")
        return found


def open_workspace(folder: str | Path = ".", *, requested_by: str = "python") -> OpenWorkspace:
    """Open the workspace at a folder or at its nearest parent that is one.

    Args:
        folder: where it lies.
        requested_by: who is named as asking for the jobs that `OpenWorkspace.ask` adds.

    Raises:
        WorkspaceError: there is none.
        DatabaseError: no engine has run there yet, or its database is another program's or version's.
    """
    return OpenWorkspace(find_workspace(Path(folder)), requested_by=requested_by)


def _succeeded(job: Job) -> Job:
    if job.state is not JobState.SUCCEEDED:
        raise JobError(
            job.error or f"Job {job.id} was {job.state}.", job.hint, code=job.code or str(job.state)
        )
    return job
