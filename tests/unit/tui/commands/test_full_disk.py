"""What is written where there is no room: one clear sentence, no half file under its name, and nothing lost."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from storage import full_disk
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tests.name_spaces import python, small_disk
from tui.command_line import main

SCRIPT = """
import contextlib, io, json, os, shutil, sys
from pathlib import Path
from engine.data.descriptions import PARTS_FOLDER
from engine.data.splitting import split
from engine.processes.protocol import Split
from storage import full_disk
from storage.database import Reader
from storage.errors import Error
from storage.settings import Data
from tui import views
from tui.command_line import main

root, place, data = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
PAGE = 4096

def leave(pages):
    # Chunks of a page: a disk of memory has nothing smaller to give.
    with contextlib.suppress(OSError), open(place / "ballast", "wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(PAGE))
    os.truncate(place / "ballast", os.stat(place / "ballast").st_size - pages * PAGE)

def tell(what, act, pages):
    leave(pages)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            status = act()
        except Error as error:
            status = int(error.exit_code)
            print(error.message, error.hint)
    files = sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
    print(json.dumps({"what": what, "status": status, "said": said.getvalue(), "files": files}), flush=True)
    for path in place.iterdir():
        if path.name != "old.html":
            shutil.rmtree(path) if path.is_dir() else path.unlink()

def split_it():
    split(Split(data, Data(), (0.8, 0.1, 0.1), 0, False), place, lambda done, total: None)

def read_it():
    # Closed in good order: its index is not there, and is made by whoever reads.
    Reader(place / ".modeltender" / "modeltender.db")

where = ("-w", root)
(place / "old.html").write_text("the last one")
tell("report", lambda: main(("report", "mnist", "--html", str(place / "old.html"), *where)), 1)
tell("backup", lambda: main(("db", "backup", str(place / "copy.db"), *where)), 3)
tell("curves", lambda: main(("history", "mnist", "--tensorboard", str(place / "curves"), *where)), 0)
tell("view", lambda: views.write(place, "models", views.TEXT, "x" * 9000, 0.0), 1)
tell("split", split_it, 3)
(place / ".modeltender").mkdir()
shutil.copy(Path(root) / ".modeltender" / "modeltender.db", place / ".modeltender" / "modeltender.db")
tell("reader", read_it, 0)
print(json.dumps(full_disk.is_full(Path(root))))
leave(0)
print(json.dumps(full_disk.is_full(place)))
"""


class Told(msgspec.Struct):
    """How one attempt ended, and what was there afterwards."""

    what: str
    status: int
    said: str
    files: list[str]


@pytest.fixture
def told(stopped: Workspace, tmp_path: Path) -> dict[str, Told]:
    """Return what each attempt said on a disk of 1 MiB, made in a name space of its own."""
    # All of it in the one file that is copied there.
    with closing(sqlite3.connect(stopped.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    place = tmp_path / "disk"
    place.mkdir()
    np.savez(tmp_path / "data.npz", x=np.arange(9000.0).reshape(-1, 3), y=np.arange(3000) % 2)
    found = python(small_disk(place, "1m"), SCRIPT, str(stopped.root), str(place), str(tmp_path / "data.npz"))
    *lines, roomy, full = found.stdout.splitlines()
    assert (roomy, full) == ("false", "true")
    return {one.what: one for one in (msgspec.json.decode(line, type=Told) for line in lines)}


def test_no_room_is_one_sentence_and_leaves_no_half_file(told: dict[str, Told]) -> None:
    """Every file is whole or not there, what it would have replaced stays, and the hint is to free some space."""
    assert list(told) == ["report", "backup", "curves", "view", "split", "reader"]
    for one in told.values():
        assert one.status in {ExitCode.FAILED, ExitCode.USAGE}, one
        assert "Traceback" not in one.said
        assert "Internal error" not in one.said
        assert "Errno" not in one.said
        assert "Free some space" in one.said, one
        # What is being divided lies in a folder of its process, which goes with it, and the database brings its own files.
        left = {name for name in one.files if not name.startswith(("parts/", ".modeltender/"))}
        assert left == {"ballast", "old.html"}, one
    assert told["report"].files == ["ballast", "old.html"]
    assert told["reader"].said.startswith("The disk of ")
    assert told["split"].said.startswith("The disk is full: data.npz cannot be divided.")


@pytest.mark.parametrize("number", full_disk.WORDS)
def test_what_the_system_says_of_room_is_no_mistake_of_ours(
    number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody foresaw it, no room ends a command with a sentence instead of a report of a mistake."""

    def fail(_folder: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tui.commands.options.find_workspace", fail)
    assert main(("status",)) == ExitCode.FAILED
    said = capsys.readouterr().err
    assert full_disk.WORDS[number] in said
    assert "mistake" not in said
