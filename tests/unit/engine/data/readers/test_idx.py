"""Reading MNIST's files: companions, and headers that lie."""

import gzip
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine.data.readers import idx, open_source
from storage.errors import JobError
from tests import data_files

IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def read(path: Path) -> None:
    """Read all rows."""
    with closing(open_source(path)) as source:
        source.read(0, source.rows)


@pytest.mark.parametrize("named", [IMAGES, LABELS])
def test_either_file_leads_to_both(named: str, tmp_path: Path) -> None:
    """Images are the inputs, labels the targets, whichever is named."""
    data_files.idx(tmp_path)
    with closing(open_source(tmp_path / named)) as source:
        assert [column.name for column in source.columns] == ["x", "y"]


@pytest.mark.parametrize("missing", [IMAGES, LABELS])
def test_a_missing_companion_is_named(missing: str, tmp_path: Path) -> None:
    """The hint is the very file name to look for."""
    data_files.idx(tmp_path)
    (tmp_path / missing).unlink()
    there = IMAGES if missing == LABELS else LABELS
    with pytest.raises(JobError, match=f"{there} has no {missing.split('-')[1]} beside it") as caught:
        open_source(tmp_path / there)
    assert missing.split("-")[1] in caught.value.hint


def test_packed_and_unpacked_labels_side_by_side_are_two(tmp_path: Path) -> None:
    """They may be of different content, and nobody said which."""
    data_files.idx(tmp_path)
    data_files.packed_idx(tmp_path)
    with pytest.raises(JobError, match="lie beside each other"):
        open_source(tmp_path / IMAGES)


def test_unpacked_files_are_mapped(tmp_path: Path) -> None:
    """Nothing is read before it is used."""
    with closing(open_source(data_files.idx(tmp_path))) as source:
        assert isinstance(source.read(0, 2)["x"], np.memmap)


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(("file", "byte"), [(IMAGES, 7), (LABELS, 7), (IMAGES, 11)])
def test_a_header_that_lies_is_refused(file: str, byte: int, packed: str, tmp_path: Path) -> None:
    """More rows or pixels than the file has, before memory is reserved for them."""
    path = (data_files.packed_idx if packed else data_files.idx)(tmp_path).with_name(file + packed)
    raw = bytearray(gzip.decompress(path.read_bytes()) if packed else path.read_bytes())
    raw[byte] += 1
    path.write_bytes(gzip.compress(raw) if packed else raw)
    with pytest.raises(JobError, match=r"is not as long as its header says|differ in rows"):
        read(path)


def test_counts_that_differ_are_told(tmp_path: Path) -> None:
    """A label too few would pair every image behind it with a wrong one."""
    path = data_files.idx(tmp_path)
    labels = tmp_path / LABELS
    raw = bytearray(labels.read_bytes())[:-1]
    raw[7] -= 1
    labels.write_bytes(raw)
    with pytest.raises(JobError, match="differ in rows: x has 23, y has 22"):
        open_source(path)


def test_a_packed_file_that_claims_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A packed file of zeros is a thousand times larger than it looks."""
    monkeypatch.setattr(idx, "UNPACKED", 100)
    path = data_files.packed_idx(tmp_path)
    with pytest.raises(JobError, match="more than") as caught:
        read(path)
    assert "Unpack it" in caught.value.hint
