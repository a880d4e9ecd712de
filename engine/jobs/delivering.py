"""Putting what was made of a version into the inbox, where it goes the way of every other version.

Owns the name that it gets there, and that its parentage is on record before anybody can see it. It must not make
anything.
"""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.jobs.checked import format_of
from engine.jobs.exporting import Artefact, Made, Origin
from engine.repository.integrity import (
    READABLE,
    ChangedError,
    WriteError,
    copy,
    digest,
    make_folder,
    rename_new,
)
from engine.repository.unfinished import HIDDEN
from storage.errors import JobError
from storage.exported import Exported
from storage.records import Job
from storage.tables import events, exports, models

NAME_TRIES: Final = 100
"""Exports of the same version in the same way may lie there already; a hundred of them are no accident."""


def deliver(origin: Origin, variant: Made, job: Job) -> str:
    """Put a variant into the inbox of its model and return its name there; that of content which lies there stays.

    Raises:
        JobError: it cannot be written.
    """
    version = origin.version
    return hand_in(
        origin.context.workspace.train / version.model,
        variant.artefact,
        _name(origin, variant),
        called=variant.name,
        record=lambda: _record(origin, variant, job),
    )


def hand_in(
    inbox: Path, artefact: Artefact, name: tuple[str, str], *, called: str, record: Callable[[], None]
) -> str:
    """Copy an artefact into an inbox, record where it came from, and only then give it its name; return that.

    Args:
        inbox: of its model.
        artefact: what was examined.
        name: what it is to be called there, and the ending; the next free name is taken.
        called: what sentences call it.
        record: is called when all is copied and nobody sees it yet.

    Raises:
        JobError: it cannot be written.
    """
    partial, shown = inbox / HIDDEN, f"{inbox.parent.name}/{inbox.name}"
    try:
        make_folder(inbox)
        shutil.rmtree(partial, ignore_errors=True)
        make_folder(partial)
        try:
            # Whoever serves it may be another user; a model process writes for itself alone.
            copied = copy(artefact.root, artefact.files, _beginning(artefact, partial), mode=READABLE)
            if copied != artefact.content:
                raise ChangedError
            record()
            return _named(artefact, partial / artefact.name, inbox, name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except (WriteError, OSError) as error:
        raise JobError(
            f"{called} cannot be written to {shown} ({error.strerror or error}).",
            "Free some disk space, or make the folder writable, then try again.",
        ) from None
    except ChangedError:
        raise JobError(f"{called} changed while it was copied.", "Find out who writes there.") from None


def _beginning(artefact: Artefact, partial: Path) -> Path:
    """Return where the paths of an artefact's files start in its copy."""
    return partial / artefact.root.relative_to(artefact.folder)


def _name(origin: Origin, variant: Made) -> tuple[str, str]:
    """Return what a variant is called in the inbox, and the ending."""
    version = origin.version
    return f"{version.model}-{version.number}-{variant.name}", Path(variant.artefact.name).suffix


def _named(artefact: Artefact, finished: Path, inbox: Path, name: tuple[str, str]) -> str:
    """Give what is finished its name in the inbox, or the next free one."""
    stem, suffix = name
    for attempt in range(1, NAME_TRIES + 1):
        wanted = f"{stem}{suffix}" if attempt == 1 else f"{stem}-{attempt}{suffix}"
        if _lies_there(artefact, inbox, wanted):
            return wanted
        with contextlib.suppress(FileExistsError):
            # What lies there may be of another version's content, or a person's own: nothing is replaced.
            rename_new(finished, inbox / wanted)
            return wanted
    raise FileExistsError(f"{stem}{suffix} exists {NAME_TRIES} times")


def _lies_there(artefact: Artefact, inbox: Path, name: str) -> bool:
    """Whether something of this name is the very same already: an export that was repeated."""
    is_folder = artefact.root != artefact.folder
    root = inbox / name if is_folder else inbox
    try:
        return digest(root, artefact.files if is_folder else (name,)) == artefact.content
    except (OSError, ChangedError):
        # Nothing there, or something else.
        return False


def _record(origin: Origin, variant: Made, job: Job) -> None:
    context, version = origin.context, origin.version
    with context.writer.transaction() as connection:
        now = context.now()
        exported = Exported(
            model=version.model,
            sha256=variant.artefact.content.sha256,
            parent=version.number,
            parent_sha256=version.sha256 or "",
            source=format_of(version),
            target=variant.way.target,
            quantize=variant.way.quantize,
            parity=variant.parity,
            tools=variant.way.tools,
            at=now,
            requested_by=job.requested_by,
            temperature=variant.temperature,
        )
        exports.add(connection, models.ensure(connection, version.model, now=now), exported)
        events.add(
            connection,
            exported.verb.replace(" ", "-"),
            f"version {version.number} {exported.verb} ({exported.way})",
            at=now,
            model=version.model,
            version=version.number,
        )
