"""What a machine has run out of beside its disk: which errors mean it, and what a person is told to do then.

Pure: it looks at nothing, and frees nothing.
"""

import errno
import os
from typing import Final

from storage import full_disk

FILES: Final = "Close some programs, or allow more open files: ulimit -n"
PROCESSES: Final = "End some programs, or allow more processes: ulimit -u"
MEMORY: Final = "End some programs, or give the machine more memory."

HINTS: Final = {
    errno.EMFILE: FILES,
    errno.ENFILE: FILES,
    errno.EAGAIN: PROCESSES,
    errno.ENOMEM: MEMORY,
    **dict.fromkeys(full_disk.WORDS, full_disk.HINT),
}
"""What helps where a file cannot be opened, or a process cannot be started, for want of something."""

WORDS: Final = {
    errno.EMFILE: "No more files may be opened here.",
    errno.ENFILE: "The machine has no room for more open files.",
    errno.EAGAIN: "No more processes or threads may be started here.",
    errno.ENOMEM: "There is no memory left.",
    **full_disk.WORDS,
}
"""The same as a sentence, where nothing is known but the error."""

NO_THREAD: Final = "can't start new thread"
"""Python's words for a thread that the system refused; it is no `OSError` and has no number."""
REFUSED: Final = os.strerror(errno.EAGAIN)
"""The system's words for a process that it refused."""


def hint(error: OSError, otherwise: str) -> str:
    """Return what to do about something that could not be had: another thing where nothing has run out."""
    return HINTS.get(error.errno or 0, otherwise)


def is_one(error: BaseException) -> bool:
    """Whether an error tells that the machine has run out of something, and nothing about what was to be read."""
    return number(error) is not None


def number(error: BaseException) -> int | None:
    """Return the number in `WORDS` of what has run out by an error, or ``None`` where that is not what it tells."""
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    if isinstance(error, RuntimeError):
        return errno.EAGAIN if str(error) == NO_THREAD else None
    if not isinstance(error, OSError) or error.errno not in WORDS:
        return None
    # A pipe that takes no more at the moment has the number of a process that cannot be started, and other words.
    return None if error.errno == errno.EAGAIN and error.strerror != REFUSED else error.errno
