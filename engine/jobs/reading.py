"""Getting a model's data into a form that its process can map: as they lie there, or prepared once.

Owns when a copy is made and what a person reads meanwhile. What is read of the data is `engine.data`'s.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from engine.data.prepared import PreparedData, Wanted
from engine.jobs.context import Context, Report
from engine.processes.endings import NOT_KEPT
from engine.processes.protocol import Prepare
from storage.errors import JobError
from storage.settings import WorkspaceSettings
from storage.workspace import Workspace

GIB = 1024**3


def prepared_data(workspace: Workspace, settings: WorkspaceSettings) -> PreparedData:
    """Return a workspace's prepared copies."""
    return PreparedData(workspace.prepared, limit_bytes=int(settings.retention.prepared_gib * GIB))


def readable_data(workspace: Workspace, settings: WorkspaceSettings, model: str) -> tuple[Path, ...]:
    """Return the folders that a model's process may read its data from.

    Raises:
        JobError: that of its prepared data cannot be made.
    """
    # Made beforehand: what a process may read is fixed when it starts, and only what exists can be named.
    with _keeping(f"The folder for prepared data of {model}"):
        return (workspace.test / model, prepared_data(workspace, settings).home(model))


def mappable(context: Context, wanted: Wanted, report: Report) -> Path:
    """Return the data themselves where a model process can map them, else their prepared copy, made if need be.

    Raises:
        JobError: the data cannot be read, or have not what the model needs.
    """
    if wanted.plain:
        return wanted.source
    copies = prepared_data(context.workspace, context.settings)
    key = wanted.key()
    return copies.find(wanted, key) or _prepare(context, copies, wanted, key, report)


def _prepare(context: Context, copies: PreparedData, wanted: Wanted, key: str, report: Report) -> Path:
    name = wanted.source.name
    report.progress(0, 1, f"reading {name}")
    limits = context.settings.limits
    destination = copies.home(wanted.model) / key
    readable = wanted.source if wanted.source.is_dir() else wanted.source.parent
    process = context.hosts.open_data([readable], limit_bytes=copies.limit_bytes)
    try:
        process.prepare(
            Prepare(
                str(wanted.source),
                wanted.inputs,
                wanted.settings.data,
                wanted.settings.preprocess.resize,
                copies.limit_bytes,
            ),
            on_progress=report.progress,
            deadline_s=limits.evaluation_s,
            cancelled=report.cancelled,
        )
        if wanted.key() != key:
            raise JobError(f"{name} changed while it was read.", "Try again when it is complete.")
        with _keeping(f"The prepared copy of {name}"):
            copies.keep(wanted, destination, process.take(destination))
    finally:
        process.close()
    return destination


@contextlib.contextmanager
def _keeping(what: str) -> Iterator[None]:
    """Say what it means that something cannot be written."""
    try:
        yield
    except OSError as error:
        raise JobError(
            f"{what} cannot be kept ({error.strerror or error}).", "Check the disk.", code=NOT_KEPT
        ) from None
