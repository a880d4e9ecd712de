"""Getting a version's model process: a warm one, or a new one whose outcome is recorded.

A version is ready once it has loaded, and failed when it has not; both are recorded here and nowhere else.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from engine import policy
from engine.jobs.context import Context
from engine.processes.client import ModelProcess
from engine.processes.endings import CANCELLED, REFUSED
from engine.repository.integrity import ChangedError, artefact_sha256
from engine.runtimes import runtime_for
from storage.errors import JobError
from storage.records import Version
from storage.tables import events, models
from storage.text import clean
from storage.vocabulary import Severity, Status


def borrow(
    context: Context, version: Version, device: str, cancelled: Callable[[], bool]
) -> AbstractContextManager[ModelProcess]:
    """Return the version's warm process, or load the version into a new one; a failed load is recorded."""
    if version.format is None or version.artefact is None or version.sha256 is None:
        raise JobError(
            f"{version.model}@{version.number} has not been checked yet.", "Try again in a moment."
        )
    runtime = runtime_for(version.format)
    folder = context.workspace.version_folder(version.model, version.number)
    artefact = folder / version.artefact

    def load() -> ModelProcess:
        try:
            _check_unchanged(artefact, version)
            readable = (folder, context.workspace.test / version.model)
            process = context.hosts.open(artefact, runtime, device, readable, cancelled=cancelled)
        except JobError as error:
            if error.code != CANCELLED:
                _mark_failed(context, version, error)
            raise
        return process

    return context.pool.borrow((version.sha256, runtime.name, device), load)


def _check_unchanged(artefact: Path, version: Version) -> None:
    try:
        unchanged = artefact_sha256(artefact) == version.sha256
    except (OSError, ChangedError):
        # Gone, unreadable or being written right now: in each case not what was recorded.
        unchanged = False
    if not unchanged:
        raise JobError(
            f"{version.model}@{version.number} changed on disk since it was recorded.",
            "It is checked again in a moment.",
        )


def mark_ready(context: Context, version: Version, process: ModelProcess) -> None:
    """Record that a version has loaded, if that is news."""
    if version.status is Status.READY:
        return
    with context.writer.transaction() as connection:
        models.set_version(connection, version.id, status=Status.READY)
        models.set_parameters(connection, version.id, process.loaded.parameters)
        message = f"version {version.number} is ready ({version.format}, isolation {process.isolation})"
        events.add(
            connection, "ready", message, at=context.now(), model=version.model, version=version.number
        )


def _mark_failed(context: Context, version: Version, error: JobError) -> None:
    """Record why a version does not load; it blocks no other one and is tried again as the policy says."""
    with context.writer.transaction() as connection:
        retry = policy.after_failed_load(
            models.failures(connection, version.id), context.now(), refused=error.code == REFUSED
        )
        models.set_version(
            connection,
            version.id,
            status=retry.status,
            reason=clean(error.message),
            failures=retry.failures,
            retry_at=retry.retry_at,
        )
        events.add(
            connection,
            "load-failed",
            f"version {version.number} does not load: {error.message}",
            at=context.now(),
            severity=Severity.ERROR,
            model=version.model,
            version=version.number,
        )
