"""Reading .npz files that anybody may have made."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.data.readers import npz
from engine.data.readers.npz import Npz
from storage.errors import JobError

ARRAY = np.arange(3000, dtype=np.int32).reshape(1000, 3)


def read(file: Path, name: str = "x") -> "np.ndarray[tuple[int, ...], np.dtype[np.int32]]":
    """Return one array of a file."""
    opened = Npz(file)
    try:
        return opened.load(name)
    finally:
        opened.close()


@pytest.mark.parametrize(
    "array", [ARRAY, np.asfortranarray(ARRAY), ARRAY.astype(">i4"), ARRAY[:0], ARRAY[5, 1]]
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_kind_of_array_comes_back(
    save: object, array: "np.ndarray[tuple[int, ...], np.dtype[np.int32]]", tmp_path: Path
) -> None:
    """Row by row or column by column, in either byte order, empty or single, packed or not."""
    assert callable(save)
    save(tmp_path / "d.npz", x=array)
    found = read(tmp_path / "d.npz")
    assert found.shape == array.shape
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


def test_arrays_that_are_not_packed_are_mapped(tmp_path: Path) -> None:
    """A file larger than memory can be used: nothing is read before it is asked for."""
    np.savez(tmp_path / "d.npz", x=ARRAY)
    assert isinstance(read(tmp_path / "d.npz"), np.memmap)


def test_a_mapped_array_cannot_be_written(tmp_path: Path) -> None:
    """The data of a person are never changed."""
    np.savez(tmp_path / "d.npz", x=ARRAY)
    assert not read(tmp_path / "d.npz").flags.writeable


def test_python_objects_are_refused(tmp_path: Path) -> None:
    """An array of objects is a pickle, and a pickle runs code."""
    np.savez(tmp_path / "d.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(JobError, match="Python objects") as caught:
        read(tmp_path / "d.npz")
    assert "astype" in caught.value.hint


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.9, 0.999])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_file_that_is_cut_short_is_an_error(save: object, share: float, tmp_path: Path) -> None:
    """Wherever a copy stopped, there is one sentence and no half data."""
    assert callable(save)
    save(tmp_path / "d.npz", x=ARRAY, y=ARRAY[:, 0])
    whole = (tmp_path / "d.npz").read_bytes()
    (tmp_path / "d.npz").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(JobError, match=r"^d.npz is "):
        read(tmp_path / "d.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_flipped_bit_is_noticed(save: object, tmp_path: Path) -> None:
    """Mapped data are checked against their sum as unpacked ones are: a wrong figure would look right."""
    assert callable(save)
    # Larger than what is read to describe an array.
    save(tmp_path / "d.npz", x=np.random.default_rng(0).random(100_000))
    raw = bytearray((tmp_path / "d.npz").read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "d.npz").write_bytes(raw)
    with pytest.raises(JobError, match="is damaged"):
        read(tmp_path / "d.npz")


def test_a_pickle_is_no_npz(tmp_path: Path) -> None:
    """numpy.load would ask whether to trust it; here there is nothing to ask."""
    (tmp_path / "d.npz").write_bytes(pickle.dumps(ARRAY))
    with pytest.raises(JobError, match=r"is not an \.npz file"):
        read(tmp_path / "d.npz")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """The sentence names the file and the reason."""
    with pytest.raises(JobError, match=r"gone\.npz cannot be read \(No such file"):
        Npz(tmp_path / "gone.npz")


def test_an_array_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file may hold a large array of zeros; the hint says how to save it so that it is mapped."""
    monkeypatch.setattr(npz, "UNPACKED", 10_000)
    np.savez_compressed(tmp_path / "d.npz", x=ARRAY)
    with pytest.raises(JobError, match="more than") as caught:
        read(tmp_path / "d.npz")
    assert "numpy.savez instead" in caught.value.hint


def test_a_header_that_lies_about_the_length_is_damage(tmp_path: Path) -> None:
    """The declared shape must fill the member exactly, or rows would be made of other bytes."""
    np.savez(tmp_path / "d.npz", x=ARRAY)
    with zipfile.ZipFile(tmp_path / "d.npz") as archive:
        member = archive.read("x.npy")
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("x.npy", member.replace(b"(1000, 3)", b"(9000, 3)"))
    with pytest.raises(JobError, match="not as long as it says"):
        read(tmp_path / "d.npz")
