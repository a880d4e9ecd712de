"""Promises about the identity of artefacts and about moving their bytes."""

import ctypes
import errno
import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from engine.repository import integrity
from engine.repository.integrity import (
    FICLONE,
    ChangedError,
    WriteError,
    copy,
    digest,
    exchange,
    make_folder,
    rename_new,
)
from tests.artefacts import artefact_sha256
from tests.handmade_models import save_onnx_with_weights


def put(folder: Path, files: dict[str, bytes]) -> tuple[str, ...]:
    """Write files and return their names."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return tuple(files)


def test_one_file_has_the_sum_that_sha256sum_prints(tmp_path: Path) -> None:
    """A person can check the identity of a single file, whatever its name."""
    put(tmp_path, {"a.keras": b"content" * 300_000, "b.keras": b"content" * 300_000})
    printed = subprocess.run(
        ["sha256sum", "a.keras"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split()[0]
    assert digest(tmp_path, ["a.keras"]) == (printed, 2_100_000)
    assert digest(tmp_path, ["b.keras"]).sha256 == printed


def test_several_files_have_the_sum_of_what_sha256sum_prints(tmp_path: Path) -> None:
    """A person can check the identity of a model of several files, in whatever order they are given."""
    put(tmp_path, {"model.onnx": b"m", "weights/w.bin": b"w"})
    printed = subprocess.run(
        "sha256sum model.onnx weights/w.bin | sha256sum",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[0]
    assert digest(tmp_path, ["weights/w.bin", "model.onnx"]).sha256 == printed


def test_names_and_borders_between_files_count(tmp_path: Path) -> None:
    """Moving a byte from one file to the next, or swapping names, is another content."""
    sums = set()
    for number, files in enumerate(
        ({"a": b"xy", "b": b"z"}, {"a": b"x", "b": b"yz"}, {"a": b"z", "b": b"xy"})
    ):
        folder = tmp_path / str(number)
        sums.add(digest(folder, put(folder, files)).sha256)
    assert len(sums) == 3


def test_weights_beside_a_model_are_part_of_its_identity(tmp_path: Path) -> None:
    """An ONNX file whose external weights change is another artefact; other files beside it are not."""
    model = save_onnx_with_weights(tmp_path / "model.onnx")
    first = artefact_sha256(model)
    (tmp_path / "notes.txt").write_text("new")
    assert artefact_sha256(model) == first
    (tmp_path / "weights.bin").write_bytes(b"\1" * 64)
    assert artefact_sha256(model) != first


@pytest.mark.parametrize("where", ["last", "folder"])
def test_links_are_never_followed(tmp_path: Path, where: str) -> None:
    """Neither a linked file nor a file in a linked folder is read."""
    put(tmp_path, {"secret/file": b"s"})
    folder = tmp_path / "unit"
    folder.mkdir()
    (folder / "file").symlink_to(tmp_path / "secret" / "file")
    (folder / "sub").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        digest(folder, ["file" if where == "last" else "sub/file"])


def test_a_pipe_is_refused_without_waiting_for_its_other_end(tmp_path: Path) -> None:
    """A named pipe neither blocks the engine nor passes for a file."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a regular file"):
        digest(tmp_path, ["pipe"])


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Success and every kind of failure close what they opened."""
    put(tmp_path, {"a/b/file": b"x"})
    (tmp_path / "a" / "link").symlink_to("b/file")
    before = len(list(Path("/proc/self/fd").iterdir()))
    digest(tmp_path, ["a/b/file"])
    for name in ("a/link", "a/none", "none/file", "a/b"):
        with pytest.raises(OSError, match=r"links|No such|regular"):
            digest(tmp_path, [name])
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_that_changes_while_it_is_read_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write in the middle of hashing means starting over, not a sum of two halves."""
    file = tmp_path / "model.keras"
    file.write_bytes(b"a" * 3_000_000)
    read = os.read

    def read_and_write(descriptor: int, size: int) -> bytes:
        found = read(descriptor, size)
        with file.open("r+b") as stream:
            stream.write(b"b")
        return found

    monkeypatch.setattr(os, "read", read_and_write)
    with pytest.raises(ChangedError):
        digest(tmp_path, ["model.keras"])


def test_a_copy_shares_nothing_with_its_source(tmp_path: Path) -> None:
    """Trainers overwrite in place: what was copied must not change with it."""
    put(tmp_path / "in", {"model.onnx": b"m", "sub/w.bin": b"w"})
    target = tmp_path / "out"
    target.mkdir()
    copied = copy(tmp_path / "in", ["model.onnx", "sub/w.bin"], target)
    (tmp_path / "in" / "model.onnx").write_bytes(b"overwritten")
    assert (target / "model.onnx").read_bytes() == b"m"
    assert (target / "model.onnx").stat().st_nlink == 1
    assert copied == digest(target, ["model.onnx", "sub/w.bin"])


def test_a_copy_keeps_the_right_to_read_and_no_right_to_run(tmp_path: Path) -> None:
    """Who serves a model may be another user than the engine, and nobody runs a model as a program."""
    put(tmp_path / "in", {"open": b"1", "private": b"2"})
    (tmp_path / "in" / "open").chmod(0o4777)
    (tmp_path / "in" / "private").chmod(0o600)
    (tmp_path / "out").mkdir()
    old = os.umask(0o077)
    try:
        copy(tmp_path / "in", ["open", "private"], tmp_path / "out")
    finally:
        os.umask(old)
    assert oct((tmp_path / "out" / "open").stat().st_mode & 0o7777) == "0o644"
    assert oct((tmp_path / "out" / "private").stat().st_mode & 0o7777) == "0o600"


