"""What is said about tar archives: a model is none, and some would harm whoever unpacked them."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runtimes import recognise

Spoil = Callable[[tarfile.TarInfo], None]


def packed(file: Path, spoil: Spoil) -> Path:
    """Write a tar archive of two members, the second of them spoiled."""
    with tarfile.open(file, "w") as archive:
        for name in ("model/weights", "model/other"):
            member = tarfile.TarInfo(name)
            if name == "model/other":
                spoil(member)
            archive.addfile(member, io.BytesIO())
    return file


HARMFUL: dict[str, tuple[dict[str, object], str]] = {
    "above": ({"name": "../x"}, "with the unsafe path ../x"),
    "middle": ({"name": "a/../../x"}, "with the unsafe path a/../../x"),
    "absolute": ({"name": "/etc/x"}, "with the unsafe path /etc/x"),
    "symbolic link": ({"type": tarfile.SYMTYPE, "linkname": "/"}, "with a link: model/other"),
    "hard link": ({"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"}, "with a link: model/other"),
    "device": ({"type": tarfile.CHRTYPE}, "with a device or a pipe: model/other"),
    "pipe": ({"type": tarfile.FIFOTYPE}, "with a device or a pipe: model/other"),
    "setuid": ({"mode": 0o4755}, "with a program of its owner's rights: model/other"),
}


@pytest.mark.parametrize(("changes", "words"), HARMFUL.values(), ids=HARMFUL)
def test_a_tar_archive_that_harms_is_refused(changes: dict[str, object], words: str, tmp_path: Path) -> None:
    """Nobody is told to unpack what would harm him."""

    def spoil(member: tarfile.TarInfo) -> None:
        for name, value in changes.items():
            setattr(member, name, value)

    found = recognise(packed(tmp_path / "model.tar", spoil))
    assert found.refused
    assert words in found.reason


def test_an_honest_tar_archive_is_to_be_unpacked(tmp_path: Path) -> None:
    """An archive of plain files is no attack, only not a model."""
    found = recognise(packed(tmp_path / "model.tar", lambda _: None))
    assert not found.refused
    assert found.reason == "model.tar is a tar archive; unpack it first"


def test_a_damaged_tar_archive_is_told(tmp_path: Path) -> None:
    """Whatever stands after the mark, there is a sentence."""
    (tmp_path / "model.tar").write_bytes(bytes([1]) * 257 + b"ustar" + bytes(300))
    assert "tar archive" in recognise(tmp_path / "model.tar").reason
