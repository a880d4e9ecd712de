"""What can be had of a damaged database.

It is never mended in place: it is kept as it was found, and what can be read of it goes into a new one.
"""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from storage import database
from storage.database_errors import DAMAGED, in_words
from storage.modes import SIDE_FILES, leave_log
from storage.record import Record
from storage.tables import evaluations, faults


class Loss(Record, frozen=True, kw_only=True):
    """What was had of a table of a damaged database."""

    table: str
    rows: int
    complete: bool
    """Whether it could be read from beginning to end."""


def salvage(path: Path) -> tuple[Path, list[Loss]]:
    """Put what can be read of a damaged database into a new one in its place; no engine may run meanwhile.

    Returns where the damaged one is kept, and what was had of each table.

    Raises:
        DatabaseError: the new one cannot be written; the damaged one is where it was, and nothing new is beside it.
        OSError: the damaged one cannot be copied, the same.
    """
    kept, fresh = _place_beside(path), path.with_name(f"{path.stem}-salvaged.db")
    _remove(fresh)
    found: list[Loss] = []
    try:
        _set_aside(path, kept)
        database.prepare(fresh)
        found = _fill(fresh, kept)
    except sqlite3.Error as error:
        raise in_words(error, path) from None
    finally:
        if not found:
            # Halves of them would only take room that is lacking.
            _remove(kept)
            _remove(fresh)
    for ending in SIDE_FILES:
        path.with_name(path.name + ending).unlink(missing_ok=True)
    fresh.replace(path)
    leave_log(path)
    return kept, found


def _place_beside(path: Path) -> Path:
    """Return where the damaged database will be kept."""
    number = 1
    while (kept := path.with_name(f"{path.stem}-damaged-{number}.db")).exists():
        number += 1
    return kept


def _set_aside(path: Path, kept: Path) -> None:
    for ending in ("", *SIDE_FILES):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            copy = kept.with_name(kept.name + ending)
            shutil.copyfile(beside, copy)
            copy.chmod(0o600)


def _fill(fresh: Path, damaged: Path) -> list[Loss]:
    """Put what can be read into the new database, and return what was had of each table."""
    target = sqlite3.connect(fresh, isolation_level=None)
    try:
        # A part whose whole is lost is recognised at the end, when everything is there that will be.
        target.execute("PRAGMA foreign_keys = OFF")
        found = _rescue(damaged, target)
        _drop_orphans(target)
        evaluations.find_names(target)
        faults.close_fault(target, DAMAGED, at=time.time())
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        target.close()
    return found


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
    insert = f'INSERT OR IGNORE INTO "{name}" ({columns}) VALUES ({", ".join("?" * len(wanted))})'  # noqa: S608 - our own names
    target.execute("BEGIN")
    for backwards in (" DESC", ""):
        order = ", ".join(f"{column}{backwards}" for column in key or ["rowid"])
        complete = _copied(damaged, f'SELECT {columns} FROM "{name}" ORDER BY {order}', target, insert)  # noqa: S608 - our own names
        if complete:
            break
    target.execute("COMMIT")
    rows = int(target.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 - our own name
    return Loss(table=name, rows=rows, complete=complete)


def _copied(damaged: sqlite3.Connection, select: str, target: sqlite3.Connection, insert: str) -> bool:
    """Copy rows up to the damage; return whether there was none."""
    for row in _readable(damaged, select):
        if row is None:
            return False
        try:
            target.execute(insert, row)
        except sqlite3.IntegrityError:
            # Of a type that the column does not take: the damage is in this row.
            continue
    return True


def _readable(damaged: sqlite3.Connection, select: str) -> Iterator[tuple[object, ...] | None]:
    """Yield rows, and at last ``None`` where the others cannot be read; what is wrong elsewhere is not taken for damage."""
    try:
        yield from damaged.execute(select)
    except sqlite3.DatabaseError:
        # Here is the damage; the rest is reached from the other end, or not at all, which is told.
        yield None


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


def _remove(path: Path) -> None:
    for ending in ("", *SIDE_FILES):
        path.with_name(path.name + ending).unlink(missing_ok=True)
