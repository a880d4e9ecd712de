"""Putting back what was deployed: in one step or as safely as a file system can, and nothing of what was there is lost."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.repository import restore as restoring
from engine.repository.examine import examine
from engine.repository.integrity import ChangedError, exchange
from engine.repository.objects import Kept, Objects
from engine.repository.restore import Restored, is_intact, recover, restore
from storage.database import Reader, Writer
from storage.promotion_records import DeployedContent
from storage.tables import events
from storage.vocabulary import Format
from storage.workspace import Workspace
from tests.artefacts import artefact_sha256, keep_known
from tests.handmade_models import onnx_bytes, save_onnx

NOW = 1_700_000_000.0

WHOLE = onnx_bytes("whole")


class Deployed:
    """Version 1 of mnist as it was deployed, and the copy that was kept of it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.version_folder("mnist", 1)
        self.file = self.folder / "model.onnx"
        save_onnx(self.file, "whole")
        self.file.with_name("notes.txt").write_text("by ann")
        sha256 = artefact_sha256(self.file)
        self.content = DeployedContent(
            artefact="model.onnx", format=Format.ONNX, sha256=sha256, bytes=len(WHOLE)
        )
        self.kept: Kept = keep_known(Objects(workspace.objects), self.file, sha256)

    def restored(self) -> Restored:
        """Put it back."""
        return restore(self.workspace, "mnist", 1, self.content, self.kept, examine=examine, now=NOW)

    def intact(self) -> bool:
        """Whether it is what was deployed."""
        return is_intact(self.workspace, "mnist", 1, self.content, examine)

    def names(self) -> list[str]:
        """Return what lies beside the version."""
        return sorted(path.name for path in self.folder.parent.iterdir())


@pytest.fixture
def deployed(workspace: Workspace) -> Iterator[Deployed]:
    """Return a version whose copy is held."""
    made = Deployed(workspace)
    yield made
    made.kept.close()


def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on a file system that cannot let two names change places."""
    monkeypatch.setattr(restoring, "exchange", lambda _first, _second: False)


@pytest.mark.parametrize("exchanging", [True, False])
def test_what_is_damaged_is_replaced_and_set_aside(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, *, exchanging: bool
) -> None:
    """On every file system: the whole file lies there again with what lay beside it, and the damaged one in its own place."""
    if not exchanging:
        no_exchange(monkeypatch)
    deployed.file.write_bytes(b"damaged")
    assert not deployed.intact()
    found = deployed.restored()
    assert deployed.intact()
    assert deployed.file.read_bytes() == WHOLE
    assert (deployed.folder / "notes.txt").read_text() == "by ann"
    assert (deployed.workspace.root / found.set_aside / "model.onnx").read_bytes() == b"damaged"
    assert (found.left_out, found.trouble) == ((), "")
    assert deployed.names() == ["1"]


def test_a_folder_that_is_gone_comes_back(deployed: Deployed) -> None:
    """There is nothing to set aside then."""
    shutil.rmtree(deployed.folder)
    assert not deployed.intact()
    assert deployed.restored().set_aside == ""
    assert deployed.intact()


def test_what_makes_it_another_model_is_left_out(deployed: Deployed) -> None:
    """A second model beside it may be the very damage; it is told, and lies in what was set aside."""
    save_onnx(deployed.folder / "other.onnx", "other")
    found = deployed.restored()
    assert found.left_out == ("notes.txt", "other.onnx")
    assert deployed.intact()
    assert (deployed.workspace.root / found.set_aside / "other.onnx").exists()


@pytest.mark.parametrize("exchanging", [True, False])
def test_a_step_that_fails_leaves_what_was_there(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, *, exchanging: bool
) -> None:
    """The damaged folder has its name, and no copy takes room beside it."""

    def failing(*_: object) -> bool:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    deployed.file.write_bytes(b"damaged")
    with monkeypatch.context() as patch:
        if exchanging:
            patch.setattr(restoring, "exchange", failing)
        else:
            no_exchange(patch)
            patch.setattr(restoring, "rename_new", failing)
        with pytest.raises(OSError, match="Input/output error"):
            deployed.restored()
    assert deployed.file.read_bytes() == b"damaged"
    assert deployed.names() == ["1"]
    deployed.restored()
    assert deployed.intact()


def test_a_step_that_took_effect_before_it_failed_is_done(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that a power cut now could undo it has to be told."""
    real = exchange

    def exchanged(first: Path, second: Path) -> bool:
        real(first, second)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    deployed.file.write_bytes(b"damaged")
    monkeypatch.setattr(restoring, "exchange", exchanged)
    found = deployed.restored()
    assert found.trouble == "Input/output error"
    assert deployed.intact()
    assert (deployed.workspace.root / found.set_aside / "model.onnx").read_bytes() == b"damaged"


