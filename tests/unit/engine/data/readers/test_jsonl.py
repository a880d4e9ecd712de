"""Reading lines of JSON that anybody may have written."""

import gzip
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine.data.readers import jsonl, open_source
from engine.data.readers.source import Column
from storage.errors import JobError


def lines(folder: Path, *written: str) -> Path:
    """Write a file."""
    (folder / "test.jsonl").write_text("\n".join(written) + "\n")
    return folder / "test.jsonl"


@pytest.mark.parametrize(
    ("values", "dtype", "shape"),
    [
        (("1", "-2"), "int64", ()),
        (("1", "2.5"), "float64", ()),
        (("true", "false"), "bool", ()),
        (('"a"', '"bcd"'), "str", ()),
        (("[1, 2]", "[3, 4]"), "int64", (2,)),
        (("[[1], [2]]", "[[3], [4.5]]"), "float64", (2, 1)),
    ],
)
def test_a_column_holds_what_all_lines_hold(
    values: tuple[str, str], dtype: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    """Numbers become as wide as they must, in whichever order they come."""
    for ordered in (values, values[::-1]):
        path = lines(tmp_path, *(f'{{"a": {value}}}' for value in ordered))
        with closing(open_source(path)) as source:
            assert source.columns == (Column("a", dtype, shape),)
            assert source.read(0, 2)["a"].shape == (2, *shape)


def test_arrays_are_named_by_their_places(tmp_path: Path) -> None:
    """A line may be an array; model.toml then names the columns 0, 1 and so on."""
    with closing(open_source(lines(tmp_path, "[[1, 2], 7]", "[[3, 4], 8]"))) as source:
        assert source.read(0, 2)["1"].tolist() == [7, 8]


def test_missing_values_are_counted(tmp_path: Path) -> None:
    """A name that is absent and a null are the same."""
    path = lines(
        tmp_path, '{"a": 1, "b": [1, 2]}', '{"a": null}', '{"b": [3, 4]}', '{"a": 4, "c": 1, "b": [5, 6]}'
    )
    with closing(open_source(path)) as source:
        assert source.columns == (
            Column("a", "int64", (), 2, 1),
            Column("b", "int64", (2,), 1, 1),
            Column("c", "int64", (), 3, 0),
        )
        found = source.read(0, 4)
    assert np.array_equal(found["a"], [1, np.nan, np.nan, 4], equal_nan=True)
    assert np.array_equal(found["b"][1], [np.nan, np.nan], equal_nan=True)


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    """A file may end in several."""
    with closing(open_source(lines(tmp_path, '{"a": 1}', "", '{"a": 2}', ""))) as source:
        assert source.rows == 2


def test_a_packed_file_is_read_as_it_is(tmp_path: Path) -> None:
    """Nobody has to unpack it first."""
    (tmp_path / "test.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n{"a": 2}\n'))
    with closing(open_source(tmp_path / "test.jsonl.gz")) as source:
        assert source.read(0, 2)["a"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ("nonsense", "no JSON in row 1"),
        ("[" * 100_000, "no JSON in row 1"),
        ("5", "neither an object nor an array in row 1"),
        ('{"x": [1, 2, 3]}', "an array of 3 after an array of 2 in column x, row 1"),
        ('{"x": [[1], [2, 3]]}', "arrays of several lengths in column x, row 1"),
        ('{"x": 5}', "a single value after an array of 2"),
        ('{"x": "five"}', "a text in column x, row 1"),
        ('{"x": {"deep": 1}}', "neither a number, a text nor an array"),
        ('{"x": ["a", "b"]}', "neither a number, a text nor an array"),
        ('{"x": [1, null]}', "neither|more than 64 bits"),
        ('{"x": [true, false]}', "truth values among numbers"),
        ('{"x": [99999999999999999999999, 1]}', "more than 64 bits|a single value|after"),
    ],
)
def test_a_line_that_is_not_as_the_first_is_named(second: str, words: str, tmp_path: Path) -> None:
    """The sentence says which row and which column."""
    with pytest.raises(JobError, match=words) as caught:
        open_source(lines(tmp_path, '{"x": [1, 2]}', second))
    assert "one object a line" in caught.value.hint


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory grows with a limit, never with what a file says."""
    monkeypatch.setattr(jsonl, "LINE", 100)
    with pytest.raises(JobError, match="a line of more than"):
        open_source(lines(tmp_path, '{"x": [' + "1, " * 100 + "1]}"))
