"""Answers as Parquet files: what a command has goes to a process of the engine's that has the library for it."""

import sys
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import msgspec

from storage.columns import ENCODER, Column, Kind
from storage.errors import WorkspaceError
from storage.text import clean

LIBRARY = "pyarrow"

KINDS: dict[object, Kind] = {
    datetime: "time",
    str: "text",
    int: "whole",
    float: "number",
    float | None: "number",
}
"""How the fields of documents are called in a table."""


def write(target: Path, kind: type[msgspec.Struct], documents: Sequence[msgspec.Struct]) -> int:
    """Write documents into a new Parquet file and return its bytes.

    Raises:
        WorkspaceError: there is a file already, it cannot be written, or pyarrow is not installed.
    """
    import subprocess

    if find_spec(LIBRARY) is None:
        raise WorkspaceError(
            "A Parquet file is written by pyarrow, which is not installed.",
            "Install it with: pip install 'modeltender[data]'; --csv needs nothing.",
            code="no-pyarrow",
        )
    if target.exists():
        raise WorkspaceError(
            f"{clean(str(target))} exists already.", "Name another file; nothing is written over."
        )
    columns = [
        Column(field.name, KINDS[field.type], [getattr(document, field.name) for document in documents])
        for field in msgspec.structs.fields(kind)
    ]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "engine.parquet", str(target.absolute())],
        input=ENCODER.encode(columns),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise WorkspaceError(
            clean(said[-1], 400) if said else "The file was not written.",
            "Free some space, or name another file.",
        )
    return target.stat().st_size
