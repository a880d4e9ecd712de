"""What the database promises to the engine and to viewers."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from sqlite_utils import Database

from storage import database, schema
from storage.database import Reader, Writer, visit
from storage.errors import DatabaseError
from storage.records import JobParameters
from storage.tables import events, latencies
from storage.workspace import Workspace


def test_the_program_knows_the_schema_that_it_makes() -> None:
    """The number that a viewer compares with is the number of migrations."""
    assert (
        database.KNOWN_VERSION
        == schema.SCHEMA_VERSION
        == len(schema.migrations.pending(Database(memory=True)))
    )


def test_every_table_is_strict(workspace: Workspace, writer: Writer) -> None:
    """SQLite itself refuses a value of the wrong type in every table of ours."""
    del writer
    with visit(workspace.database) as connection:
        rows = connection.execute("PRAGMA table_list").fetchall()
    ours = [
        row for row in rows if row["type"] == "table" and not row["name"].startswith(("sqlite_", "_sqlite"))
    ]
    assert len(ours) > 10
    assert all(row["strict"] for row in ours)


def test_only_the_owner_may_read_it(workspace: Workspace, writer: Writer) -> None:
    """The folder is 0700 and the database with its side files is 0600."""
    with writer.transaction() as connection:
        events.add(connection, "test", "a line", at=1.0)
    assert stat.S_IMODE(workspace.state.stat().st_mode) == 0o700
    for file in workspace.state.glob("modeltender.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_viewer_cannot_write(reader: Reader) -> None:
    """What the console holds refuses every write."""
    with pytest.raises(DatabaseError), reader.transaction() as connection:
        connection.execute("DELETE FROM events")


def test_a_failed_transaction_leaves_nothing(writer: Writer, reader: Reader) -> None:
    """What was written before an error in the same transaction is gone."""
    half = writer.transaction()
    connection = half.__enter__()
    events.add(connection, "test", "half", at=1.0)
    error = ZeroDivisionError()
    assert not half.__exit__(ZeroDivisionError, error, None)
    with reader.transaction() as connection:
        assert events.read(connection, limit=10) == []


def overflow(connection: sqlite3.Connection) -> None:
    """Write more than there is room for: for this connection, the disk has as many pages as the database takes now."""
    connection.execute("PRAGMA max_page_count = 1")
    for number in range(1000):
        events.add(connection, "test", f"half {number}".ljust(200), at=2.0)


def test_a_full_disk_takes_the_transaction_and_nothing_else(writer: Writer, reader: Reader) -> None:
    """SQLite ends a transaction that finds no room by itself; what was there stays, and the engine goes on writing."""
    with writer.transaction() as connection:
        events.add(connection, "test", "before", at=1.0)
    with pytest.raises(sqlite3.OperationalError, match="full"), writer.transaction() as connection:
        overflow(connection)
    assert not connection.in_transaction
    connection.execute("PRAGMA max_page_count = 1000000")
    with writer.transaction() as connection:
        events.add(connection, "test", "after", at=3.0)
    with reader.transaction() as connection:
        assert [event.message for event in events.read(connection, limit=10)] == ["after", "before"]


def test_a_viewer_is_told_that_the_disk_is_full(workspace: Workspace, writer: Writer) -> None:
    """What a viewer could not write is said with what to do, and it is not half there."""
    with pytest.raises(DatabaseError) as caught, visit(workspace.database) as connection:
        overflow(connection)
    assert caught.value.code == "disk-full"
    with writer.transaction() as connection:
        assert events.read(connection, limit=10) == []


def test_what_an_error_is_does_not_follow_from_its_words(workspace: Workspace, writer: Writer) -> None:
    """Nobody is told to free a disk because a table's name has the word in it."""
    del writer
    with pytest.raises(DatabaseError) as caught, visit(workspace.database) as connection:
        connection.execute("SELECT * FROM full_busy_locked_corrupt")
    assert caught.value.code == "database"
    assert "no such table: full_busy_locked_corrupt" in caught.value.message


