"""What may be removed where the disk is nearly full: one file a kind, and the list of them.

Owns the order: what nobody will miss comes first, what takes room before it gives any comes last. What people made or set
aside (data, files in ``train/``, quarantine, what a repair replaced) is not among it: that is theirs to decide.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from engine.freeing import backups, copies, leftovers, logs, pages, prepared, removing, retired
from engine.jobs.context import Context
from storage.errors import Error
from storage.job_answers import Removal
from storage.spare import Spare

Find = Callable[[Context, sqlite3.Connection], list[str]]
Remove = Callable[[Context, Sequence[str]], list[str]]


class Step(NamedTuple):
    """One kind of things that may go."""

    what: Spare
    find: Find
    """Returns their paths below the workspace, in an open transaction."""
    remove: Remove
    """Removes those of the paths that still may go, and returns them."""
    size: Callable[[Context, str], int | None]
    """Returns what the disk gains; ``None`` or nothing where a thing is left alone."""


class Done(NamedTuple):
    """What one step came to."""

    what: Spare
    removed: tuple[Removal, ...]
    problem: str = ""
    """Why it was not done, or not to its end."""


def found(context: Context) -> tuple[Removal, ...]:
    """Return what would be removed, in that order."""
    return tuple(removal for step in STEPS for removal in _found(context, step))


def remove(context: Context, step: Step) -> Done:
    """Do one step; one that does not work keeps no other one from it."""
    wanted = {removal.path: removal for removal in _found(context, step)}
    try:
        gone = step.remove(context, list(wanted)) if wanted else []
    except (OSError, sqlite3.Error, Error) as error:
        # What went before it failed is gone all the same.
        gone = [path for path in wanted if step.size(context, path) is None]
        return Done(step.what, tuple(wanted[path] for path in gone), _reason(error))
    return Done(step.what, tuple(wanted[path] for path in gone))


def _found(context: Context, step: Step) -> list[Removal]:
    with context.writer.passing() as connection:
        paths = step.find(context, connection)
    # Measured when nobody waits for the database any more: large folders take a while.
    sizes = ((path, step.size(context, path)) for path in paths)
    return [Removal(step.what, path, size) for path, size in sizes if size]


def _reason(error: OSError | sqlite3.Error | Error) -> str:
    told = error.message if isinstance(error, Error) else getattr(error, "strerror", "") or str(error)
    return told.rstrip(".")


def _taken(context: Context, path: str) -> int | None:
    return removing.taken(context.workspace, path)


def _remove(context: Context, paths: Sequence[str], *, find: Find) -> list[str]:
    """Remove things whose names alone tell what they are.

    Their names are taken away while no job can begin, so that none finds a thing that is about to go.
    """
    gone: list[str] = []
    aside: list[Path] = []
    try:
        with context.writer.transaction() as connection:
            may_go = set(find(context, connection))
            for path in paths:
                if path in may_go and (thing := removing.set_aside(context.workspace, path)) is not None:
                    gone.append(path)
                    aside.append(thing)
    finally:
        removing.take_apart(aside)
    return gone


_BY_NAME = (leftovers, logs, prepared, backups)

_STEPS = {
    **{one.WHAT: Step(one.WHAT, one.find, partial(_remove, find=one.find), _taken) for one in _BY_NAME},
    **{one.WHAT: Step(one.WHAT, one.find, one.remove, _taken) for one in (copies, retired)},
    pages.WHAT: Step(pages.WHAT, pages.find, pages.remove, pages.size),
}

STEPS: tuple[Step, ...] = tuple(_STEPS[what] for what in Spare)
"""In the order of their words, which is that in which they are done."""
