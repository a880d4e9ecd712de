"""What arrives by real tools, slowly, again, all at once, or as no file at all: each model becomes a version once, and whole."""

import hashlib
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from engine.processes.examiner_process import Suspect
from engine.repository.examine import Examined
from storage.vocabulary import Status
from tests.handmade_models import onnx_bytes, save_onnx, save_onnx_with_weights
from tests.live import Live
from tests.watched import Watched

LARGE = onnx_bytes("x" * 4_000_000)


def content(version_folder: Path) -> str:
    """Return the digest of the only file of a version."""
    (file,) = version_folder.iterdir()
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_copy_that_stops_ten_times_is_one_version_at_its_end(watched: Watched) -> None:
    """A slow copy with pauses of 1.9 s, far longer than the settle time, is taken once, whole, and not before its end."""
    source = onnx_bytes("x" * 50_000)
    file = watched.workspace.train / "mnist" / "slow.onnx"
    file.parent.mkdir()
    for part in range(11):
        with file.open("ab") as stream:
            stream.write(source[part * len(source) // 11 : (part + 1) * len(source) // 11])
        if part < 10:
            for _ in range(19):
                watched.scan(0.1)
            assert not watched.versions("mnist"), f"taken after part {part}"
            assert watched.arrivals()["slow.onnx"].status is Status.SETTLING
    watched.settle()
    assert list(watched.versions("mnist")) == [1]
    assert (watched.workspace.version_folder("mnist", 1) / "slow.onnx").read_bytes() == source
    assert not watched.arrivals()


def test_a_version_that_is_copied_into_place_says_how_far_it_is(watched: Watched) -> None:
    """While files of a version grow, size and speed are on record; once it is there, they are gone."""
    folder = watched.workspace.version_folder("mnist", 1)
    folder.mkdir(parents=True)
    file = folder / "model.onnx"
    for tenth in range(1, 21):
        file.write_bytes(b"\x08" * tenth * 104_858)
        watched.scan(0.1)
    assert watched.version("mnist", 1).reason == "arriving: 2.0 MiB so far, 1.0 MiB/s"
    save_onnx(file)
    watched.settle()
    assert (watched.version("mnist", 1).status, watched.version("mnist", 1).reason) == (Status.CHECKING, "")


def cp(source: Path, target: Path) -> None:
    """Copy as a person does."""
    subprocess.run(["cp", source, target], check=True)


def scp(source: Path, target: Path) -> None:
    """Copy as scp does: into the file itself, in blocks."""
    with source.open("rb") as read, target.open("wb") as write:
        while block := read.read(32 * 1024):
            write.write(block)
            write.flush()


def rsync(source: Path, target: Path) -> None:
    """Copy as rsync does: under a hidden name, with the source's time, then one rename."""
    hidden = target.with_name(f".{target.name}.Ab12Cd")
    scp(source, hidden)
    shutil.copystat(source, hidden)
    hidden.rename(target)


def rsync_inplace(source: Path, target: Path) -> None:
    """Copy as ``rsync --inplace`` does: over what is there, then the source's time."""
    data = source.read_bytes()
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT)
    for begin in range(0, len(data), 256 * 1024):
        os.pwrite(descriptor, data[begin : begin + 256 * 1024], begin)
        time.sleep(0.02)
    os.ftruncate(descriptor, len(data))
    os.close(descriptor)
    shutil.copystat(source, target)


def tar(source: Path, target: Path) -> None:
    """Unpack with tar, which restores the time that the file had."""
    packed = source.with_suffix(".tar")
    named = source.rename(source.with_name(target.name))
    subprocess.run(["tar", "-cf", packed, "-C", named.parent, named.name], check=True)
    subprocess.run(["tar", "-xf", packed, "-C", target.parent], check=True)


def preallocated(source: Path, target: Path) -> None:
    """Copy as downloaders do: the whole size at once, then the content, the end of it first."""
    data = source.read_bytes()
    with target.open("wb") as stream:
        stream.truncate(len(data))
        for begin in range(len(data) - len(data) % 500_000, -1, -500_000):
            stream.seek(begin)
            stream.write(data[begin : begin + 500_000])
            stream.flush()
            time.sleep(0.02)


@pytest.mark.parametrize("tool", [cp, scp, rsync, rsync_inplace, tar, preallocated])
def test_whatever_tool_brings_it_it_is_one_version_and_whole(
    live: Live, tmp_path: Path, tool: Callable[[Path, Path], None]
) -> None:
    """A model that comes by a real tool's way of writing is recorded once, with the source's content; so is the next."""
    inbox = live.workspace.train / "mnist"
    inbox.mkdir()
    for number, data in enumerate([LARGE, onnx_bytes("y" * 3_000_000)], start=1):
        source = tmp_path / f"source{number}"
        source.write_bytes(data)
        tool(source, inbox / "model.onnx")
        live.until(lambda number=number: len(live.versions()) == number)  # type: ignore[misc]
        assert content(live.workspace.version_folder("mnist", number)) == hashlib.sha256(data).hexdigest()
    live.rest(0.6)
    assert [version.number for version in live.versions()] == [1, 2]
    assert not live.arrivals()


def test_a_folder_by_real_cp_is_one_version(live: Live, tmp_path: Path) -> None:
    """``cp -r`` of a model with weights of its own, straight into models/, is a version with both files."""
    source = save_onnx_with_weights(tmp_path / "m" / "model.onnx", size=3_000_000).parent
    (live.workspace.models / "mnist").mkdir()
    subprocess.run(["cp", "-r", source, live.workspace.version_folder("mnist", 7)], check=True)
    live.until(lambda: bool(live.versions()) and live.versions()[0].sha256 is not None)
    (version,) = live.versions()
    assert (version.number, version.status, version.bytes) == (7, Status.CHECKING, version.bytes)
    assert (version.bytes or 0) > 3_000_000


def test_a_trainer_that_saves_over_its_file_loses_no_last_state(live: Live) -> None:
    """Twenty saves over the same name, at random moments: what was saved last is the newest version, none is torn."""
    file = live.workspace.train / "mnist" / "checkpoint.onnx"
    chance = random.Random(3)
    saved = [onnx_bytes(f"epoch {epoch} " + "x" * 200_000) for epoch in range(20)]
    file.parent.mkdir()
    for data in saved:
        file.write_bytes(data)
        time.sleep(chance.uniform(0, 0.4))
    wanted = hashlib.sha256(saved[-1]).hexdigest()
    live.until(
        lambda: (
            bool(live.versions())
            and content(live.workspace.version_folder("mnist", live.versions()[-1].number)) == wanted
        )
    )
    live.rest(0.6)
    known = {hashlib.sha256(data).hexdigest() for data in saved}
    found = [content(live.workspace.version_folder("mnist", version.number)) for version in live.versions()]
    assert set(found) <= known, "a version holds something that was never saved"
    assert len(set(found)) == len(found), "the same content was taken twice"


def test_a_file_that_is_emptied_after_the_look_is_not_taken(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opens a finished file to write it anew empties it first: no empty version comes of that moment."""
    file = save_onnx(watched.workspace.train / "mnist" / "a.onnx")
    folder = watched.put_version("digits", 1)
    watched.scan()

    told = watched.examiner.submit

    def then_emptied(suspect: Suspect) -> "Future[Examined]":
        answer = told(suspect)
        (file if suspect.item.name == "a.onnx" else folder).write_bytes(b"")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(watched.examiner, "submit", then_emptied)
        watched.scan(0.4)
    assert not watched.versions("mnist")
    assert watched.version("digits", 1).status is Status.SETTLING
    save_onnx(file, "new")
    save_onnx(folder, "new too")
    watched.settle()
    assert [version.bytes for version in watched.versions("mnist").values()] == [file.stat().st_size]
    assert watched.version("digits", 1).status is Status.CHECKING
    assert not watched.faults()


def test_what_is_removed_and_made_again_is_there_again(live: Live) -> None:
    """A file of the inbox and a version's folder that go and come back, fast: the record says what lies there."""
    inbox, folder = live.workspace.train / "mnist", live.workspace.version_folder("digits", 1)
    for _ in range(10):
        save_onnx(inbox / "a.onnx")
        save_onnx(folder / "model.onnx")
        time.sleep(0.05)
        shutil.rmtree(inbox)
        shutil.rmtree(folder.parent)
    save_onnx(inbox / "a.onnx")
    save_onnx(folder / "model.onnx")
    live.until(lambda: [version.status for version in live.versions("digits")] == [Status.CHECKING])
    live.until(lambda: len(live.versions("mnist")) == 1)
    live.rest(0.6)
    assert [version.number for version in live.versions("mnist")] == [1]


def test_two_hundred_at_once_are_recorded_once_each(live: Live) -> None:
    """Dropped by four processes into ten models, every file is a version, and none is one twice."""
    script = (
        "import sys; from pathlib import Path; from tests.handmade_models import save_onnx\n"
        "for number in range(int(sys.argv[2]), 200, 4):\n"
        "    save_onnx(Path(sys.argv[1]) / f'model{number % 10}' / f'{number}.onnx', str(number))"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", script, live.workspace.train, str(part)], env=ENVIRONMENT
        )
        for part in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0] * 4
    names = [f"model{number}" for number in range(10)]
    live.until(lambda: sum(len(live.versions(name)) for name in names) == 200)
    live.rest(0.6)
    sources = [version.source for name in names for version in live.versions(name)]
    assert len(sources) == len(set(sources)) == 200


PROJECT = str(Path(__file__).parents[2])
ENVIRONMENT = {**os.environ, "PYTHONPATH": PROJECT}


def test_what_is_no_file_harms_nothing(live: Live) -> None:
    """Pipes, sockets, devices, loops of links, links to the outside and three thousand nested folders: models arrive all the same."""
    inbox, version = live.workspace.train / "mnist", live.workspace.version_folder("mnist", 1)
    inbox.mkdir()
    version.mkdir(parents=True)
    os.mkfifo(inbox / "pipe.onnx")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(inbox / "s.onnx"))
    (inbox / "outside.onnx").symlink_to("/etc/passwd")
    (inbox / "loop").symlink_to(".")
    (version / "up").symlink_to("..")
    try:
        os.mknod(inbox / "zero.onnx", 0o666 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        # Only root makes devices, and not in every container.
        shutil.copyfile("/dev/null", inbox / "zero.onnx")
    nested(inbox / "deep", 3_000)
    try:
        save_onnx(inbox / "good.onnx")
        live.until(lambda: len(live.versions()) == 2)
        live.until(lambda: {"pipe.onnx", "s.onnx", "outside.onnx", "loop", "deep"} <= live.arrivals().keys())
        reasons = {name: arrival.reason for name, arrival in live.arrivals().items()}
    finally:
        subprocess.run(["rm", "-rf", inbox / "deep"], check=True)
    assert reasons["pipe.onnx"] == "pipe.onnx is not a regular file"
    assert reasons["s.onnx"] == "s.onnx is not a regular file"
    assert reasons["outside.onnx"] == "outside.onnx is a symbolic link; copy the file itself"
    assert reasons["loop"] == "loop is a symbolic link; copy the file itself"
    assert reasons["deep"] == "deep has folders more than 6 levels deep"
    live.until(lambda: "deep" not in live.arrivals())
    save_onnx(inbox / "after.onnx", "after")
    live.until(lambda: len(live.versions()) == 3)
    assert not live.observer.polling, "none of it may end the watching"


def nested(folder: Path, levels: int) -> None:
    """Make folders in folders, more than any path can name, as an archive does that was made to."""
    folder.mkdir()
    descriptor = os.open(folder, os.O_DIRECTORY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_DIRECTORY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
