"""Opening the database by role: the engine writes, viewers read, and a viewer may add a job.

The pragmas and their reasons live here, and so does the rule that every write transaction begins with
``BEGIN IMMEDIATE``: a deferred one that turns from reading to writing fails at once when somebody wrote in
between, and no time-out helps.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

from storage import modes
from storage.database_errors import in_words
from storage.errors import DatabaseError
from storage.text import clean

APPLICATION_ID = 0x4D544E44
"""``MTND``: tells our database from somebody else's SQLite file."""

KNOWN_VERSION = 24
"""The schema that this program reads and writes; equal to `storage.schema.SCHEMA_VERSION` (a test says so)."""

OLDER = "older-database"
"""The code of the error about a database that an older program left, which an engine can bring up to date."""

BUSY_TIMEOUT_MS = 5000
"""Longer than any write transaction of ours by far; a wait of this length means that something is stuck."""

JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024

CACHE_KIB = 512
"""Pages that a connection keeps: the paths to what it reads. The rest comes from the system's own cache as quickly, and SQLite's
usual 2 MiB brought nothing among 3,000 models; engines have them for as long as they run, twice."""

VIEWER_CACHE_KIB = 256
"""The same of who only looks on. With 128 the first look at 5,000 models that nobody has packed yet takes half as long again."""

SHARED_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
)


