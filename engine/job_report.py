"""What a job tells while it runs, and hears: progress into the database, its cancellation out of it."""

import threading

from engine.jobs.context import Context
from storage import jobs
from storage.records import Job, Metric

PROGRESS_S = 0.1
"""Progress is written at most this often: ten times a second looks live and costs nothing."""


class JobReport:
    """What a handler is told with: progress into the database, cancellation out of it."""

    def __init__(self, context: Context, job: Job, stopping: threading.Event) -> None:
        self._context = context
        self._job = job
        self._stopping = stopping
        self._written = 0.0
        self._so_far = ""

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Record progress, unless the last record is younger than a tenth of a second."""
        now = self._context.now()
        if not message and abs(now - self._written) < PROGRESS_S:
            return
        self._written = now
        with self._context.writer.passing() as connection:
            jobs.progress(connection, self._job.id, done=done, total=total, message=message or self._so_far)

    def figure(self, figure: Metric) -> None:
        """Note what the headline figure is so far: the next progress says it."""
        self._so_far = f"{figure.name} {figure.value:.4f}"
        if figure.low is not None and figure.high is not None:
            self._so_far += f" ({figure.low:.4f} to {figure.high:.4f})"

    def cancelled(self) -> bool:
        """Whether the job's end was asked for, or the engine's."""
        if self._stopping.is_set():
            return True
        with self._context.writer.passing() as connection:
            return jobs.cancelled(connection, self._job.id)
