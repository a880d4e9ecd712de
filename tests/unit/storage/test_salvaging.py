"""What can be had of a damaged database, and that nothing is lost besides."""

import sqlite3
from pathlib import Path

from storage import salvaging, upkeep
from storage.database import Reader, Writer
from storage.database_errors import DAMAGED
from storage.tables import faults
from tests.name_spaces import python, small_disk

PAGE = 4096


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
    kept, found = salvaging.salvage(full)
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
    salvaging.salvage(full)
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
    _, found = salvaging.salvage(full)
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
    kept, found = salvaging.salvage(full)
    assert kept.read_bytes().startswith(b"no database at all")
    assert not any(loss.complete for loss in found)
    assert upkeep.problems(full) == []


SCRIPT = """
import contextlib, os, shutil, sys
from pathlib import Path
from storage import salvaging
from storage.errors import DatabaseError

place, damaged = Path(sys.argv[1]), Path(sys.argv[2])
path = place / "modeltender.db"
shutil.copy(damaged, path)
before = path.read_bytes()
# Room for the copy and for as much again, which is less than a new one takes with its log.
with contextlib.suppress(OSError), open(place / "ballast", "wb", buffering=0) as ballast:
    while True:
        ballast.write(bytes(4096))
os.truncate(place / "ballast", os.stat(place / "ballast").st_size - 2 * len(before))
try:
    salvaging.salvage(path)
except DatabaseError as error:
    print(error.code, sorted(file.name for file in place.iterdir()), path.read_bytes() == before)
"""


def test_a_full_disk_is_not_taken_for_damage(full: Path, tmp_path: Path) -> None:
    """Where there is no room for the new one, that is said; the damaged one stays where it is, and nothing half is beside it."""
    damage(full, full.read_bytes().index(b"the event of number 3000"))
    place = tmp_path / "disk"
    place.mkdir()
    found = python(small_disk(place, "32m"), SCRIPT, str(place), str(full))
    assert found.stdout == "disk-full ['ballast', 'modeltender.db'] True\n"
