"""A copy is not read again only where nobody can have touched it since; what is deployed always is."""

import os
import shutil
import time
from pathlib import Path

import pytest

from engine.repository import soundness
from engine.repository.integrity import digest
from engine.repository.objects import Objects
from engine.repository.soundness import HOLDS_S, STILL_S, Soundness, marks
from tests.artefacts import artefact_sha256, companions
from tests.handmade_models import save_onnx, save_onnx_with_weights

LARGE = 8 << 20


class Clock:
    """A clock that only moves when it is put forward."""

    def __init__(self, copy: Path) -> None:
        self.wall = max(path.lstat().st_ctime for path in (copy, *copy.rglob("*"))) + STILL_S + 1
        self.monotonic = 0.0


def bytes_read() -> int:
    """Return how many bytes this process has read from files so far."""
    rows = dict(row.split(": ") for row in Path("/proc/self/io").read_text().splitlines())
    return int(rows["rchar"])


@pytest.fixture(params=["one file", "several"])
def artefact(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return an artefact of which a copy is kept."""
    save = save_onnx if request.param == "one file" else save_onnx_with_weights
    made = save(tmp_path / "v" / "model.onnx")
    Objects(tmp_path / "objects").keep(made, companions(made), artefact_sha256(made)).close()
    return made


def remembering(artefact: Path) -> tuple[Objects, Path, Clock]:
    """Return copies that remember what is sound, the folder of one that was just hashed, and their clock."""
    home = artefact.parents[1] / "objects"
    folder = home / artefact_sha256(artefact)
    clock = Clock(folder)
    objects = Objects(home, Soundness(now=lambda: clock.wall, monotonic=lambda: clock.monotonic))
    found = objects.find(artefact.name, folder.name)
    assert found is not None
    found.close()
    await_tick(folder)
    return objects, folder, clock


def await_tick(folder: Path) -> None:
    """Return when the file system's clock has gone on since a folder or a file in it changed: it ticks, it does not flow."""
    newest = max(path.lstat().st_ctime_ns for path in (folder, *folder.rglob("*")))
    probe = folder.parents[1] / "probe"
    while True:
        probe.write_bytes(b"")
        if probe.stat().st_ctime_ns > newest:
            return
        time.sleep(0.001)


def known(objects: Objects, folder: Path, artefact: Path) -> bool:
    """Whether the copy would be used without reading it."""
    assert objects.soundness is not None
    return objects.soundness.files(folder, artefact.name) is not None


def test_what_was_hashed_is_known_and_found_with_all_its_files(artefact: Path) -> None:
    """The artefact first, as when it was hashed."""
    objects, folder, _ = remembering(artefact)
    assert known(objects, folder, artefact)
    with objects.keep(artefact, companions(artefact), folder.name, hashed=True) as kept:
        assert set(kept.files) == {artefact.name, *companions(artefact)}
        assert kept.files[0] == artefact.name
        assert not kept.mended


@pytest.mark.parametrize("mend_time", [False, True], ids=["as it is", "its time put back"])
def test_what_is_written_is_hashed_again_whatever_its_time_says(artefact: Path, mend_time: bool) -> None:  # noqa: FBT001 - parametrised
    """The size is the same, and who writes can set the time of writing back, but not that of change."""
    objects, folder, _ = remembering(artefact)
    file = folder / artefact.name
    before, raw = file.stat(), bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.chmod(0o600)
    file.write_bytes(raw)
    if mend_time:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not known(objects, folder, artefact)
    assert objects.find(artefact.name, folder.name) is None
    with objects.keep(artefact, companions(artefact), folder.name, hashed=True) as kept:
        assert kept.mended


def test_what_was_exchanged_or_joined_is_hashed_again(artefact: Path) -> None:
    """Another file of the same content under the same name is another file, and a folder with one more is another one."""
    objects, folder, clock = remembering(artefact)
    shutil.copy2(folder / artefact.name, folder / "other")
    assert not known(objects, folder, artefact)
    await_tick(folder)
    (folder / "other").rename(folder / artefact.name)
    assert not known(objects, folder, artefact)
    clock.wall = Clock(folder).wall
    found = objects.find(artefact.name, folder.name)
    assert found is not None
    found.close()
    assert known(objects, folder, artefact)
    (folder / artefact.name).unlink()
    assert not known(objects, folder, artefact)


def test_nothing_is_believed_for_longer_than_a_day_or_from_the_moment_of_its_change(artefact: Path) -> None:
    """The disk may lose bits without a trace, and two changes within a tick of the clock look like one."""
    objects, folder, clock = remembering(artefact)
    clock.monotonic = HOLDS_S + 1
    assert not known(objects, folder, artefact)
    clock.wall -= STILL_S + 1
    found = objects.find(artefact.name, folder.name)
    assert found is not None
    found.close()
    assert not known(objects, folder, artefact)


def test_of_too_many_copies_the_earlier_ones_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered stays small, however many versions are tried: a copy that is forgotten is hashed again."""
    monkeypatch.setattr(soundness, "MOST", 2)
    held = Soundness(now=lambda: time.time() + 2 * STILL_S)
    folders = [tmp_path / name for name in ("first", "second", "third")]
    for folder in folders:
        folder.mkdir()
        (folder / "model.onnx").write_bytes(b"m")
        held.note(folder, ["model.onnx"], marks(folder, ["model.onnx"]))
    assert [held.files(folder, "model.onnx") for folder in folders] == [None, None, ("model.onnx",)]


def test_what_changed_while_it_was_hashed_is_not_remembered(artefact: Path) -> None:
    """Its marks from before are not those of after."""
    objects, folder, clock = remembering(artefact)
    assert objects.soundness is not None
    fresh = Soundness(now=lambda: clock.wall)
    before = marks(folder, [artefact.name])
    await_tick(folder)
    (folder / "other").touch()
    fresh.note(folder, [artefact.name], before)
    assert fresh.files(folder, artefact.name) is None
    fresh.note(folder, [artefact.name], None)
    assert fresh.files(folder, artefact.name) is None


def test_a_large_artefact_that_was_just_hashed_is_not_read_once_more(tmp_path: Path) -> None:
    """Neither it nor its copy: the kernel counts what this process reads. Without both promises both are read."""
    file = tmp_path / "v" / "model.onnx"
    file.parent.mkdir()
    file.write_bytes(os.urandom(LARGE))
    home = tmp_path / "objects"
    sha256 = digest(file.parent, [file.name]).sha256
    Objects(home).keep(file, (), sha256).close()
    clock = Clock(home / sha256)
    objects = Objects(home, Soundness(now=lambda: clock.wall))
    read = []
    for asked, hashed in ((Objects(home), False), (objects, False), (objects, True)):
        before = bytes_read()
        asked.keep(file, (), sha256, hashed=hashed).close()
        read.append((bytes_read() - before) // LARGE)
    assert read == [2, 2, 0]
