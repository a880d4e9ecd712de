"""Reading tables of text that anybody may have written."""

import gzip
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine.data.readers import csv, open_source
from engine.data.readers.source import TEXT
from engine.data.readers.stream import Rows
from storage.errors import JobError


def table(folder: Path, content: str | bytes, name: str = "test.csv") -> Path:
    """Write a file."""
    raw = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return folder / name


def read(path: Path) -> Rows:
    """Return all rows."""
    with closing(open_source(path)) as source:
        return source.read(0, source.rows)


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (["1", "-2", "3"], "int64"),
        (["1", "2.5", "-3e2"], "float64"),
        (["1", "99999999999999999999", "3"], "float64"),
        (["true", "false", "True"], "bool"),
        (["1", "two", "3"], TEXT),
        (["nan", "1", "inf"], "float64"),
        (["2024-01-31", "2024-02-01", "2024-02-02"], TEXT),
    ],
)
def test_a_column_is_the_narrowest_that_holds_all_its_cells(
    cells: list[str], dtype: str, tmp_path: Path
) -> None:
    """What a column is does not depend on what stands first."""
    for ordered in (cells, cells[::-1]):
        with closing(open_source(table(tmp_path, "a\n" + "\n".join(ordered) + "\n"))) as source:
            assert [column.dtype for column in source.columns] == [dtype]


@pytest.mark.parametrize(("late", "dtype"), [("1.5", "float64"), ("one", TEXT), ("", "int64")])
def test_a_later_block_may_change_what_a_column_is(
    late: str, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is taken for what it is as a whole, however large."""
    monkeypatch.setattr(csv, "BLOCK", 64)
    path = table(tmp_path, "a,b\n" + "1,2\n" * 100 + f"{late},2\n")
    with closing(open_source(path)) as source:
        assert [column.dtype for column in source.columns] == [dtype, "int64"]
        assert source.columns[0].missing == (late == "")
        assert source.rows == 101


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_first_line_tells_what_separates_cells(delimiter: str, tmp_path: Path) -> None:
    """Files of spreadsheets in half of Europe have semicolons."""
    content = f"a{delimiter}b\n1{delimiter}x y\n"
    assert read(table(tmp_path, content))["b"].tolist() == ["x y"]


def test_quotes_hold_what_would_separate(tmp_path: Path) -> None:
    """Commas, line ends and doubled quotes within quotes belong to the cell."""
    content = 'a,b\n1,"x, ""y""\nz"\n2,w\n'
    assert read(table(tmp_path, content))["b"].tolist() == ['x, "y"\nz', "w"]


@pytest.mark.parametrize("cell", ["", "NA", "n/a", "null"])
def test_missing_cells_are_counted(cell: str, tmp_path: Path) -> None:
    """How many and where the first is, so that a sentence can say it; as a number they are NaN."""
    path = table(tmp_path, f"a,b\n1,5\n{cell},5\n3,5\n{cell},5\n")
    with closing(open_source(path)) as source:
        [column, _other] = source.columns
        assert (column.missing, column.first_missing) == (2, 1)
        assert np.array_equal(source.read(0, 4)["a"], [1, np.nan, 3, np.nan], equal_nan=True)


def test_a_packed_file_is_read_as_it_is(tmp_path: Path) -> None:
    """Nobody has to unpack a table first."""
    assert read(table(tmp_path, "a,b\n1,2\n3,4\n", "test.csv.gz"))["b"].tolist() == [2, 4]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n1,2\n3\n", "has 1 cells in line 3, but 2 columns"),
        ("a,b\n1,2,3\n", "has 3 cells in line 2, but 2 columns"),
        ("a,a\n1,2\n", "two columns called a"),
        ("5,6\n1,2\n", "numbers where columns are named"),
        (b"a,b\n1,\xff\xfe\n", "not text in UTF-8"),
        (b"\xff\xfea\0,\0b\0", "not text in UTF-8"),
        ('a,b\n1,"2\n3,4\n', "a quote that is never closed"),
    ],
)
def test_what_is_no_table_is_told(content: str | bytes, words: str, tmp_path: Path) -> None:
    """Each mistake has its own sentence, which says where."""
    with pytest.raises(JobError, match=rf"test\.csv (is|has) .*{words}|{words}") as caught:
        read(table(tmp_path, content))
    assert caught.value.hint


def test_a_row_without_end_is_refused(tmp_path: Path) -> None:
    """Memory grows with a limit, never with what a file says."""
    with pytest.raises(JobError, match="a row of more than 4 MiB"):
        read(table(tmp_path, "a,b\n" + "x" * (3 * csv.BLOCK) + ",1\n"))


def test_a_packed_file_that_is_cut_short_is_damaged(tmp_path: Path) -> None:
    """Half a table must not be taken for a whole one."""
    path = table(tmp_path, "a,b\n" + "1,2\n" * 1000, "test.csv.gz")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(JobError, match="damaged"):
        read(path)


def test_a_file_that_shrinks_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    """What was counted must be there when it is read."""
    path = table(tmp_path, "a,b\n" + "1,2\n" * 10)
    with closing(open_source(path)) as source:
        with path.open("r+") as stream:
            stream.truncate(20)
        with pytest.raises(JobError, match="changed while it was read"):
            source.read(0, 10)
