"""A history as a Parquet file: it holds what JSON holds, is never half there, and takes the place of nothing."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from storage.vocabulary import ExitCode
from tests.unit.tui.commands.conftest import Run
from tui.commands import parquet


def test_a_parquet_file_holds_what_json_holds(ask: Run, tmp_path: Path) -> None:
    """Every value is there, with its time as a time, and what is not known as such."""
    file = tmp_path / "history.parquet"
    said = ask("history", "mnist", "--parquet", str(file))
    assert said.status == ExitCode.DONE, said.err
    assert said.out.startswith(f"{file}: 6 values, ")
    table = pyarrow.parquet.read_table(file)
    assert table.schema.field("at").type == pa.timestamp("us", tz="UTC")
    expected = ask("history", "mnist", "--json").json
    assert [row | {"at": row["at"].isoformat()} for row in table.to_pylist()] == [
        row | {"at": datetime.fromisoformat(row["at"]).isoformat()} for row in expected
    ]
    assert table.column("low").null_count == 3
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name] == []


def test_nothing_is_written_over(ask: Run, tmp_path: Path) -> None:
    """A file that is there stays as it is, and one that cannot be written is told in a sentence."""
    file = tmp_path / "history.parquet"
    file.write_text("precious")
    said = ask("history", "mnist", "--parquet", str(file))
    assert said.status == ExitCode.USAGE
    assert "exists already" in said.err
    assert file.read_text() == "precious"
    nowhere = ask("history", "mnist", "--parquet", str(tmp_path / "nowhere" / "history.parquet"))
    assert nowhere.status == ExitCode.USAGE
    assert "cannot be written" in nowhere.err


def test_without_pyarrow_it_says_how_to_get_it(
    ask: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence what is missing, one what helps."""
    monkeypatch.setattr(parquet, "LIBRARY", "a_library_that_is_not_installed")
    said = ask("history", "mnist", "--parquet", str(tmp_path / "history.parquet"))
    assert said.status == ExitCode.USAGE
    assert "pip install 'modeltender[data]'" in said.err
