"""One module per data format, and the list of them.

Owns the registry: which formats there are, which of them a file is, and opening it. A new format is a module
with `recognise` and an opener, a line here, and its endings in `engine.data.naming`. It must not know which
columns mean what.

Importing this loads numpy and no parser of other people's formats: pyarrow and Pillow are imported by the
readers that need them, when they open a file.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from engine.data.naming import SUFFIXES
from engine.data.readers import csv, idx, images, jsonl, npy, npz, parquet
from engine.data.readers.files import open_file
from engine.data.readers.source import Column, Reading, Source, chunks
from storage.errors import JobError
from storage.text import clean

__all__ = ["FORMATS", "Column", "Reading", "Source", "chunks", "open_source"]

HEAD: Final = 4096
"""Bytes by which a format is recognised."""


class DataFormat(NamedTuple):
    """One way of storing a data set."""

    name: str
    """Also its name among `engine.data.naming.SUFFIXES`."""
    recognise: Callable[[Path, bytes], bool]
    """Whether a path with this beginning is one; the beginning of a folder is empty."""
    open: Callable[[Path, Reading], Source]


FORMATS: Final = (
    DataFormat("npz", npz.recognise, npz.open_npz),
    DataFormat("npy", npy.recognise, npy.open_npy),
    DataFormat("Parquet", parquet.recognise, parquet.open_parquet),
    DataFormat("IDX", idx.recognise, idx.open_idx),
    DataFormat("images", images.recognise, images.open_images),
    DataFormat("JSONL", jsonl.recognise, jsonl.open_jsonl),
    DataFormat("CSV", csv.recognise, csv.open_csv),
)
"""Every format, in the order in which they are asked."""


def open_source(path: Path, reading: Reading | None = None) -> Source:
    """Return the data set at ``path``, opened, whatever its format; close it when done.

    Raises:
        JobError: it is no data set, is damaged, or a library that reads it is not installed.
    """
    head = _head(path)
    for known in FORMATS:
        if known.recognise(path, head):
            return known.open(path, reading or Reading())
    called = next((name for name, endings in SUFFIXES.items() if path.name.lower().endswith(endings)), None)
    if called is not None:
        raise JobError(
            f"{clean(path.name)} is not {called} inside: it is damaged, or in another format.",
            "Copy or save it again, or give it the ending of its format.",
        )
    raise JobError(
        f"{clean(path.name)} is not in a data format that can be read ({', '.join(format_.name for format_ in FORMATS)}).",
        "Convert it, or give it the ending of its format.",
    )


def _head(path: Path) -> bytes:
    if path.is_dir():
        return b""
    with open_file(path) as stream:
        try:
            return stream.read(HEAD)
        except OSError as error:
            raise JobError(
                f"{clean(path.name)} cannot be read ({error.strerror}).", "Check the disk."
            ) from None
