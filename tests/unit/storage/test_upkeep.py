"""What looking after the database promises."""

import sqlite3
import stat
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from storage import database, upkeep
from storage.database import Reader, Writer
from storage.errors import WorkspaceError
from storage.tables import events
from storage.workspace import Workspace


def test_sizes_add_up_to_the_file(full: Path) -> None:
    """Every table is told with its rows, and together with what is free they take no more than the file."""
    reader = Reader(full)
    with reader.transaction() as connection:
        found = {size.name: size for size in upkeep.sizes(connection)}
        free = upkeep.pragma(connection, "freelist_count") * upkeep.pragma(connection, "page_size")
    reader.close()
    assert found["device_samples"].rows == 6001
    taken = [size.bytes for size in found.values()]
    if None not in taken:  # this SQLite tells of its pages
        assert 0.8 * full.stat().st_size < sum(size or 0 for size in taken) + free <= full.stat().st_size


def test_a_year_is_told_from_evaluations_that_cover_some_time(full: Path) -> None:
    """Three evaluations within minutes say nothing about a year; two that are a month apart do."""
    reader = Reader(full)
    with reader.transaction() as connection:
        tables = upkeep.sizes(connection)
        assert upkeep.growth(connection, tables).bytes_per_model_year is None
    reader.close()
    connection = sqlite3.connect(full)
    connection.row_factory = sqlite3.Row
    connection.execute(
        "UPDATE evaluations SET at = at + 30 * 86400 WHERE id = (SELECT max(id) FROM evaluations)"
    )
    found = upkeep.growth(connection, tables)
    connection.close()
    taken = [size.bytes for size in tables if size.name in upkeep.FIGURES]
    if None not in taken:
        expected = sum(size or 0 for size in taken) / found.models / found.span_s * 365 * 86400
        assert found.bytes_per_model_year == pytest.approx(expected)


def test_a_backup_is_one_state_while_others_write(
    workspace: Workspace, writer: Writer, tmp_path: Path
) -> None:
    """Pairs of rows that are written together are in the copy together; it is whole, and its owner's alone."""
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            with writer.passing() as connection:
                for _ in range(2):
                    events.add(connection, "pair", "one of two", at=1.0)
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(60)
        reader = Reader(workspace.database)
        assert upkeep.back_up(reader, tmp_path / "copy.db") == (tmp_path / "copy.db").stat().st_size
        reader.close()
    finally:
        stop.set()
        thread.join()
    assert upkeep.problems(tmp_path / "copy.db") == []
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    copy = sqlite3.connect(tmp_path / "copy.db")
    (lines,) = copy.execute("SELECT count(*) FROM events").fetchone()
    copy.close()
    assert lines >= 2
    assert lines % 2 == 0
    Writer(tmp_path / "copy.db").close()


def test_a_backup_writes_over_nothing(full: Path, tmp_path: Path) -> None:
    """A file that is there stays as it is, and a folder that is not there is a sentence."""
    (tmp_path / "there").write_text("mine")
    reader = Reader(full)
    with pytest.raises(WorkspaceError, match="exists already"):
        upkeep.back_up(reader, tmp_path / "there")
    with pytest.raises(WorkspaceError, match="cannot be written"):
        upkeep.back_up(reader, tmp_path / "nowhere" / "copy.db")
    reader.close()
    assert (tmp_path / "there").read_text() == "mine"


def test_compacting_gives_the_disk_back(full: Path) -> None:
    """What was deleted takes no space any more, and everything else is there."""
    writer = Writer(full)
    with writer.transaction() as connection:
        connection.execute("DELETE FROM device_samples")
        connection.execute("DELETE FROM events WHERE id > 100")
    writer.close()
    before = full.stat().st_size
    upkeep.compact(full)
    assert full.stat().st_size < before * 0.6
    assert upkeep.problems(full) == []


def test_compacting_takes_few_transactions(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each few hundred pages: a wait for the disk each would take hours where there are many."""
    writer = Writer(full)
    with writer.transaction() as connection:
        connection.execute("DELETE FROM device_samples")
        free = upkeep.pragma(connection, "freelist_count")
    writer.close()
    visits: list[Path] = []
    visit = database.visit

    def counted(path: Path) -> AbstractContextManager[sqlite3.Connection]:
        visits.append(path)
        return visit(path)

    monkeypatch.setattr(database, "visit", counted)
    upkeep.compact(full)
    assert free > 0
    assert len(visits) <= free // upkeep.FREED_PAGES + 1
