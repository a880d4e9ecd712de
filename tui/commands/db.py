"""``modeltender db``: what the database takes, whether it is whole, and copies of it."""

from pathlib import Path

import click
import msgspec

from storage import salvaging, upkeep
from storage.errors import EngineError
from storage.vocabulary import ExitCode
from storage.workspace import Workspace, check_writable, engine_lock, engine_pid
from tui.commands.figures import size
from tui.commands.options import standard_options
from tui.commands.output import remark, show_document, show_text
from tui.commands.reading import to_look
from tui.commands.tables import table


class StatsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``db stats``."""

    file: str
    bytes: int
    """With what lies beside it and is not yet written back."""
    free_bytes: int
    """Of it, what holds nothing and will be used again, or given back by ``db compact``."""
    tables: tuple[upkeep.TableSize, ...]
    growth: upkeep.Growth


class CompactDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``db compact``."""

    file: str
    before_bytes: int
    after_bytes: int


class BackupDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``db backup``."""

    file: str
    bytes: int


class VerifyDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``db verify``."""

    file: str
    whole: bool
    problems: tuple[str, ...]
    kept: str | None
    """Where the damaged database lies that a new one was made of."""
    tables: tuple[salvaging.Loss, ...]
    """What was had of it."""


@click.group(epilog="Example: modeltender db stats")
def db() -> None:
    """Look after the database: its size, whether it is intact, and copies of it."""


@db.command(epilog="Example: modeltender db stats --json")
@standard_options
def stats(*, workspace: Workspace, as_json: bool) -> int:
    """Say how much space each table takes, and how much a model adds in a year."""
    with to_look(workspace) as reader, reader.transaction() as connection:
        tables = upkeep.sizes(connection)
        document = StatsDocument(
            file=str(workspace.database),
            bytes=upkeep.taken(workspace.database),
            free_bytes=upkeep.pragma(connection, "freelist_count") * upkeep.pragma(connection, "page_size"),
            tables=tuple(tables),
            growth=upkeep.growth(connection, tables),
        )
    if as_json:
        show_document(document)
    else:
        show_text(_stats_text(document))
    return ExitCode.DONE


@db.command(epilog="Example: modeltender db compact")
@standard_options
def compact(*, workspace: Workspace, as_json: bool) -> int:
    """Return disk space that the database no longer uses.

    In small steps, while the engine and viewers keep working.
    """
    before = upkeep.taken(workspace.database)
    upkeep.compact(workspace.database)
    document = CompactDocument(
        file=str(workspace.database), before_bytes=before, after_bytes=upkeep.taken(workspace.database)
    )
    if as_json:
        show_document(document)
    else:
        show_text(f"{document.file}: {size(before)} before, {size(document.after_bytes)} now.")
    return ExitCode.DONE


@db.command(
    short_help="Copy the database to FILE while the engine works.",
    epilog="Example: modeltender db backup /backups/models-2026-11-27.db",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@standard_options
def backup(*, workspace: Workspace, as_json: bool, file: Path) -> int:
    """Copy the database to FILE, as it is at this moment, while the engine works.

    To restore it: stop the engine, replace .modeltender/modeltender.db with FILE, and remove the files beside it that
    end in -wal and -shm.
    """
    with to_look(workspace) as reader:
        document = BackupDocument(file=str(file), bytes=upkeep.back_up(reader, file))
    if as_json:
        show_document(document)
    else:
        show_text(f"{document.file}: {size(document.bytes)}.")
    return ExitCode.DONE


@db.command(epilog="Example: modeltender db verify --salvage")
@click.option("--salvage", is_flag=True, help="Make a new database from what can be read of a damaged one.")
@standard_options
def verify(*, workspace: Workspace, as_json: bool, salvage: bool) -> int:
    """Read every page of the database and say whether it is intact.

    With --salvage, a new database is made from what can be read of a damaged one, which is kept beside it; the command
    says what was lost. The engine must be stopped for that.
    """
    found = upkeep.problems(workspace.database) if workspace.database.exists() else ["it does not exist"]
    kept, tables = None, list[salvaging.Loss]()
    if found and salvage and workspace.database.exists():
        if engine_pid(workspace) is not None:
            raise EngineError("The engine works with the database.", "Stop it first: modeltender engine stop")
        check_writable(workspace)
        with engine_lock(workspace):
            kept, tables = salvaging.salvage(workspace.database)
    document = VerifyDocument(
        file=str(workspace.database),
        whole=not found,
        problems=tuple(found),
        kept=None if kept is None else str(kept),
        tables=tuple(tables),
    )
    if as_json:
        show_document(document)
    else:
        show_text(_verify_text(document))
        if found and kept is None:
            remark("Stop the engine, then: modeltender db verify --salvage")
    return ExitCode.DONE if not found or kept else ExitCode.NO


def _stats_text(document: StatsDocument) -> str:
    headings = ["TABLE", "ROWS", "SIZE"]
    rows = [[one.name, f"{one.rows:,}", size(one.bytes)] for one in document.tables if one.rows]
    growth = document.growth
    yearly = growth.bytes_per_model_year
    lines = [
        f"{document.file}: {size(document.bytes)}, of which {size(document.free_bytes)} are free",
        table(headings, rows, right=headings[1:]),
        f"{growth.evaluations:,} evaluations of {growth.models:,} models: "
        + (
            f"{size(int(yearly))} a model and year at this rate"
            if yearly is not None
            else "too few yet to tell what a year takes"
        ),
    ]
    return "\n\n".join(lines)


def _verify_text(document: VerifyDocument) -> str:
    if document.whole:
        return f"{document.file} is whole."
    lines = [f"{document.file} is damaged:", *(f"  {problem}" for problem in document.problems)]
    if document.kept is not None:
        rows = [
            [one.table, f"{one.rows:,}", "all" if one.complete else "a part is lost"]
            for one in document.tables
            if one.rows or not one.complete
        ]
        lines += ["", f"It is kept as {document.kept}; a new one holds:", table(["TABLE", "ROWS", ""], rows)]
    return "\n".join(lines)
