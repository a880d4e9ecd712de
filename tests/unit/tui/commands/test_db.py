"""The database's own commands."""

import shutil
from pathlib import Path

from storage.database import Writer
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Run


def test_stats_tell_every_table(ask: Run, filled: Workspace) -> None:
    """The document has the file, each table's rows, and what a year takes; a person gets it in 80 columns."""
    found = ask("db", "stats", "--json").json
    assert found["file"] == str(filled.database)
    rows = {one["name"]: one["rows"] for one in found["tables"]}
    assert rows["models"] == 2
    assert found["growth"]["evaluations"] == rows["evaluations"]
    lines = ask("db", "stats").out.splitlines()
    assert any(line.startswith("models ") for line in lines)
    assert max(map(len, lines[1:])) <= 80


def test_a_backup_can_be_gone_back_to(
    ask: Run, run: Run, filled: Workspace, writer: Writer, tmp_path: Path
) -> None:
    """A copy in the place of the database tells what the database told."""
    before = ask("models", "--json").json
    said = ask("db", "backup", str(tmp_path / "copy.db"), "--json")
    assert said.json["bytes"] == (tmp_path / "copy.db").stat().st_size
    assert ask("db", "backup", str(tmp_path / "copy.db")).status == ExitCode.USAGE
    with writer.transaction() as connection:
        connection.execute("UPDATE models SET task = NULL")
    writer.close()
    for file in filled.database.parent.glob("modeltender.db-*"):
        file.unlink()
    shutil.copyfile(tmp_path / "copy.db", filled.database)
    assert run("models", "--json", "--workspace", str(filled.root)).json == before


def test_compact_tells_what_it_gave_back(ask: Run) -> None:
    """The sizes before and after are told."""
    found = ask("db", "compact", "--json").json
    assert found["before_bytes"] > 0
    assert "now." in ask("db", "compact").out


def test_a_whole_database_is_whole(ask: Run) -> None:
    """The answer is yes."""
    said = ask("db", "verify", "--json")
    assert (said.status, said.json["whole"], said.json["problems"]) == (ExitCode.DONE, True, [])
    assert ask("db", "verify").out.endswith("is whole.\n")


def test_a_damaged_database_is_told_and_salvaged_when_the_engine_is_stopped(
    run: Run, stopped: Workspace, writer: Writer
) -> None:
    """The answer is no with what helps; salvaging keeps the damaged file, and afterwards the answer is yes."""
    writer.close()
    stopped.database.write_bytes(b"something else " * 1000)
    place = ("--workspace", str(stopped.root))
    said = run("db", "verify", *place)
    assert said.status == ExitCode.NO
    assert "db verify --salvage" in said.err
    said = run("db", "verify", "--salvage", "--json", *place)
    assert said.status == ExitCode.DONE
    assert Path(said.json["kept"]).read_bytes().startswith(b"something else")
    assert run("db", "verify", *place).status == ExitCode.DONE


def test_nothing_is_salvaged_under_a_running_engine(ask: Run, filled: Workspace, writer: Writer) -> None:
    """While an engine holds the database it stays as it is."""
    writer.close()
    filled.database.write_bytes(b"something else " * 1000)
    said = ask("db", "verify", "--salvage")
    assert said.status == ExitCode.UNREACHABLE
    assert "engine stop" in said.err
    assert filled.database.read_bytes().startswith(b"something else")
