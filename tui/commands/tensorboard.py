"""Curves as TensorBoard reads them: event files, each a run, in a folder of their own.

Owns the format, which is small: records framed by masked CRC-32C sums, each an ``Event`` message of a time, a step and
one scalar. It needs neither TensorFlow nor TensorBoard, which read them all the same (a test says so).
"""

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from storage.errors import WorkspaceError
from storage.text import clean
from tui.commands.documents import Document
from tui.commands.output import show_document, show_text

FILE: Final = "events.out.tfevents.0000000000.modeltender"
"""One name for ever: what is exported again takes the place of what was, so that no value is shown twice."""

VERSION: Final = b"brain.Event:2"
"""What every event file begins with."""

CASTAGNOLI: Final = 0x82F63B78
MASK: Final = 0xA282EAD8
LARGEST: Final = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
"""Scalars are single precision; what is larger is infinite."""


class Scalar(NamedTuple):
    """One value of a curve."""

    tag: str
    """The curve's name; the part before a slash makes a group."""
    step: int
    at: float
    value: float


class EventFile(Document, frozen=True, kw_only=True):
    """One run of what was written."""

    run: str
    """Its name in TensorBoard, which is its folder's below the one that was named."""
    file: str
    values: int


class TensorBoardDocument(Document, frozen=True, kw_only=True):
    """``--tensorboard``: what was written for TensorBoard to show."""

    folder: str
    files: tuple[EventFile, ...]


def write(folder: Path, runs: Mapping[str, Sequence[Scalar]]) -> TensorBoardDocument:
    """Write an event file for each run, in the place of an earlier one of ours.

    Raises:
        WorkspaceError: it cannot be written.
    """
    files = []
    for run, scalars in runs.items():
        file = folder / run / FILE
        unfinished = file.with_name(".unfinished")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(encode(scalars))
            unfinished.replace(file)
        except OSError as error:
            with suppress(OSError):  # what cannot be removed either is no event file by its name
                unfinished.unlink(missing_ok=True)
            raise WorkspaceError(
                f"{clean(str(file))} cannot be written ({error.strerror or error}).",
                "Free some space, or name another folder.",
            ) from None
        files.append(EventFile(run=run, file=clean(str(file), 4096), values=len(scalars)))
    return TensorBoardDocument(folder=clean(str(folder), 4096), files=tuple(files))


def show(document: TensorBoardDocument, *, as_json: bool) -> None:
    """Say what was written, and to a person how to look at it."""
    if as_json:
        show_document(document)
    elif document.files:
        show_text(_in_words(document))
    else:
        show_text("There is nothing to write yet.")


def _in_words(document: TensorBoardDocument) -> str:
    values = sum(file.values for file in document.files)
    runs = "1 run" if len(document.files) == 1 else f"{len(document.files)} runs"
    return (
        f"{document.folder}: {values:,} values of {runs}.\n"
        f"Look at them with: tensorboard --logdir {document.folder}"
    )


def encode(scalars: Iterable[Scalar]) -> bytes:
    """Return the bytes of an event file."""
    ordered = sorted(scalars, key=lambda scalar: (scalar.at, scalar.step))
    began = ordered[0].at if ordered else 0.0
    events = [_time(began) + _bytes(3, VERSION), *map(_event, ordered)]
    return b"".join(map(_record, events))


def _event(scalar: Scalar) -> bytes:
    value = _bytes(1, scalar.tag.encode()) + b"\x15" + struct.pack("<f", _single(scalar.value))
    return _time(scalar.at) + b"\x10" + _varint(scalar.step) + _bytes(5, _bytes(1, value))


def _single(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) > LARGEST else value


def _time(at: float) -> bytes:
    return b"\x09" + struct.pack("<d", at)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return length + _masked(length) + content + _masked(content)


def _masked(content: bytes) -> bytes:
    """Return the CRC-32C of some bytes as records have it: rotated and shifted, so that sums of sums do not cancel out."""
    found = 0xFFFFFFFF
    for byte in content:
        found = TABLE[(found ^ byte) & 0xFF] ^ found >> 8
    found ^= 0xFFFFFFFF
    return struct.pack("<I", ((found >> 15 | found << 17) + MASK) & 0xFFFFFFFF)


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (CASTAGNOLI if byte & 1 else 0)
    return byte


TABLE: Final = tuple(map(_entry, range(256)))
