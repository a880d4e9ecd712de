"""A disk without room: which errors mean it, whether one is full at this moment, and what a person is told to do then.

Pure but for one question to the system; it frees nothing.
"""

import errno
import os
from pathlib import Path
from typing import Final

from storage.errors import EngineError
from storage.text import clean

WORDS: Final = {
    errno.ENOSPC: "There is no space left on the disk.",
    errno.EDQUOT: "Your share of the disk is used up.",
    errno.EFBIG: "A file grew beyond what is allowed here (ulimit -f).",
}
"""What the system says where there is no room, and what that means."""

HINT: Final = "Free some space, and try again."

LEAST_BYTES: Final = 64 * 1024
"""With less no transaction fits: the database's log grows by pages, and its index by 32 KiB."""

SILENT_S: Final = 3.0
"""Where the disk is full, three heartbeats that were not recorded say why: an engine that writes as root may have room yet."""


def hint(error: OSError, otherwise: str) -> str:
    """Return what to do about a file that could not be written: another thing where there is no room for it."""
    return HINT if error.errno in WORDS else otherwise


def is_full(folder: Path) -> bool:
    """Whether the disk of a folder has no room for a transaction."""
    try:
        found = os.statvfs(folder)
    except OSError:
        # Away or unreadable: whatever it is, it is not known to be full.
        return False
    return found.f_bavail * found.f_frsize < LEAST_BYTES


def no_record(folder: Path) -> EngineError:
    """Return the error about an engine that can record nothing."""
    return EngineError(
        f"The disk of {clean(str(folder))} is full, so its engine can record nothing.",
        "Free some space, and try again; nothing that was acknowledged is lost.",
        code="disk-full",
    )
