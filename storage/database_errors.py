"""SQLite's errors in words that people can act on; which error it is, its number tells and never its text."""

import sqlite3
from pathlib import Path

from storage import modes
from storage.errors import DatabaseError
from storage.text import clean

DAMAGED = "damaged-database"
"""Code of the error, and of the fault, that the database's file is not what was written into it."""

SALVAGE = (
    "Stop the engine, then: modeltender db verify --salvage (the damaged file is kept beside the new one)."
)


def in_words(error: sqlite3.Error, path: Path | None) -> DatabaseError:
    """Return an error of SQLite's as one for people; ``path`` is the database, where it is known."""
    where = clean(str(path)) if path else "the database"
    words = str(error)
    if _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return DatabaseError(
            f"{where} has been locked for 5 s by another process.", "Try again.", code="locked"
        )
    if is_full(error):
        return DatabaseError(
            f"The disk of {where} is full.",
            "Free some space; nothing that was acknowledged is lost.",
            code="disk-full",
        )
    if is_damaged(error):
        return DatabaseError(
            f"{where} is damaged ({clean(words, 80)}).",
            SALVAGE,
            code=DAMAGED,
        )
    hint = "Check its permissions and its disk."
    if path and (owner := modes.owner_for_viewer(path)) is not None:
        # Made or closed by something that knows nothing of viewers: a copy that was put back, another program.
        hint = f"Ask {owner} to open it to your group again: modeltender share GROUP"
    return DatabaseError(f"{where} cannot be used: {clean(words, 120)}.", hint)


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is not what was written into it."""
    return _code(error) in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}


def is_full(error: sqlite3.Error) -> bool:
    """Whether an error says that there was no room for what was to be written."""
    # Without room not even a reader gets the log's index, if nobody else has made it.
    return _code(error) == sqlite3.SQLITE_FULL or _extended(error) == sqlite3.SQLITE_IOERR_SHMSIZE


def _extended(error: sqlite3.Error) -> int:
    """Return what SQLite calls an error by number; 0 for one that Python found before SQLite was asked."""
    return getattr(error, "sqlite_errorcode", 0)


def _code(error: sqlite3.Error) -> int:
    """Return the same without what distinguishes errors of one kind, which is in the higher bytes."""
    return _extended(error) & 0xFF
