"""Reading Parquet files: types, gaps, and damage."""

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.data.readers import open_source
from engine.data.readers.source import Column
from storage.errors import JobError


def table(folder: Path, **columns: Any) -> Path:
    """Write columns in row groups of four."""
    parquet.write_table(pa.table(columns), folder / "test.parquet", row_group_size=4)
    return folder / "test.parquet"


def columns_of(path: Path) -> tuple[Column, ...]:
    """Return what a file's columns are."""
    with closing(open_source(path)) as source:
        return source.columns


@pytest.mark.parametrize(
    ("values", "dtype", "shape"),
    [
        (pa.array([1, 2], pa.int8()), "int8", ()),
        (pa.array([1, 2], pa.float16()), "float16", ()),
        (pa.array([True, False]), "bool", ()),
        (pa.array(["a", "b"]).dictionary_encode(), "str", ()),
        (pa.array(["a", "b"], pa.large_string()), "str", ()),
        (pa.array([[1.0, 2.0], [3.0, 4.0]]), "float64", (2,)),
        (pa.array([[[1], [2]], [[3], [4]]], pa.list_(pa.list_(pa.int32(), 1))), "int32", (2, 1)),
    ],
)
def test_types_become_numpys(values: Any, dtype: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    """Numbers, truth values, texts, and lists of numbers."""
    assert columns_of(table(tmp_path, a=values)) == (Column("a", dtype, shape),)


def test_what_is_no_number_and_no_text_is_passed_over(tmp_path: Path) -> None:
    """A table of features often has a time or a record beside them."""
    path = table(tmp_path, a=[1], at=pa.array([0], pa.timestamp("s")), record=[{"b": 1}])
    assert [column.name for column in columns_of(path)] == ["a"]


@pytest.mark.parametrize("statistics", [True, False])
def test_gaps_are_counted_and_nan_is_none(statistics: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    """A null is missing whether or not the footer tells of it; a NaN was written."""
    found = pa.table({"a": [1.0, float("nan"), 3, 4, 5, None, 7], "b": range(7)})
    parquet.write_table(found, tmp_path / "test.parquet", row_group_size=4, write_statistics=statistics)
    assert columns_of(tmp_path / "test.parquet") == (Column("a", "float64", (), 1, 5), Column("b", "int64"))


def test_a_gap_among_integers_is_nan(tmp_path: Path) -> None:
    """No integer stands for what is missing."""
    with closing(open_source(table(tmp_path, a=[1, None, 3]))) as source:
        assert np.array_equal(source.read(0, 3)["a"], [1, np.nan, 3], equal_nan=True)


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ([[1, 2], [3]], "not equally long"),
        ([[1, 2]] * 5 + [[1, 2, 3]] * 5, "not equally long"),
        ([[1, None]], "have gaps"),
    ],
)
def test_ragged_lists_are_refused(lists: list[Any], words: str, tmp_path: Path) -> None:
    """Within a piece of the file or between two."""
    with pytest.raises(JobError, match=f"column x of test.parquet .*{words}"):
        columns_of(table(tmp_path, x=pa.array(lists)))


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    """Which of them was meant cannot be said."""
    doubled = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    parquet.write_table(doubled, tmp_path / "test.parquet")
    with pytest.raises(JobError, match="two columns of one name"):
        columns_of(tmp_path / "test.parquet")


def test_damage_in_the_middle_is_a_sentence(tmp_path: Path) -> None:
    """Bytes that were changed within the data are noticed by their check sum or by their decoder."""
    found = pa.table({"a": np.random.default_rng(0).random(5000)})
    path = tmp_path / "test.parquet"
    parquet.write_table(found, path, write_page_checksum=True)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)
    with closing(open_source(path)) as source, pytest.raises(JobError, match="damaged"):
        source.read(0, source.rows)
