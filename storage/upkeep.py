"""What the database takes, whether it is whole, and a copy of it while it is in use.

Owns no table. What can be had of a damaged one is `storage.salvaging`'s.
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from storage import database, full_disk
from storage.database import Reader
from storage.database_errors import is_damaged, is_full
from storage.errors import WorkspaceError
from storage.modes import SIDE_FILES, leave_log
from storage.record import Record
from storage.text import clean

FIGURES = ("evaluations", "metrics", "latencies", "latency_measurements")
"""The tables that grow with every evaluation and are kept for good."""

PROBLEMS = 20
"""Faults of a damaged database that are listed; there may be one for each of a million pages."""

FREED_PAGES = 500
"""Pages that are given back in one transaction: 2 MB, within some milliseconds."""

QUICKLY_READ = 64 << 20
"""Bytes of a database that are read to the last page within a second; of a larger one that takes a command of its own."""

STEPS = 10_000
"""Steps of SQLite's machine between two questions whether to go on: some tenths of a millisecond."""

YEAR_S = 365.0 * 86400

LEAST_SPAN_S = 3600.0
"""Evaluations over less than this say nothing about a year."""


class TableSize(Record, frozen=True, kw_only=True):
    """What a table takes, its indexes included."""

    name: str
    rows: int
    bytes: int | None
    """``None`` where this SQLite was built without its table of pages."""


class Growth(Record, frozen=True, kw_only=True):
    """What a model adds, at the rate that its figures came in so far."""

    models: int
    """Those that were ever evaluated."""
    evaluations: int
    span_s: float
    """From the first evaluation to the last."""
    bytes_per_model_year: float | None
    """``None`` where evaluations cover too short a time to tell."""


def sizes(connection: sqlite3.Connection) -> list[TableSize]:
    """Return what each table takes, the largest first."""
    names = [
        row["name"]
        for row in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
    ]
    taken = _pages(connection)
    found = [
        TableSize(
            name=name,
            rows=int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]),  # noqa: S608 - a name of the schema
            bytes=None if taken is None else taken.get(name, 0),
        )
        for name in names
    ]
    return sorted(found, key=lambda size: (-(size.bytes or 0), -size.rows, size.name))


def growth(connection: sqlite3.Connection, tables: list[TableSize]) -> Growth:
    """Return what a model adds in a year, as far as its past shows."""
    count, models, first, last = connection.execute(
        "SELECT count(*), count(DISTINCT model_id), min(at), max(at) FROM evaluations JOIN versions ON versions.id = version_id"
    ).fetchone()
    span = (last or 0.0) - (first or 0.0)
    taken = [size.bytes for size in tables if size.name in FIGURES]
    known = span >= LEAST_SPAN_S and None not in taken
    yearly = sum(size or 0 for size in taken) / models / span * YEAR_S if known else None
    return Growth(models=models, evaluations=count, span_s=span, bytes_per_model_year=yearly)


def back_up(reader: Reader, target: Path) -> int:
    """Copy the database as it is at this moment, while others read and write; return the copy's bytes.

    Raises:
        WorkspaceError: the copy cannot be made there, or there is a file already.
    """
    if target.exists():
        raise WorkspaceError(
            f"{clean(str(target))} exists already.", "Name another file; nothing is written over."
        )
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        # With the owner's rights before a byte is written, as the database itself.
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
        copy = sqlite3.connect(unfinished)
        try:
            with reader.transaction() as connection:
                _copy(connection, copy, target)
            # A copy is one file: what is beside it would be forgotten when it is moved.
            copy.execute("PRAGMA journal_mode = DELETE")
        finally:
            copy.close()
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.rename(target)
    except OSError as error:
        raise WorkspaceError(
            f"{clean(str(target))} cannot be written ({error.strerror}).",
            full_disk.hint(error, "Name another file."),
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def problems(path: Path) -> list[str]:
    """Return what is wrong with the database, or nothing where it is whole; every page is read."""
    try:
        return damage(path)
    except sqlite3.DatabaseError as error:
        return [clean(str(error))]


def damage(path: Path) -> list[str]:
    """Return what the database holds that was never written into it, or nothing; every page is read.

    Raises:
        sqlite3.DatabaseError: it cannot be read now, which says nothing about what it holds.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({PROBLEMS})")]
        orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        if not is_damaged(error):
            raise
        return [clean(str(error))]
    finally:
        connection.close()
    lines = [] if found == ["ok"] else [clean(line) for text in found for line in text.splitlines()]
    lines += sorted(
        {f"rows of {table} belong to rows of {parent} that are not there" for table, _, parent, _ in orphans}
    )
    return lines[:PROBLEMS]


def structural_damage(path: Path, *, given_up: Callable[[], bool]) -> list[str] | None:
    """Return which pages of the database are not what was written there, or nothing; ``None`` where it was given up meanwhile.

    Every page is read once, and indexes are not compared with their tables: a fifth of the work of `damage`, of 14 MiB of
    memory whatever the size. Readers and writers go on; only the log is not begun anew until it is over.

    Raises:
        sqlite3.DatabaseError: it cannot be read now, which says nothing about what it holds.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    connection.set_progress_handler(lambda: given_up() or None, STEPS)
    try:
        found = [row[0] for row in connection.execute(f"PRAGMA quick_check({PROBLEMS})")]
    except sqlite3.DatabaseError as error:
        if given_up():
            return None
        if not is_damaged(error):
            raise
        return [clean(str(error))]
    finally:
        connection.close()
    return [] if found == ["ok"] else [clean(line) for text in found for line in text.splitlines()][:PROBLEMS]


def compact(path: Path) -> None:
    """Give pages that hold nothing back to the disk, in small steps that nobody has to wait for."""
    left = 1
    while left:
        with database.visit(path) as connection:
            left = pragma(connection, "freelist_count")
            # The statement frees a page a step, and Python steps but once what answers without columns.
            for _ in range(min(left, FREED_PAGES)):
                connection.execute("PRAGMA incremental_vacuum(1)")
            left = pragma(connection, "freelist_count")
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # Passive: it waits for nobody, and leaves to the engine what somebody still reads.
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    finally:
        connection.close()
        leave_log(path)


def taken(path: Path) -> int:
    """Return the bytes of the database and of what lies beside it."""
    beside = (path, *(path.with_name(path.name + ending) for ending in SIDE_FILES))
    return sum(file.stat().st_size for file in beside if file.exists())


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """Return a number that SQLite tells of a database."""
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _copy(source: sqlite3.Connection, copy: sqlite3.Connection, target: Path) -> None:
    try:
        source.backup(copy)
    except sqlite3.Error as error:
        raise WorkspaceError(
            f"{clean(str(target))} cannot be written ({clean(str(error))}).",
            full_disk.HINT if is_full(error) else "Look at its disk, and at: modeltender db verify",
        ) from None


def _pages(connection: sqlite3.Connection) -> dict[str, int] | None:
    """Return the bytes of each table with its indexes."""
    try:
        rows = connection.execute(
            "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) WHERE aggregate = TRUE GROUP BY 1"
        ).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return None
    return {row[0]: int(row[1]) for row in rows}
