"""What a load has shown about a version, put on record: that it is ready, or why it is not.

A version is ready once it has loaded, and failed when it has not; both are recorded here and nowhere else, and only of a
version that still is what was loaded: whoever watches its folder may have found something else there meanwhile, which is
what counts. It must not load anything.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from engine import policy
from engine.jobs.checked import runtime_of
from engine.jobs.context import Context
from engine.processes.client import ModelProcess
from engine.processes.endings import (
    CANCELLED,
    CROWDED,
    LOST,
    NOT_KEPT,
    NOT_STARTED,
    REFUSED,
    UNCONFINED,
    ModelProcessError,
)
from storage.errors import JobError
from storage.records import Loading, Refusal, Version
from storage.tables import events, models
from storage.text import clean, word
from storage.vocabulary import Severity, Status

CPU = "cpu"
"""The device that every machine has."""

FAILURES = {REFUSED: policy.Failure.REFUSED, UNCONFINED: policy.Failure.UNCONFINED}
"""What some errors say about a version; any other one only says that it did not load."""

OF_THE_MACHINE = frozenset({CROWDED, LOST, NOT_KEPT, NOT_STARTED})
"""Codes of loads that failed for want of something here, or were cut off: they say nothing about the version."""

SETTLED = frozenset({Status.READY, Status.QUARANTINED})
"""What a version stays that could not even be tried."""

TRIED = frozenset({Status.CHECKING, Status.READY, Status.FAILED})
"""What a version is that is loaded without anybody insisting."""


def unchanged(connection: sqlite3.Connection, version: Version) -> bool:
    """Whether a version is what a job began with: nobody has found other content since, nor taken it out of use."""
    now = models.version(connection, version.id)
    return now is not None and now.sha256 == version.sha256 and now.status in {version.status, *TRIED}


def changed(version: Version) -> JobError:
    """Return the error for a version whose folder holds something else than what was to be loaded."""
    return JobError(
        f"{version.model}@{version.number} changed on disk since it was recorded.",
        "It is checked again in a moment.",
    )


def mark_ready(context: Context, version: Version, process: ModelProcess, device: str) -> None:
    """Record that a version has loaded and what it turned out to be, as far as that is news.

    Raises:
        JobError: it is another one by now.
    """
    loading = loading_of(version, process, device)
    if version.status is Status.READY and version.loading == loading:
        return
    with context.writer.transaction() as connection:
        if not unchanged(connection, version):
            raise changed(version)
        models.set_loading(connection, version.id, loading, parameters=process.loaded.parameters)
        if version.status is Status.READY:
            return
        models.set_version(connection, version.id, status=Status.READY)
        message = f"version {version.number} is ready ({version.format}, isolation {process.isolation})"
        events.add(
            connection, "ready", message, at=context.now(), model=version.model, version=version.number
        )


def loading_of(version: Version, process: ModelProcess, device: str) -> Loading:
    """Return what the process of a version found out about it, and the memory that it has taken so far."""
    loaded, runtime = process.loaded, runtime_of(version)
    return Loading(
        runtime=runtime.name,
        runtime_version=loaded.version_of(runtime.name),
        device=device,
        inputs=loaded.inputs,
        outputs=loaded.outputs,
        load_s=loaded.load_s,
        # Ended meanwhile, or unreadable: what was seen when it had loaded, if anything.
        peak_rss_bytes=process.peak_rss_bytes() or loaded.peak_rss_bytes or None,
    )


@contextmanager
def failure_recorded(context: Context, version: Version, device: str) -> Iterator[None]:
    """Record why a version does not load, where that says something about it; the error goes on."""
    try:
        yield
    except JobError as error:
        # A version that has loaded before is not broken because another device cannot be used, or the disk is full.
        elsewhere = version.status is Status.READY and device != CPU
        untried = version.status in SETTLED and error.code in OF_THE_MACHINE
        if isinstance(error, ModelProcessError) and error.evidence:
            error.template = (
                f"If you trust it: modeltender trust {word(version.model)}@{version.number} --reason TEXT"
            )
        if error.code != CANCELLED and not elsewhere and not untried:
            _mark_failed(context, version, error)
        raise


def _mark_failed(context: Context, version: Version, error: JobError) -> None:
    """Record why a version does not load; it blocks no other one and is tried again as the policy says."""
    evidence = error.evidence if isinstance(error, ModelProcessError) else ()
    with context.writer.transaction() as connection:
        if not unchanged(connection, version):
            return
        failures = models.failures(connection, version.id)
        if error.code in OF_THE_MACHINE:
            retry = policy.after_shortage(failures, context.now())
        else:
            retry = policy.after_failed_load(failures, context.now(), failure=FAILURES.get(error.code))
        refusal = None
        if evidence or retry.status is Status.QUARANTINED:
            found = evidence or (clean(f"{retry.failures} failed loads in a row, the last: {error.message}"),)
            refusal = Refusal(at=context.now(), evidence=found, liftable=bool(evidence))
        models.set_version(
            connection,
            version.id,
            status=retry.status,
            reason=clean(error.message),
            failures=retry.failures,
            retry_at=retry.retry_at,
            refusal=refusal,
        )
        # Whatever was wrong with the data is not what is wrong now.
        models.set_failure(connection, version.id, None)
        events.add(
            connection,
            "load-failed",
            f"version {version.number} does not load: {error.message}",
            at=context.now(),
            severity=Severity.ERROR,
            model=version.model,
            version=version.number,
        )