class Writer:
    """The engine's hold on the database, safe to share between threads.

    Two connections: figures that come again in a second are written without waiting for the disk; verdicts,
    promotions and jobs survive a power cut.
    """

    def __init__(self, path: Path) -> None:
        prepare(path)
        self._path = path
        self.log_file: Final = path.resolve().with_name(f"{path.resolve().name}-wal")
        """The write-ahead log: there as long as this is open, and written to by whoever writes."""
        self._lock = threading.RLock()
        self._connections = {"FULL": _connect(path, "rw"), "NORMAL": _connect(path, "rw")}
        for synchronous, connection in self._connections.items():
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES}")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a context that commits durably, or not at all when it raises."""
        return self._begin("FULL")

    def passing(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a context for figures that a power cut may take: samples, progress, heartbeats."""
        return self._begin("NORMAL")

    def close(self) -> None:
        """Write the log back into the database and let go."""
        with self._lock:
            with suppress(sqlite3.Error):  # a full disk must not keep the engine from stopping
                self._connections["FULL"].execute("PRAGMA wal_checkpoint(TRUNCATE)")
            for connection in self._connections.values():
                connection.close()
        modes.leave_log(self._path)

    @contextmanager
    def _begin(self, synchronous: str) -> Iterator[sqlite3.Connection]:
        connection = self._connections[synchronous]
        with self._lock:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # After SQLITE_FULL the transaction may be gone already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


class Reader:
    """A viewer's hold on the database: it cannot write, and it keeps no transaction open between reads.

    Raises:
        DatabaseError: there is none, or it is damaged, another program's, or an older or newer modeltender's.
    """

    def __init__(self, path: Path) -> None:
        self._connection = _open_checked(path, "ro")
        found = _version(self._connection)
        if found < KNOWN_VERSION:
            self._connection.close()
            raise DatabaseError(
                f"The database is an older modeltender's (schema {found}, this one reads {KNOWN_VERSION}).",
                "An engine of this version brings it up to date: modeltender engine stop, then modeltender engine start",
                code=OLDER,
            )
        self._connection.execute("PRAGMA query_only = ON")
        self._connection.execute(f"PRAGMA cache_size = -{VIEWER_CACHE_KIB}")

    def data_version(self) -> int:
        """Return a number that changes whenever somebody has written (a call takes microseconds)."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that sees one state of the database throughout.

        Raises:
            DatabaseError: it cannot be read: it is damaged, or its disk fails.
        """
        try:
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise in_words(error, None) from error

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


@contextmanager
def visit(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a short-lived connection in one write transaction: how a viewer adds a job.

    Raises:
        WorkspaceError: this user may look at the workspace and not act on it.
        DatabaseError: the database cannot be used.
    """
    owner = modes.owner_for_viewer(path)
    if owner is not None:
        raise modes.no_acting(path.parent.parent, owner)
    connection = _open_checked(path, "rw")
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise in_words(error, path) from error
    finally:
        connection.close()
        modes.leave_log(path)


def check(path: Path) -> None:
    """Look whether an engine could work with the database at ``path``.

    Raises:
        DatabaseError: the file is damaged, not ours, or newer than this program.
    """
    _open_checked(path, "ro").close()


def engine_on_record(path: Path) -> int | None:
    """Return the process of the engine that wrote last into a database, of this program's version or an older one.

    Raises:
        DatabaseError: the file is damaged, not ours, or newer than this program.
    """
    connection = _open_checked(path, "ro")
    try:
        row = connection.execute("SELECT pid FROM engine").fetchone()
    except sqlite3.Error as error:
        raise in_words(error, path) from error
    finally:
        connection.close()
    return None if row is None else int(row["pid"])


def outdated(path: Path) -> bool:
    """Whether `prepare` would have anything to do, which takes libraries that nothing else takes.

    Raises:
        DatabaseError: the file is damaged, not ours, or newer than this program.
    """
    if _fresh(path):
        return True
    connection = _open_checked(path, "ro")
    try:
        return _version(connection) < KNOWN_VERSION
    finally:
        connection.close()


def prepare(path: Path) -> None:
    """Create the database at ``path``, or bring an older one up to date after copying it aside.

    Raises:
        DatabaseError: the file is damaged, not ours, newer than this program, or cannot be written.
    """
    try:
        if _fresh(path):
            _create(path)
            return
        connection = _open_checked(path, "rw")
        try:
            found = _version(connection)
            if found < KNOWN_VERSION:
                _copy_aside(connection, path, found)
                _migrate(connection)
        finally:
            connection.close()
            modes.leave_log(path)
    except sqlite3.Error as error:
        raise in_words(error, path) from error


def _fresh(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def _create(path: Path) -> None:
    # The file exists with the rights of its folder before SQLite writes a byte; -wal and -shm inherit them.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, modes.PRIVATE_FILE))
    path.chmod(modes.file_mode(path.parent))
    connection = _connect(path, "rw")
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _migrate(connection)
    finally:
        connection.close()
        modes.leave_log(path)


def _migrate(connection: sqlite3.Connection) -> None:
    from sqlite_utils import Database

    from storage.schema import SCHEMA_VERSION, migrations

    # In one transaction: each of its own would wait for the disk, and nobody meets a database that is half up to date.
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(Database(connection, execute_plugins=False))
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        # After SQLITE_FULL the transaction may be gone already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _copy_aside(connection: sqlite3.Connection, path: Path, found: int) -> None:
    copy = path.with_name(f"{path.stem}-schema-{found}.db")
    target = sqlite3.connect(copy)
    try:
        connection.backup(target)
    finally:
        target.close()
    copy.chmod(0o600)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    for pragma in SHARED_PRAGMAS:
        connection.execute(pragma)
    return connection


def _open_checked(path: Path, mode: str) -> sqlite3.Connection:
    if not path.exists():
        raise DatabaseError(
            f"{clean(str(path))} does not exist yet.",
            "Start the engine once: modeltender engine start",
            code="no-database",
        )
    try:
        connection = _connect(path, mode)
    except sqlite3.Error as error:
        raise in_words(error, path) from error
    try:
        found = _version(connection)
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
    except sqlite3.Error as error:
        connection.close()
        raise in_words(error, path) from error
    if owner != APPLICATION_ID:
        connection.close()
        raise DatabaseError(
            f"{clean(str(path))} is a SQLite database of another program; it was not touched.",
            "Move it away.",
            code="foreign-database",
        )
    if found > KNOWN_VERSION:
        connection.close()
        raise DatabaseError(
            f"The database was made by a newer modeltender (schema {found}, this one knows {KNOWN_VERSION}); it was not touched.",
            "Install the newer modeltender here, the way this one was installed.",
            code="newer-database",
        )
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
