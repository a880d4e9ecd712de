"""How an owner allows what was refused: the command to type, for every place that tells of a refusal. Pure."""

from storage.records import Quarantined, Version
from storage.text import word
from storage.vocabulary import Status

REFUSED = frozenset({Status.QUARANTINED, Status.UNSUPPORTED, Status.FAILED})
"""What a version may be that its owner's trust would have loaded."""


def possible(version: Version) -> bool:
    """Whether a version was refused for something that its owner may allow."""
    return version.refusal is not None and version.refusal.liftable and version.status in REFUSED


def command(version: Version) -> str:
    """Return the command that allows a version what it was refused for, or nothing where no trust lifts that."""
    return f"modeltender trust {word(version.model)}@{version.number} --reason …" if possible(version) else ""


def reason(version: Version) -> str:
    """Return why a version is not loaded, and how to allow it where that is possible."""
    allow = command(version)
    return f"{version.reason.rstrip('.')}; if you trust it: {allow}" if allow else version.reason


def way_out(entry: Quarantined) -> str:
    """Return the command that takes an entry out of the quarantine."""
    if entry.liftable:
        return f"if you trust it: modeltender quarantine release {entry.id} --reason …"
    return f"no trust lifts that: modeltender quarantine delete {entry.id}"