def test_a_viewer_is_told_of_somebody_who_writes_without_end(
    workspace: Workspace, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A viewer that never gets its turn gives up with a sentence instead of hanging."""
    monkeypatch.setattr(database, "SHARED_PRAGMAS", (*database.SHARED_PRAGMAS, "PRAGMA busy_timeout = 1"))
    with (
        writer.transaction(),
        pytest.raises(DatabaseError, match="locked for 5 s by another process") as caught,
        visit(workspace.database),
    ):
        pytest.fail("two wrote at once")
    assert caught.value.code == "locked"


def test_a_viewer_hears_of_a_write(writer: Writer, reader: Reader) -> None:
    """The data version changes when the engine wrote, and only then."""
    before = reader.data_version()
    assert reader.data_version() == before
    with writer.passing() as connection:
        events.add(connection, "test", "a line", at=1.0)
    assert reader.data_version() != before


def test_a_newer_database_is_refused_and_not_touched(workspace: Workspace, writer: Writer) -> None:
    """A database of a later program gets a sentence, and every byte of it stays; no index has a release to upgrade to."""
    writer.close()
    connection = sqlite3.connect(workspace.database)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute(f"PRAGMA user_version = {database.KNOWN_VERSION + 1}")
    connection.close()
    before = workspace.database.read_bytes()
    for open_ in (Reader, Writer):
        with pytest.raises(DatabaseError, match="newer modeltender") as raised:
            open_(workspace.database)
        assert raised.value.hint == "Install the newer modeltender here, the way this one was installed."
    assert workspace.database.read_bytes() == before


def test_a_foreign_database_is_refused(tmp_path: Path) -> None:
    """Somebody else's SQLite file is named as such and not migrated."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(DatabaseError, match="another program"):
        Writer(path)


@pytest.mark.parametrize(
    "content",
    [
        b"not a database at all, only some text that is long enough" * 40,
        b"SQLite format 3\x00" + b"\xff" * 4096,
    ],
)
def test_a_damaged_database_gets_a_sentence(tmp_path: Path, content: bytes) -> None:
    """A file that is no database, or a broken one, is named; it is not overwritten."""
    path = tmp_path / "modeltender.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseError) as caught:
        Writer(path)
    assert "damaged" in caught.value.message
    assert path.read_bytes() == content


def test_an_older_database_is_copied_before_it_is_migrated(workspace: Workspace, writer: Writer) -> None:
    """Bringing a database up to date leaves the old one beside it."""
    with writer.transaction() as connection:
        events.add(connection, "test", "old news", at=1.0)
    writer.close()
    connection = sqlite3.connect(workspace.database)
    connection.execute("PRAGMA user_version = 0")
    connection.close()
    Writer(workspace.database).close()
    copy = workspace.database.with_name("modeltender-schema-0.db")
    kept = sqlite3.connect(copy)
    assert kept.execute("SELECT message FROM events").fetchone() == ("old news",)
    kept.close()


def test_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    """A database of the first schema keeps its rows, gains the later tables, and is refused to viewers before that."""
    path = tmp_path / "modeltender.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
    schema.migrations.apply(Database(connection, execute_plugins=False), stop_before="latency_measurements")
    connection.execute("PRAGMA user_version = 1")
    events.add(connection, "test", "old news", at=1.0)
    connection.close()
    with pytest.raises(DatabaseError, match="older modeltender") as caught:
        Reader(path)
    assert caught.value.code == database.OLDER
    Writer(path).close()
    held = Reader(path)
    with held.transaction() as reading:
        assert [event.message for event in events.read(reading, limit=10)] == ["old news"]
        assert latencies.latest(reading, "any") == []
    held.close()


def test_what_fails_half_way_leaves_the_older_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database is brought up to date altogether or not at all, and the next start does it."""
    path = tmp_path / "modeltender.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
    schema.migrations.apply(Database(connection, execute_plugins=False), stop_before="latency_measurements")
    connection.execute("PRAGMA user_version = 1")
    before = connection.execute("SELECT sql FROM sqlite_master").fetchall()

    def fail(_database: Database) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(schema.migrations._migrations[-1], "fn", fail)
        with pytest.raises(ZeroDivisionError):
            Writer(path)
    assert connection.execute("SELECT sql FROM sqlite_master").fetchall() == before
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    Writer(path).close()
    Reader(path).close()


def test_many_threads_may_share_the_writer(writer: Writer, reader: Reader) -> None:
    """Concurrent transactions of one engine wait for each other and none is lost."""

    def add(number: int) -> None:
        for line in range(50):
            with writer.transaction() if line % 2 else writer.passing() as connection:
                events.add(connection, "test", f"{number} {line}", at=1.0)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reader.transaction() as connection:
        assert len(events.read(connection, limit=1000)) == 200


WRITE_FOREVER = """
import sys
from pathlib import Path
from storage.database import Writer
from storage.tables import events
writer = Writer(Path(sys.argv[1]))
number = 0
while True:
    with writer.transaction() as connection:
        for _ in range(5):
            events.add(connection, "pair", str(number), at=float(number))
    number += 1
    print(number, flush=True)
"""


def test_a_killed_engine_loses_nothing_that_it_acknowledged(workspace: Workspace, writer: Writer) -> None:
    """After kill -9 in the middle of writing, every acknowledged transaction is whole and there is no half one."""
    writer.close()
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-P", "-c", WRITE_FOREVER, str(workspace.database)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.05)
            os.kill(process.pid, signal.SIGKILL)
            acknowledged = [int(line) for line in process.stdout if line.strip()]
        held = Reader(workspace.database)
        with held.transaction() as connection:
            (lines,) = connection.execute("SELECT count(*) FROM events").fetchone()
            (transactions,) = connection.execute("SELECT count(DISTINCT id / 5) FROM events").fetchone()
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        held.close()
        assert lines % 5 == 0
        assert transactions >= len(acknowledged)


def test_parameters_that_are_alike_are_stored_alike() -> None:
    """Default parameters take no space, so that identical jobs compare equal as text."""
    assert msgspec.json.encode(JobParameters()) == b"{}"
