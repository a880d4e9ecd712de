"""Doing a job as the engine does, for the kinds that read what is on record or switch links."""

import sqlite3
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from engine.jobs import handler
from engine.jobs.context import Context, Outcome
from engine.processes.pool import Pool
from storage import jobs
from storage.records import Job, JobParameters, Metric
from storage.settings import WorkspaceSettings
from storage.vocabulary import JobKind, JobState
from tests.warm import Warm
from tests.watched import Watched


class Quiet:
    """A report to nobody; ``stopping`` says that the job's end was asked for."""

    def __init__(self, *, stopping: bool = False) -> None:
        self._stopping = stopping

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Tell nobody."""

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Return whether to stop."""
        return self._stopping


def ask(
    watched: Watched,
    kind: JobKind = JobKind.PROMOTE,
    version: int | None = None,
    *,
    model: str = "mnist",
    stopping: bool = False,
    waited: Mapping[int, tuple[JobState, str]] | None = None,
    turned: tuple[int, JobState, str] | None = None,
    **parameters: Any,
) -> tuple[Outcome, dict[str, Any]]:
    """Do a job as the engine does, and return its outcome with its answer.

    ``waited`` are the evaluations that it has waited for, by version: how each ended, and with which error; ``turned`` is the
    comparison of latencies: against which version, how it ended, and with which error.
    """
    with watched.writer.transaction() as connection:
        jobs.add(
            connection,
            kind,
            model,
            version,
            requested_by="ann",
            now=watched.clock.now(),
            parameters=JobParameters(**parameters),
        )
        job = jobs.claim(connection, frozenset({kind}), now=watched.clock.now())
        if job is not None and (waited or turned):
            asked = [_evaluated(connection, model, number, *how) for number, how in (waited or {}).items()]
            asked += [_turned(connection, job, *turned)] if turned else []
            jobs.put_back(connection, job.id, asked, message="waits")
            job = jobs.claim(connection, frozenset({kind}), now=watched.clock.now())
    assert job is not None
    try:
        outcome = run(watched, job, stopping=stopping)
    finally:
        with watched.writer.transaction() as connection:
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=watched.clock.now())
    return outcome, msgspec.json.decode(outcome.result or "{}")


def _evaluated(connection: sqlite3.Connection, model: str, number: int, state: JobState, error: str) -> Job:
    """Return an evaluation that has ended."""
    job = jobs.add(connection, JobKind.EVALUATE, model, number, requested_by="ann", now=0.0)
    jobs.finish(connection, job.id, state, now=0.0, error=error)
    return job


def _turned(connection: sqlite3.Connection, job: Job, against: int, state: JobState, error: str) -> Job:
    """Return a comparison of latencies that has ended."""
    asked = jobs.add(
        connection,
        JobKind.LATENCY,
        job.model,
        job.version,
        requested_by="ann",
        now=0.0,
        parameters=JobParameters(against=against),
    )
    jobs.finish(connection, asked.id, state, now=0.0, error=error)
    found = jobs.read_one(connection, asked.id)
    assert found is not None
    return found


def run(watched: Watched, job: Job, *, stopping: bool = False) -> Outcome:
    """Call the handler of a job of a kind that needs neither hosts nor model processes."""
    context = Context(
        watched.workspace,
        watched.writer,
        WorkspaceSettings(),
        cast("Any", None),
        cast("Pool", Warm()),
        watched.clock.now,
    )
    return handler(job.kind)(context, job, Quiet(stopping=stopping))


def deployed(watched: Watched) -> tuple[str | None, int | None, int | None]:
    """Return what the link of mnist says, and its current and previous version on record."""
    link = watched.workspace.current_link("mnist")
    model = watched.model("mnist")
    return (
        str(link.readlink()) if link.is_symlink() else None,
        model.current.number if model.current else None,
        model.previous.number if model.previous else None,
    )
