"""Promises about the copies that models are loaded from: whole, sound, private, and gone when nobody needs them."""

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from engine.repository import objects as copies
from engine.repository.integrity import ChangedError, WriteError
from engine.repository.objects import Kept, Objects
from tests.artefacts import artefact_sha256, keep_known
from tests.failing import failing_at
from tests.handmade_models import save_onnx, save_onnx_with_weights

Save = Callable[[Path], Path]

CALLS = ("open", "read", "write", "fsync", "fchmod", "mkdir")
"""What copying asks of the system."""

each_shape = pytest.mark.parametrize("save", [save_onnx, save_onnx_with_weights], ids=["one file", "several"])


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    """Return a place for copies that does not exist yet."""
    return Objects(tmp_path / "objects")


def keep(objects: Objects, artefact: Path) -> Kept:
    """Keep an artefact as it is now."""
    return keep_known(objects, artefact, artefact_sha256(artefact))


def listed(objects: Objects) -> list[str]:
    """Return what lies in the place."""
    return sorted(path.name for path in objects.folder.iterdir())


def descriptors() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@each_shape
def test_a_copy_holds_the_same_bytes_under_the_same_names(
    objects: Objects, tmp_path: Path, save: Save
) -> None:
    """What lies beside the artefact and belongs to it comes along, so that the copy can be loaded by itself."""
    artefact = save(tmp_path / "v" / "model.onnx")
    (artefact.parent / "notes.txt").write_text("not the model's")
    sha256 = artefact_sha256(artefact)
    with keep(objects, artefact) as kept:
        assert kept.folder == objects.folder / sha256
        assert (kept.artefact, kept.mended) == (kept.folder / "model.onnx", False)
        assert artefact_sha256(kept.artefact) == sha256
        assert "notes.txt" not in kept.files
        assert [(kept.folder / name).read_bytes() for name in kept.files] == [
            (artefact.parent / name).read_bytes() for name in kept.files
        ]


def test_nothing_is_kept_where_a_workspace_was(tmp_path: Path) -> None:
    """It was moved while its engine runs: folders that came up again at the old place would pass for it."""
    artefact = save_onnx(tmp_path / "model.onnx")
    with pytest.raises(WriteError):
        keep(Objects(tmp_path / "moved" / ".modeltender" / "objects"), artefact)
    assert not (tmp_path / "moved").exists()


@each_shape
def test_a_copy_is_for_its_owner_and_is_not_written_again(
    objects: Objects, tmp_path: Path, save: Save
) -> None:
    """Folders can be entered by the owner alone, files read by the owner alone, and none shares its inode."""
    with keep(objects, save(tmp_path / "model.onnx")) as kept:
        for folder in (objects.folder, kept.folder):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in kept.files:
            status = (kept.folder / name).stat()
            assert (stat.S_IMODE(status.st_mode), status.st_nlink) == (0o400, 1)


