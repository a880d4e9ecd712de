"""The engine's log file: it turns over by itself, and comes up again where somebody has moved or removed it.

Owns the file's size and its name. What is written into it, and from which level on, is for others to say.
"""

import logging
import os
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Final

LOG_BYTES: Final = 5 * 1024 * 1024
LOG_FILES: Final = 3
"""20 MiB of log in all: weeks of ordinary work."""


class LogFile(RotatingFileHandler):
    """Writes into the file of a name, whichever that is by now."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; where the file was moved away by another program that turns logs over, into a new one."""
        try:
            if self.stream is not None and not self._holds(self.stream):
                self._begin_anew(self.stream)
        except OSError:
            # As where a line cannot be written: who logs goes on.
            self.handleError(record)
            return
        super().emit(record)

    def _begin_anew(self, left: IO[str]) -> None:
        self.stream = self._open()
        with suppress(OSError):
            # A full disk refuses what was not written yet; the file is somebody else's by now.
            left.close()

    def _holds(self, stream: IO[str]) -> bool:
        """Whether a stream is of the file that has the name now."""
        try:
            there = os.stat(self.baseFilename)  # noqa: PTH116 - called for every line
        except FileNotFoundError:
            # Gone with its whole folder, too: then there is nowhere to write but where it went.
            return not Path(self.baseFilename).parent.is_dir()
        except OSError:
            # Unreadable for now: what is open goes on.
            return True
        held = os.fstat(stream.fileno())
        return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)
