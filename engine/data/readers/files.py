"""Opening and hashing the files of a data set.

Owns the sentences for files that cannot be read. A hash is made from the descriptor that the data are read
from, so that a file which is replaced meanwhile cannot lend its name to other numbers.
"""

import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import JobError
from storage.text import clean

Opened = tuple[Path, io.BufferedReader]


def open_file(file: Path) -> io.BufferedReader:
    """Return ``file``, opened.

    Raises:
        JobError: it cannot be read.
    """
    try:
        return file.open("rb")
    except OSError as error:
        raise JobError(f"{clean(file.name)} cannot be read ({error.strerror}).", "Check the file.") from None


@contextmanager
def from_start(stream: io.BufferedReader, *, packed: bool) -> Iterator[io.BufferedIOBase]:
    """Give the same file from its start, unpacked where it is packed, for one pass.

    It has a descriptor of its own: a pass that was given up does not move the next one.
    """
    with Path(f"/proc/self/fd/{stream.fileno()}").open("rb") as again:
        yield gzip.GzipFile(fileobj=again) if packed else again


def sha256_of(files: Iterable[Opened]) -> str:
    """Return the hexadecimal SHA-256 of one file, or of the list that ``sha256sum`` prints for several."""
    found = [(file.name, _digest(stream)) for file, stream in files]
    if len(found) == 1:
        return found[0][1]
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(found))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def _digest(stream: io.BufferedReader) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()