def test_somebody_who_writes_there_meanwhile_is_noticed(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there in the end is read once more: other bytes, or none, are not called restored."""
    real = restoring._set_aside

    for spoil in (lambda: deployed.file.write_bytes(b"again"), lambda: shutil.rmtree(deployed.folder)):

        def aside(workspace: Workspace, replaced: Path, *, now: float, spoil: object = spoil) -> Path:
            assert callable(spoil)
            spoil()
            return real(workspace, replaced, now=now)

        deployed.folder.mkdir(exist_ok=True)
        deployed.file.write_bytes(b"damaged")
        with monkeypatch.context() as patch:
            patch.setattr(restoring, "_set_aside", aside)
            with pytest.raises(ChangedError):
                deployed.restored()


def test_what_was_replaced_stays_beside_the_versions_where_it_cannot_be_moved_further(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """models/ may be a disk of its own; what was set aside has a name there that tells what it is."""
    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if Path(target).is_relative_to(deployed.workspace.damaged):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    deployed.file.write_bytes(b"damaged")
    found = deployed.restored()
    assert found.set_aside == "models/mnist/1.damaged-20231114T221320Z"
    assert (deployed.workspace.root / found.set_aside / "model.onnx").read_bytes() == b"damaged"


def test_two_things_that_are_set_aside_within_a_second_are_kept_apart(deployed: Deployed) -> None:
    """Neither is written over the other."""
    places = []
    for damage in (b"first", b"second"):
        deployed.file.write_bytes(damage)
        places.append(deployed.restored().set_aside)
    assert places[1] == f"{places[0]}-2"
    assert [(deployed.workspace.root / place / "model.onnx").read_bytes() for place in places] == [
        b"first",
        b"second",
    ]


def test_a_copy_that_is_damaged_itself_replaces_nothing(deployed: Deployed) -> None:
    """It is read once more on its way: what is there stays, and no half of a version lies beside it."""
    deployed.file.write_bytes(b"damaged")
    kept = deployed.kept.folder / "model.onnx"
    kept.chmod(0o600)
    kept.write_bytes(b"damaged too")
    with pytest.raises(ChangedError):
        deployed.restored()
    assert deployed.file.read_bytes() == b"damaged"
    assert deployed.names() == ["1"]


@pytest.mark.parametrize("linked", [True, False])
def test_what_is_no_folder_any_more_is_set_aside_as_well(
    deployed: Deployed, tmp_path: Path, *, linked: bool
) -> None:
    """A file that has the version's name, or a link: of a link nothing is touched where it leads to."""
    elsewhere = deployed.folder.rename(tmp_path / "elsewhere")
    elsewhere.chmod(0o500)
    if linked:
        deployed.folder.symlink_to(elsewhere)
    else:
        deployed.folder.write_text("unpacked wrongly")
    assert not deployed.intact()
    found = deployed.restored()
    assert deployed.intact()
    assert not deployed.folder.is_symlink()
    aside = deployed.workspace.root / found.set_aside
    assert aside.parent == deployed.workspace.damaged
    assert aside.readlink() == elsewhere if linked else aside.read_text() == "unpacked wrongly"
    assert sorted(path.name for path in elsewhere.iterdir()) == ["model.onnx", "notes.txt"]
    assert oct(elsewhere.stat().st_mode & 0o7777) == "0o500"


def test_a_folder_that_its_owner_may_not_write_is_set_aside_and_can_be_removed(deployed: Deployed) -> None:
    """It could neither be moved to another folder nor be emptied there."""
    deployed.file.write_bytes(b"damaged")
    deployed.folder.chmod(0o500)
    aside = deployed.workspace.root / deployed.restored().set_aside
    assert aside.parent == deployed.workspace.damaged
    assert oct(aside.stat().st_mode & 0o7777) == "0o700"
    assert deployed.intact()


def test_what_cannot_be_set_aside_now_is_set_aside_at_the_next_start(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, writer: Writer, reader: Reader
) -> None:
    """The version is restored all the same, and it is told where what was replaced lies until then."""
    deployed.file.write_bytes(b"first")
    before = deployed.restored().set_aside
    deployed.file.write_bytes(b"damaged")
    with monkeypatch.context() as patch:
        patch.setattr(restoring, "NAME_TRIES", 2)
        found = deployed.restored()
    assert deployed.intact()
    assert (deployed.workspace.root / found.set_aside / "model.onnx").read_bytes() == b"damaged"
    assert Path(found.set_aside).parent == Path("models/mnist")
    recover(deployed.workspace, writer, NOW)
    assert told(reader) == [
        f"version 1 was restored when the engine ended; what it replaced is in {before}-2"
    ]
    assert (deployed.workspace.root / f"{before}-2" / "model.onnx").read_bytes() == b"damaged"
    assert deployed.names() == ["1"]


# What a crash leaves


def told(reader: Reader) -> list[str]:
    """Return what the log says."""
    with reader.transaction() as connection:
        return [event.message for event in events.read(connection, limit=10)]


def test_a_copy_that_never_came_to_its_place_is_removed(
    deployed: Deployed, writer: Writer, reader: Reader
) -> None:
    """Under its own name it has its own inode; folders of other people's names stay."""
    left = deployed.folder.parent / ".1.restored-1"
    left.mkdir()
    left = left.rename(left.with_name(f".1.restored-{left.stat().st_ino}"))
    others = deployed.folder.parent / ".mine.restored-by-hand"
    others.mkdir()
    recover(deployed.workspace, writer, NOW)
    assert (left.exists(), others.exists(), told(reader)) == (False, True, [])


def test_a_folder_that_was_parked_gets_its_name_again(
    deployed: Deployed, writer: Writer, reader: Reader
) -> None:
    """Between two renames there was neither: what was there before is there again."""
    deployed.folder.rename(deployed.folder.parent / ".1.restored-0")
    recover(deployed.workspace, writer, NOW)
    assert deployed.names() == ["1"]
    assert deployed.file.read_bytes() == WHOLE
    assert told(reader) == []


def test_what_was_replaced_before_a_crash_is_set_aside_and_told(
    deployed: Deployed, writer: Writer, reader: Reader
) -> None:
    """The version is restored; nobody would look for the damaged files under a hidden name."""
    left = deployed.folder.parent / ".1.restored-0"
    left.mkdir()
    (left / "model.onnx").write_bytes(b"damaged")
    recover(deployed.workspace, writer, NOW)
    [message] = told(reader)
    where = message.removeprefix("version 1 was restored when the engine ended; what it replaced is in ")
    assert (deployed.workspace.root / where / "model.onnx").read_bytes() == b"damaged"
    assert deployed.names() == ["1"]
