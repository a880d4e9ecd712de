"""What the commands below ``data`` print with ``--json``."""

import msgspec

from engine.data.descriptions import PartDescription


class DescribedPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of what ``data describe --json`` says."""

    part: str
    """``train``, ``validation`` or ``test``; empty for a file that was named."""
    file: str
    description: PartDescription


class SharedExamples(msgspec.Struct, frozen=True, kw_only=True):
    """Examples whose inputs are in two parts."""

    parts: tuple[str, str]
    n: int


class DescribeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``data describe --json`` says."""

    parts: tuple[DescribedPart, ...]
    shared: tuple[SharedExamples, ...]


class ImportDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``data import --json`` says."""

    model: str
    part: str
    rows: int
    files: tuple[str, ...]
    replaced: tuple[str, ...]


class SplitPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of what ``data split --json`` says."""

    part: str
    file: str
    rows: int


class SplitDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``data split --json`` says."""

    model: str
    parts: tuple[SplitPart, ...]
    together: int
    leaks: int