def test_a_new_folder_has_the_rights_of_the_one_above(tmp_path: Path) -> None:
    """The engine's own strictness does not hide versions from those who may see their model's folder."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models").chmod(0o755)
    old = os.umask(0o077)
    try:
        make_folder(tmp_path / "models" / "mnist" / "1.partial")
    finally:
        os.umask(old)
    assert oct((tmp_path / "models" / "mnist" / "1.partial").stat().st_mode & 0o777) == "0o755"


def test_a_final_name_is_never_taken_from_another(tmp_path: Path) -> None:
    """Not even an empty folder is replaced."""
    put(tmp_path, {"2.partial/model.onnx": b"m"})
    (tmp_path / "2").mkdir()
    with pytest.raises(FileExistsError):
        rename_new(tmp_path / "2.partial", tmp_path / "2")
    rename_new(tmp_path / "2.partial", tmp_path / "3")
    assert (tmp_path / "3" / "model.onnx").read_bytes() == b"m"
    assert list((tmp_path / "2").iterdir()) == []


def refused(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have the kernel refuse flags of renames with an error, as file systems of others do."""

    def call(*arguments: object) -> int:
        ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(integrity, "_renameat2", call)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL])
def test_a_file_system_without_flags_gives_names_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A folder that holds anything is not replaced there either; names that cannot change places stay where they are."""
    put(tmp_path, {"2.partial/model.onnx": b"m", "2/model.onnx": b"theirs"})
    refused(monkeypatch, number)
    with pytest.raises(OSError, match="not empty"):
        rename_new(tmp_path / "2.partial", tmp_path / "2")
    assert not exchange(tmp_path / "2.partial", tmp_path / "2")
    rename_new(tmp_path / "2.partial", tmp_path / "3")
    assert (tmp_path / "3" / "model.onnx").read_bytes() == b"m"
    assert (tmp_path / "2" / "model.onnx").read_bytes() == b"theirs"


def test_a_file_system_that_refuses_is_no_file_system_without_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that became read-only says so; it is not tried another way."""
    put(tmp_path, {"2.partial/model.onnx": b"m", "2/model.onnx": b"theirs"})
    refused(monkeypatch, errno.EROFS)
    for change in (rename_new, exchange):
        with pytest.raises(OSError, match="Read-only"):
            change(tmp_path / "2.partial", tmp_path / "2")


def test_an_empty_selection_of_files_has_a_sum_of_its_own(tmp_path: Path) -> None:
    """Nothing is a content too, and not that of an empty file."""
    (tmp_path / "empty").write_bytes(b"")
    assert digest(tmp_path, []).sha256 == hashlib.sha256(b"").hexdigest()
    assert digest(tmp_path, ["empty"]).bytes == 0


def test_two_folders_change_places_in_one_step(tmp_path: Path) -> None:
    """At no moment is there neither; both keep what they hold."""
    put(tmp_path, {"a/model.onnx": b"a", "elsewhere/b/model.onnx": b"b"})
    assert exchange(tmp_path / "a", tmp_path / "elsewhere" / "b")
    assert (tmp_path / "a" / "model.onnx").read_bytes() == b"b"
    assert (tmp_path / "elsewhere" / "b" / "model.onnx").read_bytes() == b"a"
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "a", tmp_path / "none")


def test_where_blocks_can_be_shared_the_copy_itself_is_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that can share blocks gives a copy in an instant, and nothing is written."""

    def clone(target: int, request: int, source: int) -> None:
        # As the kernel does it on Btrfs or XFS: the whole content, no offset moved.
        assert request == FICLONE
        os.pwrite(target, os.pread(source, 1000, 0), 0)

    put(tmp_path, {"model.onnx": b"m" * 1000})
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(fcntl, "ioctl", clone)
    write = os.write
    monkeypatch.setattr(os, "write", lambda *_: pytest.fail("nothing is left to be written"))
    found = copy(tmp_path, ["model.onnx"], tmp_path / "out")
    monkeypatch.setattr(os, "write", write)
    assert found == digest(tmp_path / "out", ["model.onnx"])
    assert (tmp_path / "out" / "model.onnx").read_bytes() == b"m" * 1000


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.EPERM])
def test_where_blocks_cannot_be_shared_the_bytes_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Each file system has its own way to say no; none of them is a failure."""

    def refuse(_target: int, _request: int, _source: int) -> None:
        raise OSError(number, os.strerror(number))

    put(tmp_path, {"model.onnx": b"m"})
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(fcntl, "ioctl", refuse)
    assert copy(tmp_path, ["model.onnx"], tmp_path / "out") == digest(tmp_path, ["model.onnx"])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_is_full_or_broken_is_no_file_system_without_shared_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """It is told as what it is, before the bytes are tried on the same disk."""

    def fail(_target: int, _request: int, _source: int) -> None:
        raise OSError(number, os.strerror(number))

    put(tmp_path, {"model.onnx": b"m"})
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(fcntl, "ioctl", fail)
    with pytest.raises(WriteError, match=os.strerror(number)):
        copy(tmp_path, ["model.onnx"], tmp_path / "out")
    assert (tmp_path / "out" / "model.onnx").stat().st_size == 0
