"""Zip archives from strangers: the listing, and everything that an honest model archive never has.

Owns the refusal of bombs, overlaps, twins, unsafe names, links, encryption, native code and archives inside
archives. It must not know which members a format needs, and it never unpacks to disk.
"""

import stat
import struct
import unicodedata
import zipfile
import zlib
from typing import Final

import msgspec

from engine.artefacts.content import Content, ContentError, CutShortError, HarmfulError
from storage.text import clean

MAGIC = b"PK\x03\x04"
ELF = b"\x7fELF"

ENTRIES = 20_000
"""Members of an archive: four times what the largest TorchScript archives hold."""

RATIO = 100
"""Weights are noise and hardly shrink; only bombs unpack to a hundred times their size."""

RATIO_FROM = 64 * 1024 * 1024
"""Unpacked bytes below which the ratio does not matter: they do no harm."""

NAME_LENGTH = 1024
"""Longer names only serve to hurt."""

ENCRYPTED = 0x1
LOCAL_HEADER: Final = struct.Struct("<4s5H3L2H")
EXTRA_GUESS = 128
"""Bytes of extra fields that are read along with a local header; PyTorch pads with up to 64."""


class Member(msgspec.Struct, frozen=True):
    """One file of an archive."""

    name: str
    size: int
    packed: int
    stored: bool
    start: int
    """Where its data begin in the archive."""
    mark: bytes
    """The first bytes of its content."""


class Archive:
    """A zip archive that passed every check of this module."""

    def __init__(self, content: Content, members: dict[str, Member]) -> None:
        self._content = content
        self.members = members

    def read(self, name: str, limit: int) -> bytes:
        """Return the content of the member ``name``, at most ``limit`` bytes: the header's word is not trusted.

        Raises:
            ContentError: it is larger than that, or not what the directory says.
        """
        member = self.members[name]
        if member.size > limit:
            raise ContentError(f"holds a {clean(name)} of {member.size} bytes, which is too large to check")
        packed = self._content.piece(member.start, member.packed)
        found = packed if member.stored else _inflate(packed, limit)
        if len(found) != member.size:
            raise ContentError(f"is damaged: {clean(name)} is not as long as the zip directory says")
        return found

    def start(self, name: str, limit: int) -> bytes:
        """Return at most the first ``limit`` bytes of the member ``name``."""
        member = self.members[name]
        packed = self._content.piece(member.start, min(member.packed, limit))
        return packed if member.stored else _inflate(packed, limit)

    def refuse_nested(self) -> None:
        """Raise where a member is itself an archive, whose content no check here would see."""
        for member in self.members.values():
            if member.mark.startswith(MAGIC):
                raise HarmfulError(f"contains a nested archive: {clean(member.name)}")


def open_archive(content: Content) -> Archive:
    """Return the archive in ``content``.

    Raises:
        CutShortError: its directory is missing, as in a copy that stopped half-way.
        HarmfulError: it has something that honest model archives never have.
        ContentError: it is damaged.
    """
    entries = _entries(content)
    _check_names(entries)
    _check_sizes(content, entries)
    members: dict[str, Member] = {}
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise HarmfulError("has overlapping zip entries")
        member = _member(content, entry)
        end = member.start + member.packed
        if member.mark.startswith(ELF):
            raise HarmfulError(f"contains native code: {clean(member.name)}")
        members[member.name] = member
    return Archive(content, members)


def _entries(content: Content) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(content.as_stream()) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        # Of a version that does not exist, or with names in no known encoding: as damaged as any.
        if "not a zip file" in str(error):
            raise CutShortError("is cut short: its zip directory is missing") from None
        raise ContentError("is damaged: its zip directory cannot be read") from None
    if len(entries) > ENTRIES:
        raise HarmfulError(f"has {len(entries)} zip entries, more than any model needs")
    if not entries or min(entry.header_offset for entry in entries) != 0:
        raise ContentError("is damaged: its zip directory does not describe what the file begins with")
    return entries


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in seen:
            raise HarmfulError(f"has two zip entries called {clean(name)}")
        seen.add(folded)
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or len(name) > NAME_LENGTH:
            raise HarmfulError(f"has a zip entry with the unsafe path {clean(name)}")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise HarmfulError(f"has a symbolic link among its zip entries: {clean(name)}")
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise ContentError(f"is packed in a way that is not supported: {clean(name)}")


def _check_sizes(content: Content, entries: list[zipfile.ZipInfo]) -> None:
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    if packed > content.size:
        raise HarmfulError("claims more packed data than it holds")
    if unpacked > RATIO_FROM and unpacked > RATIO * packed:
        raise HarmfulError(
            f"unpacks to {unpacked / 2**20:.0f} MiB from {packed / 2**20:.1f} MiB, as only a zip bomb does"
        )
    for entry in entries:
        if entry.compress_type == zipfile.ZIP_STORED and entry.file_size != entry.compress_size:
            raise HarmfulError(f"lies about the size of {clean(entry.filename)}")


def _member(content: Content, entry: zipfile.ZipInfo) -> Member:
    """Return the member as its local header tells, which must agree with the directory."""
    offset = entry.header_offset
    name = entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437")
    guess = min(LOCAL_HEADER.size + len(name) + EXTRA_GUESS, content.size - offset)
    raw = content.piece(offset, max(guess, LOCAL_HEADER.size))
    fields = LOCAL_HEADER.unpack_from(raw)
    magic, name_length, extra_length = fields[0], fields[9], fields[10]
    if magic != MAGIC or raw[LOCAL_HEADER.size : LOCAL_HEADER.size + name_length] != name:
        raise HarmfulError(f"calls {clean(entry.filename)} something else in a second place")
    flags, method = fields[2], fields[3]
    if (flags ^ entry.flag_bits) & ENCRYPTED or method != entry.compress_type:
        # Scanners believe the directory, and loaders the entry's own header.
        raise HarmfulError(f"says two different things about {clean(entry.filename)}")
    if flags & ENCRYPTED:
        raise ContentError(f"is encrypted: {clean(entry.filename)} needs a password")
    start = offset + LOCAL_HEADER.size + name_length + extra_length
    if start + entry.compress_size > content.size:
        raise CutShortError(f"is cut short: {clean(entry.filename)} is not all there")
    stored = entry.compress_type == zipfile.ZIP_STORED
    first = content.piece(start, min(32, entry.compress_size))
    mark = first if stored else _inflate(first, 8)
    return Member(entry.filename, entry.file_size, entry.compress_size, stored, start, mark[:8])


def _inflate(packed: bytes, limit: int) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit)
    except zlib.error:
        raise ContentError("is damaged: packed data cannot be unpacked") from None
