"""MLflow: the models that a registry knows, from its SQLite database or its folder of files, as they lie on the disk.

MLflow itself is not needed. Its flavours do not matter here: a version's folder holds the model beside requirements and
the like, and the examiner says what it is. A registry serves nothing; what people deploy by it has the stage
``Production``, or else the alias ``champion``.
"""

import re
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

from engine.imports.found import FoundModel, FoundVersion, located, shown
from storage.errors import JobError
from storage.text import clean
from storage.vocabulary import ImportKind

DATABASE: Final = "mlflow.db"
"""What MLflow calls its database where nobody says another name."""

FILES: Final = "mlruns"
"""The folder of its store of files."""

ARTEFACTS: Final = "mlartifacts"
"""Where its server keeps what it stores for clients."""

META: Final = "meta.yaml"

ROWS: Final = 100_000
"""Versions of a registry that are read: far more than any has."""

READ_S: Final = 10.0
"""How long a registry's database may take to answer; its tables are small."""

STEPS: Final = 10_000
"""Of SQLite's machine between two looks at the clock: less than a millisecond."""

SQLITE: Final = b"SQLite format 3\x00"

PRODUCTION: Final = "Production"
CHAMPION: Final = "champion"

DELETED: Final = "Deleted_Internal"
"""The stage of a version that was deleted, whose row stays."""

LINE = re.compile(r"^([a-z_]+): *(.*)$", re.MULTILINE)
"""A line of a version's ``meta.yaml``: all that is wanted there is a plain value of the outermost level."""

META_BYTES: Final = 1024 * 1024
"""Of a ``meta.yaml`` that is read: a description may be long, and no honest one is longer."""


class _Registered(NamedTuple):
    """A version as the registry has it."""

    number: int
    place: str
    stage: str
    aliases: tuple[str, ...]


def read(source: Path) -> tuple[FoundModel, ...]:
    """Return the models of a registry; none where a file or folder is no registry of MLflow.

    Raises:
        JobError: it is one, and cannot be read.
    """
    if source.is_file():
        return _of_database(source) if _is_database(source) else ()
    for folder in (source, source / FILES):
        found = [
            _model(meta.parent.name, _of_files(meta.parent), folder.parent)
            for meta in sorted(folder.glob(f"models/*/{META}"))
            if meta.is_file()
        ]
        if found:
            return tuple(found)
    file = source / DATABASE
    return _of_database(file) if file.is_file() else ()


def _is_database(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(SQLITE)) == SQLITE


def _of_database(file: Path) -> tuple[FoundModel, ...]:
    # Opened as what does not change, a database gets no files of SQLite's beside it; what is in a write-ahead log needs them.
    way = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?{way}", uri=True)) as connection:
            _restrain(connection)
            rows = connection.execute(
                "SELECT * FROM model_versions ORDER BY name, version LIMIT ?", (ROWS,)
            ).fetchall()
            aliases = _aliases(connection)
    except sqlite3.Error as error:
        raise JobError(
            f"{shown(file)} is no registry of MLflow that can be read ({clean(str(error), 100)}).",
            "Name the database or the mlruns folder of MLflow 2 or 3.",
            code="no-source",
        ) from None
    found: dict[str, list[_Registered]] = {}
    for row in rows:
        columns = dict(row)
        place = str(columns.get("storage_location") or columns["source"] or "")
        given = tuple(aliases.get((columns["name"], columns["version"]), ()))
        one = _Registered(int(columns["version"]), place, str(columns["current_stage"] or ""), given)
        found.setdefault(str(columns["name"]), []).append(one)
    return tuple(_model(name, versions, file.parent) for name, versions in found.items())


def _restrain(connection: sqlite3.Connection) -> None:
    """Have a stranger's database answer in time, and call nothing that its views may name."""
    deadline = time.monotonic() + READ_S
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)


def _aliases(connection: sqlite3.Connection) -> dict[tuple[str, int], list[str]]:
    """Return the aliases of each version; before MLflow 2.3 there were none."""
    known = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE name = 'registered_model_aliases'"
    ).fetchone()
    found: dict[tuple[str, int], list[str]] = {}
    if known:
        for row in connection.execute(
            "SELECT name, version, alias FROM registered_model_aliases ORDER BY alias LIMIT ?", (ROWS,)
        ):
            found.setdefault((row["name"], int(row["version"])), []).append(clean(str(row["alias"])))
    return found


def _of_files(folder: Path) -> list[_Registered]:
    aliases: dict[str, list[str]] = {}
    for file in sorted(folder.glob("aliases/*")):
        if file.is_file():
            aliases.setdefault(_text(file).strip(), []).append(clean(file.name))
    found = []
    for meta in folder.glob(f"version-*/{META}"):
        number = meta.parent.name.removeprefix("version-")
        if not (number.isascii() and number.isdigit() and meta.is_file()):
            continue
        values = dict(LINE.findall(_text(meta)))
        place = _value(values, "storage_location") or _value(values, "source")
        stage = _value(values, "current_stage")
        found.append(_Registered(int(number), place, stage, tuple(aliases.get(number, ()))))
    return sorted(found)


def _text(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.read(META_BYTES).decode(errors="replace")


def _value(values: Mapping[str, str], name: str) -> str:
    written = values.get(name, "").strip()
    if written[:1] in {"'", '"'} and written[-1:] == written[:1]:
        return written[1:-1]
    return "" if written in {"null", "~"} else written


def _model(name: str, versions: list[_Registered], beside: Path) -> FoundModel:
    kept = [version for version in versions if version.stage != DELETED]
    deployed = {version.number for version in kept if version.stage == PRODUCTION} or {
        version.number for version in kept if CHAMPION in version.aliases
    }
    return FoundModel(
        clean(name),
        ImportKind.MLFLOW,
        beside,
        tuple(_version(version, beside, served=version.number in deployed) for version in kept),
    )


def _version(version: _Registered, beside: Path, *, served: bool) -> FoundVersion:
    folder, problem = _place(version.place, beside)
    return FoundVersion(version.number, folder, served, version.aliases, problem=problem)


def _place(written: str, beside: Path) -> tuple[Path, str]:
    """Return the folder of a version, or, where it is not here, what to call it and why."""
    scheme, colon, rest = written.partition(":")
    local = not colon or scheme == "file"
    path = unquote(rest.removeprefix("//") if colon else written) if local else rest
    # What a server stores for its clients lies where it runs, in a folder of its own name.
    found = located(path, beside) if local else None
    if scheme == "mlflow-artifacts":
        found = located(f"/{rest.strip('/')}", beside / ARTEFACTS)
    if found is not None:
        return found, ""
    place = clean(written) or "nowhere"
    if local or scheme == "mlflow-artifacts":
        return Path(path), f"there is no folder {place} here, nor one of its name beside the registry"
    return Path(path), f"it lies at {place} and not on this machine: copy it here, and register the copy"
