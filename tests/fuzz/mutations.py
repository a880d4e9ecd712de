"""Small damage done to bytes on purpose: each kind is a function of chance and of what it damages.

Owns the kinds, blind ones and those that know a container: a zip archive's headers, a protocol buffer's fields, a
FlatBuffer's words, the numbers in a text. It must not know any model format. The same seed does the same damage.
"""

import io
import random
import re
import struct
import zipfile
import zlib
from typing import Final, Protocol


class Mutation(Protocol):
    """Damages bytes."""

    __name__: str

    def __call__(self, chance: random.Random, content: bytes) -> bytes:
        """Return the damaged bytes."""
        ...


EXTREMES: Final = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
"""Sizes, offsets and counts at which arithmetic overflows, signs turn and bounds are missed."""

HUGE: Final = (b"0", b"-1", b"1", b"65536", b"2147483648", b"9223372036854775807", b"1e308", b"00")
"""The same for numbers that are written as text."""

REGION: Final = 512
"""The largest piece that is copied or exchanged: a few headers, not the model."""

LOCAL: Final = (4, 6, 8, 10, 14, 18, 22, 26, 28)
"""Where the fields of a zip entry's own header lie: version, flags, method, time, CRC, both sizes, both lengths."""

DIRECTORY: Final = (6, 8, 10, 16, 20, 24, 28, 30, 32, 38, 42)
"""The same in the directory, with the attributes and the offset of the entry."""

DEPTH: Final = 12
"""Messages inside messages that are followed."""


def flip_bits(chance: random.Random, content: bytes) -> bytes:
    """Turn over one to eight bits."""
    damaged = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def replace_bytes(chance: random.Random, content: bytes) -> bytes:
    """Overwrite a short run with noise."""
    start, size = chance.randrange(len(content)), chance.randint(1, 16)
    return content[:start] + chance.randbytes(size) + content[start + size :]


def truncate(chance: random.Random, content: bytes) -> bytes:
    """Cut the end off."""
    return content[: chance.randrange(len(content))]


def duplicate_region(chance: random.Random, content: bytes) -> bytes:
    """Put a piece in a second time, somewhere else."""
    start, place = chance.randrange(len(content)), chance.randrange(len(content))
    piece = content[start : start + chance.randint(1, REGION)]
    return content[:place] + piece + content[place:]


