"""Reading .npy files: which belong together, and which are refused."""

import hashlib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine.data.readers import open_source
from storage.errors import JobError

X, Y = np.arange(30, dtype=np.float32).reshape(10, 3), np.arange(10)


def save(folder: Path, **arrays: object) -> Path:
    """Save each array under its own name; return the first file."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)  # type: ignore[arg-type]
    return folder / f"{next(iter(arrays))}.npy"


@pytest.mark.parametrize(("inputs", "targets"), [("x_test", "y_test"), ("test_x", "test_y"), ("t.x", "t.y")])
@pytest.mark.parametrize("named", [0, 1])
def test_inputs_and_targets_lie_beside_each_other(
    inputs: str, targets: str, named: int, tmp_path: Path
) -> None:
    """Whichever of the two files is named, both are read; those of another set are not."""
    save(tmp_path, **{inputs: X, targets: Y, "x_train": X[:2], "y_train": Y[:2]})
    with closing(open_source(tmp_path / f"{(inputs, targets)[named]}.npy")) as source:
        assert {column.name for column in source.columns} == {"x", "y"}
        assert source.rows == 10
        assert np.array_equal(source.read(2, 5)["y"], Y[2:5])


def test_several_inputs_have_files_of_their_own(tmp_path: Path) -> None:
    """What stands after the set's name is the input's name."""
    file = save(tmp_path, test_left=X, test_right=X[:, :1], test_y=Y)
    with closing(open_source(file)) as source:
        assert [column.name for column in source.columns] == ["left", "right", "y"]


def test_an_array_with_named_fields_is_a_table(tmp_path: Path) -> None:
    """A structured array holds inputs and targets in one file."""
    records = np.zeros(4, dtype=[("x", np.float32, (3,)), ("y", np.int64)])
    records["y"] = [3, 1, 2, 0]
    with closing(open_source(save(tmp_path, test=records))) as source:
        assert [(column.name, column.shape) for column in source.columns] == [("x", (3,)), ("y", ())]
        assert source.read(0, 4)["y"].tolist() == [3, 1, 2, 0]


def test_nothing_is_read_before_it_is_used(tmp_path: Path) -> None:
    """A file larger than memory can be opened."""
    with closing(open_source(save(tmp_path, test_x=X, test_y=Y))) as source:
        assert isinstance(source.read(0, 10)["x"], np.memmap)


def test_python_objects_are_refused(tmp_path: Path) -> None:
    """An array of objects is a pickle, and a pickle runs code."""
    file = save(tmp_path, test=np.array([{"a": 1}], dtype=object))
    with pytest.raises(JobError, match="Python objects"):
        open_source(file)


@pytest.mark.parametrize(
    ("kept", "words"), [(200, "cut short: 72 of the 120 bytes"), (20, "damaged"), (9, "damaged")]
)
def test_a_file_that_is_cut_short_is_an_error(kept: int, words: str, tmp_path: Path) -> None:
    """Mapping would find the missing half only when it is used, and end the process."""
    file = save(tmp_path, test=X)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(JobError, match=words):
        open_source(file)


def test_a_header_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """A shape larger than any memory is compared with the file before anything is reserved for it."""
    file = save(tmp_path, test=X)
    file.write_bytes(file.read_bytes().replace(b"(10, 3), }" + b" " * 20, b"(9" + b"9" * 21 + b", 3), }"))
    with pytest.raises(JobError, match="cut short"):
        open_source(file)


def test_the_hash_is_what_sha256sum_prints(tmp_path: Path) -> None:
    """Of several files, the list is hashed: a person can check it."""
    files = [save(tmp_path, test_x=X), save(tmp_path, test_y=Y)]
    listed = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    with closing(open_source(files[0])) as source:
        assert source.sha256() == hashlib.sha256(listed.encode()).hexdigest()
