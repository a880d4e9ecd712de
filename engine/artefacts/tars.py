"""Tar archives from strangers: what one would do to whoever unpacked it.

Owns the look at its members' headers. It never unpacks, and it allows nothing: a tar archive is no model.
"""

import tarfile

from engine.artefacts.content import Content, HarmfulError
from storage.text import clean

MEMBERS = 10_000
"""Headers that are looked at; the first ones tell what the archive is."""

PROGRAM_BITS = 0o6000
"""setuid and setgid."""


def describe(content: Content) -> str:
    """Return what a tar archive is, as the end of the sentence "FILE …".

    Raises:
        HarmfulError: a member of it would harm whoever unpacks it.
    """
    try:
        content.seek(0)
        with tarfile.open(fileobj=content.as_stream(), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= MEMBERS:
                    break
                _check(member)
    except tarfile.TarError:
        return "is a damaged tar archive"
    return "is a tar archive; unpack it first"


def _check(member: tarfile.TarInfo) -> None:
    name = member.name
    if name.startswith("/") or ".." in name.split("/"):
        raise HarmfulError(f"is a tar archive with the unsafe path {clean(name)}")
    if member.issym() or member.islnk():
        raise HarmfulError(f"is a tar archive with a link: {clean(name)}")
    if not (member.isreg() or member.isdir()):
        raise HarmfulError(f"is a tar archive with a device or a pipe: {clean(name)}")
    if member.mode & PROGRAM_BITS:
        raise HarmfulError(f"is a tar archive with a program of its owner's rights: {clean(name)}")