def swap_regions(chance: random.Random, content: bytes) -> bytes:
    """Exchange two pieces of one length."""
    size = chance.randint(1, min(REGION, max(1, len(content) // 3)))
    first, second = sorted(chance.randrange(max(1, len(content) - size)) for _ in range(2))
    if second < first + size:
        return flip_bits(chance, content)
    damaged = bytearray(content)
    damaged[first : first + size] = content[second : second + size]
    damaged[second : second + size] = content[first : first + size]
    return bytes(damaged)


def extreme_word(chance: random.Random, content: bytes) -> bytes:
    """Replace an aligned word, as FlatBuffers and HDF5 keep their offsets and sizes."""
    if len(content) < 8:
        return flip_bits(chance, content)
    place = chance.randrange(len(content) // 4) * 4
    return content[:place] + struct.pack("<I", chance.choice(EXTREMES)) + content[place + 4 :]


def extreme_number(chance: random.Random, content: bytes) -> bytes:
    """Replace a number that is written as text, as in JSON and XML."""
    found = list(re.finditer(rb"\d+", content))
    if not found:
        return flip_bits(chance, content)
    number = chance.choice(found)
    return content[: number.start()] + chance.choice(HUGE) + content[number.end() :]


def zip_header(chance: random.Random, content: bytes) -> bytes:
    """Change a field of a zip archive: a size, an offset, a method, a flag, or a letter of a name, in one place or both."""
    damaged = bytearray(content)
    for mark, fields, name_at in ((b"PK\x01\x02", DIRECTORY, 46), (b"PK\x03\x04", LOCAL, 30)):
        if chance.random() < 0.4:
            continue
        starts = [found.start() for found in re.finditer(re.escape(mark), content)]
        if not starts:
            continue
        start = chance.choice(starts)
        if chance.random() < 0.2:
            place = start + name_at + chance.randrange(8)
            damaged[place : place + 1] = chance.choice((b"/", b".", b"\0", b"\xff", b"A"))
        else:
            place = start + chance.choice(fields)
            value = chance.choice((*EXTREMES, 8, 9, 12, 14, 2048))
            damaged[place : place + 2] = struct.pack("<H", value & 0xFFFF)
            if chance.random() < 0.3:
                damaged[place + 2 : place + 4] = struct.pack("<H", value >> 16)
    changed = bytes(damaged[: len(content)])
    return changed if changed != content else flip_bits(chance, content)


def zip_member(chance: random.Random, content: bytes) -> bytes:
    """Damage what one member holds and pack the archive anew, so that every checksum is right."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(entry, archive.read(entry)) for entry in archive.infolist()]
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        # Damaged before, as every second time a file is damaged twice: blindly, then.
        return flip_bits(chance, content)
    chosen = chance.randrange(len(members))
    kind = chance.choice((flip_bits, truncate, extreme_word, extreme_number, swap_regions, protocol_buffer))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for index, (entry, held) in enumerate(members):
            archive.writestr(entry, kind(chance, held) if index == chosen and held else held)
    return packed.getvalue()


def protocol_buffer(chance: random.Random, content: bytes) -> bytes:
    """Drop, repeat or change one field somewhere in a protocol buffer, every length around it kept right."""
    fields = _fields(content)
    if not fields:
        return flip_bits(chance, content)
    return _changed(chance, fields, 0)


def _changed(chance: random.Random, fields: list[tuple[int, int, bytes]], depth: int) -> bytes:
    index = chance.randrange(len(fields))
    number, wire, payload = fields[index]
    inner = _fields(payload) if wire == 2 and depth < DEPTH else []
    if inner and chance.random() < 0.85:
        fields[index] = (number, wire, _changed(chance, inner, depth + 1))
    else:
        what = chance.randrange(4)
        if what == 0:
            del fields[index]
        elif what == 1:
            fields.insert(chance.randrange(len(fields) + 1), (number, wire, payload))
        elif what == 2:
            fields[index] = (max(1, number ^ 1 << chance.randrange(4)), wire, payload)
        elif wire == 0:
            fields[index] = (number, wire, _varint(chance.choice((*EXTREMES, 1 << 40, (1 << 64) - 1))))
        else:
            fields[index] = (number, wire, flip_bits(chance, payload) if payload else payload)
    return b"".join(_field(*field) for field in fields)


def _fields(content: bytes) -> list[tuple[int, int, bytes]]:
    """Return the fields of a message as (number, wire type, value), none where the bytes are no message."""
    fields: list[tuple[int, int, bytes]] = []
    position = 0
    try:
        while position < len(content):
            key, position = _number(content, position)
            wire = key & 7
            start = position
            if wire == 0:
                _, position = _number(content, position)
            elif wire == 2:
                size, start = _number(content, position)
                position = start + size
            elif wire in {1, 5}:
                position += 8 if wire == 1 else 4
            else:
                return []
            if position > len(content) or not key >> 3:
                return []
            fields.append((key >> 3, wire, content[start:position]))
    except IndexError:
        # It ends inside a number: no message.
        return []
    return fields


def _field(number: int, wire: int, payload: bytes) -> bytes:
    if wire == 2:
        payload = _varint(len(payload)) + payload
    return _varint(number << 3 | wire) + payload


def _number(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


BLIND: Final[tuple[Mutation, ...]] = (flip_bits, replace_bytes, truncate, duplicate_region, swap_regions)

AWARE: Final[dict[str, tuple[Mutation, ...]]] = {
    "zip": (zip_header, zip_header, zip_member, zip_member, zip_member),
    "protobuf": (protocol_buffer, protocol_buffer, protocol_buffer),
    "flatbuffer": (extreme_word, extreme_word),
    "text": (extreme_number, extreme_number),
    "words": (extreme_word,),
}
"""By the kind of container: what knows it, as often as it is to be chosen beside the blind ones."""
