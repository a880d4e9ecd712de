"""Small files in which the kernel tells figures: read whole, never written.

What cannot be read is not exposed, and is ``None``: sensors come and go with their drivers, a reset driver refuses for
a while, and a container may hide any file.
"""

from pathlib import Path


def text(file: Path) -> str | None:
    """Return what a file holds."""
    try:
        return file.read_text(errors="replace")
    except OSError:  # not there, not ours to read, or its driver is busy with itself
        return None


def line(file: Path) -> str | None:
    """Return what a file of one line holds, without its end."""
    found = text(file)
    return None if found is None else found.strip()


def number(file: Path) -> int | None:
    """Return the whole number, 0 or more, that a file holds."""
    found = line(file)
    return int(found) if found is not None and found.isascii() and found.isdigit() else None


def field(file: Path, name: str) -> int | None:
    """Return the number behind ``name`` in a file of names and numbers."""
    for row in (text(file) or "").splitlines():
        key, _, value = row.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return None


def target(link: Path) -> str:
    """Return the last part of where a link leads, empty where there is no link."""
    try:
        return link.readlink().name
    except OSError:  # no link, or no longer
        return ""
