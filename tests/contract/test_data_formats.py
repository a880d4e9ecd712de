"""What every data format promises: one body for all of them."""

import hashlib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine.data.columns import choose
from engine.data.readers import FORMATS, chunks, open_source
from engine.data.readers.source import TEXT, Source
from engine.data.stacked import Stacked
from storage.errors import JobError
from storage.settings import Data
from tests import data_files
from tests.data_files import CLASSES, IMAGES, ROWS, WRITERS, Write, as_images

each_format = pytest.mark.parametrize(
    "write",
    [write for known in FORMATS for write in WRITERS[known.name]],
    ids=[f"{known.name}-{write.__name__}" for known in FORMATS for write in WRITERS[known.name]],
)


def pixels(source: Source, start: int, stop: int) -> "data_files.Bytes":
    """Return images as the columns that would be chosen for a model give them."""
    [found] = choose(source, (), Data()).inputs
    columns = source.read(start, stop, [column.name for column in found.columns])
    whole = Stacked(list(columns.values()), "uint8")[:] if len(columns) > 1 else next(iter(columns.values()))
    return as_images(whole)


@each_format
def test_the_same_numbers_whatever_the_format(write: Write, tmp_path: Path) -> None:
    """A model is judged on the same examples however they were saved."""
    with closing(open_source(write(tmp_path))) as source:
        assert source.rows == ROWS
        assert np.array_equal(pixels(source, 0, ROWS), IMAGES)
        target = choose(source, (), Data()).target.name
        assert np.array_equal(source.read(0, ROWS, [target])[target].astype(np.int64), CLASSES)


@each_format
def test_rows_are_read_in_any_order(write: Write, tmp_path: Path) -> None:
    """Forward, over gaps and back again, the rows are those that were asked for."""
    with closing(open_source(write(tmp_path))) as source:
        for start, stop in ((0, 3), (3, 9), (12, 13), (20, 23), (1, 2)):
            assert np.array_equal(pixels(source, start, stop), IMAGES[start:stop])


@each_format
def test_chunks_are_the_whole(write: Write, tmp_path: Path) -> None:
    """Chunks of a size that does not divide the rows leave none out."""
    with closing(open_source(write(tmp_path))) as source:
        places = [(start, stop) for start, stop, _columns in chunks(source, rows=10)]
    assert places == [(0, 10), (10, 20), (20, 23)]


@each_format
def test_columns_tell_what_is_read(write: Write, tmp_path: Path) -> None:
    """Names, types and shapes are known before anything is read."""
    with closing(open_source(write(tmp_path))) as source:
        found = source.read(0, 4)
        assert list(found) == [column.name for column in source.columns]
        for column in source.columns:
            assert found[column.name].shape == (4, *column.shape)
            assert column.dtype == (
                TEXT if found[column.name].dtype.kind == "U" else found[column.name].dtype.name
            )


@each_format
def test_the_hash_tells_one_content_from_another(write: Write, tmp_path: Path) -> None:
    """A single file's is what sha256sum prints, and one byte more in any file changes it."""
    path = write(tmp_path)
    with closing(open_source(path)) as source:
        before = source.sha256()
        if len(source.files) == 1:
            assert before == hashlib.sha256(path.read_bytes()).hexdigest()
        with source.files[-1].open("ab") as stream:
            stream.write(b"\0")
        assert source.sha256() != before


def failure(path: Path) -> JobError | None:
    """Return why a data set cannot be read, or ``None``."""
    try:
        with closing(open_source(path)) as source:
            source.read(0, source.rows)
    except JobError as error:
        return error
    return None


@each_format
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5])
def test_a_file_that_is_cut_short_is_one_sentence(write: Write, share: float, tmp_path: Path) -> None:
    """Wherever a copy stopped, there is a sentence that names the file, and what to do."""
    path = write(tmp_path)
    with closing(open_source(path)) as source:
        file = source.files[0]
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    error = failure(path)
    assert error is not None
    assert path.name in error.message or file.name in error.message
    assert error.hint


def test_what_is_no_data_is_told_which_formats_there_are(tmp_path: Path) -> None:
    """A person sees at once what the file could be converted to."""
    (tmp_path / "test.xyz").write_text("hello")
    with pytest.raises(JobError, match=r"test\.xyz is not in a data format .*npz.*CSV"):
        open_source(tmp_path / "test.xyz")
