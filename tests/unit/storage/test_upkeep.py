"""What looking after the database promises."""

import sqlite3
import stat
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from storage import database, upkeep
from storage.database import Reader, Writer
from storage.database_errors import DAMAGED
from storage.errors import WorkspaceError
from storage.tables import events, faults
from storage.workspace import Workspace
from tests.readings import MIDNIGHT, record, uses
from tests.unit.tui.commands.rows import fill

PAGE = 4096


@pytest.fixture
def full(workspace: Workspace, writer: Writer) -> Path:
    """Return a database with models, some thousand readings and events, written back into its one file."""
    fill(writer)
    with writer.transaction() as connection:
        record(connection, uses(6000), since=MIDNIGHT)
        for number in range(6000):
            events.add(connection, "test", f"the event of number {number}", at=float(number))
    writer.close()
    return workspace.database


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


def damage(path: Path, offset: int) -> None:
    """Overwrite the page that a place in the file lies on."""
    with path.open("r+b") as file:
        file.seek(offset // PAGE * PAGE)
        file.write(b"\xff" * PAGE)


def test_damage_is_found_and_what_is_around_it_is_saved(full: Path) -> None:
    """A spoilt page costs the rows on it and those alone; what was lost is told, and the damaged file is kept."""
    damage(full, full.read_bytes().index(b"the event of number 3000"))
    before = full.read_bytes()
    assert upkeep.problems(full)
    kept, found = upkeep.salvage(full)
    assert kept.read_bytes() == before
    losses = {loss.table: loss for loss in found}
    assert [loss.table for loss in found if not loss.complete] == ["events"]
    assert 5500 < losses["events"].rows < 6000
    assert losses["device_samples"].rows == 6001
    assert upkeep.problems(full) == []
    reader = Reader(full)
    with reader.transaction() as connection:
        assert connection.execute("SELECT name FROM models ORDER BY name").fetchall()
    reader.close()
    Writer(full).close()


def test_saving_ends_the_fault(full: Path) -> None:
    """What was open because of the damage is over; what else was open stays."""
    writer = Writer(full)
    with writer.transaction() as connection:
        for code in (DAMAGED, "disk-low"):
            faults.open_fault(connection, code, "A part cannot be read.", at=1.0)
    writer.close()
    damage(full, full.read_bytes().index(b"the event of number 3000"))
    upkeep.salvage(full)
    reader = Reader(full)
    with reader.transaction() as connection:
        assert [fault.code for fault in faults.all_open(connection) if not fault.model] == ["disk-low"]
    reader.close()


def test_parts_of_what_is_lost_go_with_it(full: Path) -> None:
    """Where a whole table is lost, what belongs to its rows is let go, and the rest fits together."""
    connection = sqlite3.connect(full)
    assert connection.execute("PRAGMA page_size").fetchone()[0] == PAGE
    (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'versions'").fetchone()
    connection.close()
    damage(full, (root - 1) * PAGE)
    assert upkeep.problems(full)
    _, found = upkeep.salvage(full)
    assert not next(loss for loss in found if loss.table == "versions").complete
    assert upkeep.problems(full) == []
    connection = sqlite3.connect(full)
    assert connection.execute("SELECT count(*) FROM evaluations").fetchone()[0] == 0
    assert connection.execute("SELECT count(*) FROM models WHERE current_id IS NOT NULL").fetchone()[0] == 0
    assert connection.execute("SELECT count(*) FROM models").fetchone()[0] > 0
    connection.close()


def test_a_file_that_is_no_database_is_kept_and_replaced(full: Path) -> None:
    """Where nothing can be read, a new database begins, and every table says that it was not read."""
    full.write_bytes(b"no database at all " * 1000)
    assert upkeep.problems(full) == ["file is not a database"]
    kept, found = upkeep.salvage(full)
    assert kept.read_bytes().startswith(b"no database at all")
    assert not any(loss.complete for loss in found)
    assert upkeep.problems(full) == []