@each_shape
def test_only_what_has_the_recorded_content_is_kept(objects: Objects, tmp_path: Path, save: Save) -> None:
    """Other bytes, missing ones and linked ones leave nothing behind, and so does content that changed after it was kept."""
    artefact = save(tmp_path / "model.onnx")
    sha256 = artefact_sha256(artefact)
    with pytest.raises(ChangedError):
        keep_known(objects, artefact, "0" * 64)
    assert listed(objects) == []
    keep(objects, artefact).close()
    whole = artefact.read_bytes()
    artefact.write_bytes(whole[:-1])
    with pytest.raises(ChangedError):
        keep_known(objects, artefact, sha256)
    artefact.unlink()
    with pytest.raises(FileNotFoundError):
        keep_known(objects, artefact, sha256)
    artefact.with_name("elsewhere").write_bytes(whole)
    artefact.symlink_to("elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        keep_known(objects, artefact, sha256)
    assert listed(objects) == [sha256]


@each_shape
@pytest.mark.parametrize("damage", ["rot", "cut", "lose", "add", "link"])
def test_a_damaged_copy_is_noticed_and_made_anew(
    objects: Objects, tmp_path: Path, save: Save, damage: str
) -> None:
    """Every byte and every file of a copy counts; what makes it anew is the version's own folder."""
    artefact = save(tmp_path / "model.onnx")
    sha256 = artefact_sha256(artefact)
    with keep(objects, artefact) as kept:
        victim = kept.folder / kept.files[-1]
        content = victim.read_bytes()
    victim.unlink()
    if damage == "rot":
        victim.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif damage == "cut":
        victim.write_bytes(content[:-1])
    elif damage == "link":
        victim.symlink_to(artefact.parent / kept.files[-1])
    elif damage == "add":
        victim.write_bytes(content[:-1])
        (kept.folder / "more").write_bytes(content[-1:])
    assert objects.find("model.onnx", sha256) is None
    with keep(objects, artefact) as again:
        # A file that is merely missing may never have been there under this name.
        assert again.mended == (damage != "lose" or len(again.files) > 1)
        assert artefact_sha256(again.artefact) == sha256
        assert not any((again.folder / name).is_symlink() for name in again.files)
    assert [name for name in listed(objects) if not name.endswith(".gone")] == [sha256]


def test_one_content_under_two_names_is_two_files_of_one_copy(objects: Objects, tmp_path: Path) -> None:
    """Frameworks look at a file's ending: each version is loaded under the name that it has."""
    first, second = save_onnx(tmp_path / "a.onnx"), save_onnx(tmp_path / "b.model")
    with keep(objects, first) as one, keep(objects, second) as two:
        assert one.folder == two.folder
        assert (one.artefact.name, two.artefact.name, two.mended) == ("a.onnx", "b.model", False)
        assert one.artefact.read_bytes() == two.artefact.read_bytes()
    with keep(objects, first) as again:
        assert not again.mended


def test_what_is_held_or_wanted_stays_and_the_rest_goes(objects: Objects, tmp_path: Path) -> None:
    """A model process may open files late: nothing goes under its feet, and everything when it has ended."""
    held = keep(objects, save_onnx(tmp_path / "a.onnx", "a"))
    wanted = keep(objects, save_onnx(tmp_path / "b.onnx", "b"))
    keep(objects, save_onnx(tmp_path / "c.onnx", "c")).close()
    wanted.close()
    objects.tidy(lambda: {wanted.folder.name})
    assert listed(objects) == sorted([held.folder.name, wanted.folder.name])
    held.close()
    held.close()
    objects.tidy(lambda: {wanted.folder.name})
    assert listed(objects) == [wanted.folder.name]


def test_what_is_wanted_by_the_time_that_it_is_free_stays(objects: Objects, tmp_path: Path) -> None:
    """A promotion that ends between the question and the removal keeps its copy: the question is asked once more."""
    kept = keep(objects, save_onnx(tmp_path / "a.onnx"))
    kept.close()
    answers = [set[str](), {kept.folder.name}]
    objects.tidy(lambda: answers.pop(0))
    assert listed(objects) == [kept.folder.name]
    assert answers == []


def test_leftovers_of_a_killed_engine_are_swept(objects: Objects, tmp_path: Path) -> None:
    """Copies that were half made or half removed go; whole ones and what others put there stay."""
    kept = keep(objects, save_onnx(tmp_path / "a.onnx"))
    kept.close()
    for name in (f"{'1' * 64}.x7.partial", f"{'2' * 64}.ab12.gone"):
        (objects.folder / name).mkdir()
        (objects.folder / name / "model.onnx").write_bytes(b"half")
    (objects.folder / "README").write_text("somebody's")
    objects.sweep()
    objects.tidy(lambda: {kept.folder.name})
    assert listed(objects) == sorted([kept.folder.name, "README"])


@each_shape
def test_a_failure_at_any_step_leaves_no_copy_or_a_sound_one(
    objects: Objects, tmp_path: Path, save: Save
) -> None:
    """For every n: the n-th call of the system fails, nothing half made passes for a copy, no descriptor is lost."""
    artefact = save(tmp_path / "model.onnx")
    sha256 = artefact_sha256(artefact)
    objects.folder.mkdir(mode=0o700)
    before = descriptors()
    for n in range(1, 200):
        # It may fail in any way, or do without what failed; what matters is what it leaves behind.
        with failing_at(n, CALLS, number=errno.ENOSPC) as reached, suppress(OSError, ChangedError):
            keep_known(objects, artefact, sha256).close()
        if not reached():
            break
        assert descriptors() == before
        found = objects.find("model.onnx", sha256)
        if found is not None:
            assert artefact_sha256(found.artefact) == sha256
            found.close()
        objects.tidy(set)
        objects.sweep()
        assert listed(objects) == []
    assert not reached(), "there must be an end to the calls"
    assert n > 10


def test_a_full_disk_is_told_apart_from_a_version_that_cannot_be_read(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first says nothing about the version, the second does."""
    artefact = save_onnx(tmp_path / "model.onnx")
    sha256 = artefact_sha256(artefact)

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(WriteError, match="No space left on device"):
            keep_known(objects, artefact, sha256)

    def broken(_descriptor: int, _size: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "read", broken)
    with pytest.raises(OSError, match="Input/output error") as caught:
        keep_known(objects, artefact, sha256)
    assert not isinstance(caught.value, WriteError)
    assert listed(objects) == []


def test_a_damaged_copy_is_made_anew_where_names_cannot_change_places(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On such a file system it takes two renames; what is left of the old one does not pass for a copy, and is tidied."""
    artefact = save_onnx_with_weights(tmp_path / "v" / "model.onnx")
    with keep(objects, artefact) as kept:
        damaged = kept.folder / "weights.bin"
        damaged.chmod(0o600)
        damaged.write_bytes(b"damaged")
    monkeypatch.setattr(copies, "exchange", lambda _first, _second: False)
    sha256 = artefact_sha256(artefact)
    with keep(objects, artefact) as kept:
        assert kept.mended
        assert artefact_sha256(kept.artefact) == sha256
    [_, left] = listed(objects)
    assert left.startswith(f"{sha256}.")
    assert left.endswith(".gone")
    objects.tidy(lambda: {sha256})
    assert listed(objects) == [sha256]


def test_a_copy_that_is_replaced_before_it_is_held_is_not_taken_for_the_one_of_that_name(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has the name is held, and not what had it: it could be removed while a model is loaded from it."""
    artefact = save_onnx(tmp_path / "v" / "model.onnx")
    sha256 = artefact_sha256(artefact)
    keep_known(objects, artefact, sha256).close()
    home, flock = objects.folder / sha256, fcntl.flock

    def replaced(descriptor: int, operation: int) -> None:
        if not (tmp_path / "gone").exists():
            home.rename(tmp_path / "gone")
            shutil.copytree(tmp_path / "gone", home)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", replaced)
    before = descriptors()
    with keep_known(objects, artefact, sha256) as kept:
        objects.tidy(set)
        assert artefact_sha256(kept.artefact) == sha256
    assert descriptors() == before
    objects.tidy(set)
    assert listed(objects) == []


def test_who_makes_the_same_copy_at_the_same_moment_again_and_again_is_told(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times is no accident; nothing half made is left."""

    def taken(*_: object) -> None:
        raise FileExistsError

    monkeypatch.setattr(copies, "rename_new", taken)
    with pytest.raises(WriteError, match="made again and again by somebody else"):
        keep(objects, save_onnx(tmp_path / "v" / "model.onnx"))
    assert listed(objects) == []
