"""What the database takes, whether it is whole, a copy of it while it is in use, and what can be had of a damaged one.

Owns no table. A damaged database is never mended in place: it is kept as it was found, and what can be read of it
goes into a new one.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from storage import database, full_disk
from storage.database import Reader
from storage.database_errors import DAMAGED, is_damaged, is_full
from storage.errors import WorkspaceError
from storage.modes import SIDE_FILES, leave_log
from storage.record import Record
from storage.tables import evaluations, faults
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


class Loss(Record, frozen=True, kw_only=True):
    """What was had of a table of a damaged database."""

    table: str
    rows: int
    complete: bool
    """Whether it could be read from beginning to end."""


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


def salvage(path: Path) -> tuple[Path, list[Loss]]:
    """Put what can be read of a damaged database into a new one in its place; no engine may run meanwhile.

    Returns where the damaged one is kept, and what was had of each table.
    """
    kept = _set_aside(path)
    fresh = path.with_name(f"{path.stem}-salvaged.db")
    _remove(fresh)
    database.prepare(fresh)
    target = sqlite3.connect(fresh, isolation_level=None)
    try:
        # A part whose whole is lost is recognised at the end, when everything is there that will be.
        target.execute("PRAGMA foreign_keys = OFF")
        found = _rescue(kept, target)
        _drop_orphans(target)
        evaluations.find_names(target)
        faults.close_fault(target, DAMAGED, at=time.time())
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        target.close()
    for ending in SIDE_FILES:
        path.with_name(path.name + ending).unlink(missing_ok=True)
    fresh.replace(path)
    leave_log(path)
    return kept, found


def _copy(source: sqlite3.Connection, copy: sqlite3.Connection, target: Path) -> None:
    try:
        source.backup(copy)
    except sqlite3.Error as error:
        raise WorkspaceError(
            f"{clean(str(target))} cannot be written ({clean(str(error))}).",
            full_disk.HINT if is_full(error) else "Look at its disk, and at: modeltender db verify",
        ) from None


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


def _set_aside(path: Path) -> Path:
    number = 1
    while (kept := path.with_name(f"{path.stem}-damaged-{number}.db")).exists():
        number += 1
    for ending in ("", *SIDE_FILES):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            copy = kept.with_name(kept.name + ending)
            shutil.copyfile(beside, copy)
            copy.chmod(0o600)
    return kept


def _rescue(source: Path, target: sqlite3.Connection) -> list[Loss]:
    names = [
        row[0]
        for row in target.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 1) <> '_' AND substr(name, 1, 7) <> 'sqlite_'"
        )
    ]
    damaged = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        return [_rescue_table(damaged, target, name) for name in names]
    finally:
        damaged.close()


def _rescue_table(damaged: sqlite3.Connection, target: sqlite3.Connection, name: str) -> Loss:
    """Read a table from its beginning to the damage, and from its end back to it."""
    wanted = [(row[1], row[5]) for row in target.execute(f'PRAGMA table_info("{name}")')]
    columns = ", ".join(f'"{column}"' for column, _ in wanted)
    key = [f'"{column}"' for column, place in sorted(wanted, key=lambda column: column[1]) if place]
    marks = ", ".join("?" * len(wanted))
    complete = False
    target.execute("BEGIN")
    for backwards in (" DESC", ""):
        order = ", ".join(f"{column}{backwards}" for column in key or ["rowid"])
        try:
            for row in damaged.execute(f'SELECT {columns} FROM "{name}" ORDER BY {order}'):  # noqa: S608 - our own names
                try:
                    target.execute(f'INSERT OR IGNORE INTO "{name}" ({columns}) VALUES ({marks})', row)  # noqa: S608 - our own names
                except sqlite3.IntegrityError:
                    # Of a type that the column does not take: the damage is in this row.
                    continue
            complete = True
            break
        except sqlite3.DatabaseError:
            # Here is the damage; the rest is reached from the other end, or not at all, which is told.
            continue
    target.execute("COMMIT")
    rows = int(target.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 - our own name
    return Loss(table=name, rows=rows, complete=complete)


def _drop_orphans(target: sqlite3.Connection) -> None:
    """Let go of parts whose whole is lost, and of references to it."""
    while broken := target.execute("PRAGMA foreign_key_check").fetchall():
        for table in {row[0] for row in broken}:
            required = {row[1] for row in target.execute(f'PRAGMA table_info("{table}")') if row[3] or row[5]}
            for row in target.execute(f'PRAGMA foreign_key_list("{table}")').fetchall():
                parent, column, key = row[2], row[3], row[4]
                broken_at = f'"{column}" IS NOT NULL AND "{column}" NOT IN (SELECT "{key}" FROM "{parent}")'  # noqa: S608 - names of our schema
                target.execute(
                    f'DELETE FROM "{table}" WHERE {broken_at}'  # noqa: S608 - names of our schema
                    if column in required
                    else f'UPDATE "{table}" SET "{column}" = NULL WHERE {broken_at}'  # noqa: S608 - names of our schema
                )


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


def _remove(path: Path) -> None:
    for ending in ("", *SIDE_FILES):
        path.with_name(path.name + ending).unlink(missing_ok=True)
