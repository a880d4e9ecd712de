"""``python -m engine.parquet FILE``: writes the table on its standard input into a Parquet file.

A process of its own, because the command that has the table may load no numerical library. The file is there when it is
whole, and never written over.
"""

import os
import sys
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet

from storage.columns import DECODER, Column
from storage.text import clean
from storage.vocabulary import ExitCode

TYPES = {
    "time": pa.timestamp("us", tz="UTC"),
    "text": pa.string(),
    "whole": pa.int64(),
    "number": pa.float64(),
}


def write(columns: list[Column], target: Path) -> None:
    """Write a table into a new file.

    Raises:
        OSError: it cannot be written, or there is one already.
    """
    table = pa.table({column.name: pa.array(column.values, TYPES[column.kind]) for column in columns})
    unfinished = target.with_name(f".{target.name}.unfinished-{os.getpid()}")
    try:
        pyarrow.parquet.write_table(table, unfinished)
        # A link is refused where there is a file, which a rename would replace.
        os.link(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def main() -> int:
    """Write what comes in, and return the exit status."""
    target = Path(sys.argv[1])
    try:
        write(DECODER.decode(sys.stdin.buffer.read()), target)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else clean(str(error))
        click.echo(f"{clean(str(target))} cannot be written ({reason}).", err=True)
        return ExitCode.FAILED
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
