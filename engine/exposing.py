"""The thread that writes the present figures into a file, for a collector such as Prometheus' node exporter.

Owns when that is done and that a reader never sees half a file; what it says is `storage.exposition`'.
A file that cannot be written is told in the log once, and tried again: the work does not depend on it.
"""

import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

from storage import snapshot
from storage.database import Reader
from storage.errors import DatabaseError
from storage.exposition import Exposition
from storage.openmetrics import Look
from storage.snapshot import Seen
from storage.text import clean

log = logging.getLogger(__name__)

STOP_S = 5.0

MODE = 0o644
"""The collector is another user's."""


class Exposing(threading.Thread):
    """A part of the engine: writes the file every so often, and takes it away when the engine ends."""

    def __init__(self, database: Path, file: Path, every_s: float) -> None:
        super().__init__(name="metrics", daemon=True)
        self._database = database
        self._file = file
        self._every_s = every_s
        self._seen = Seen()
        self._exposition = Exposition()
        self._stopping = threading.Event()
        self._told = False

    def stop(self) -> None:
        """End, and return when ended; figures of an engine that is gone are not left to look like the present."""
        self._stopping.set()
        self.join(STOP_S)
        self._file.unlink(missing_ok=True)

    def run(self) -> None:
        """Write at once, and then every so often."""
        reader = Reader(self._database)
        try:
            while True:
                self._write(reader)
                if self._stopping.wait(self._every_s):
                    return
        finally:
            reader.close()

    def _write(self, reader: Reader) -> None:
        # Hidden, and not called like what collectors read, until it is whole.
        partial = self._file.with_name(f".{self._file.name}.partial")
        try:
            seen = snapshot.read(reader, seen=self._seen)
            partial.write_bytes(self._exposition.text(Look(seen, running=True)))
            partial.chmod(MODE)
            os.replace(partial, self._file)  # noqa: PTH105 - the name says that it is one step
        except (OSError, DatabaseError) as error:
            # A folder that is away or full: the next round tries again, and one line in the log is enough.
            if not self._told:
                log.warning(
                    "the metrics cannot be written to %s: %s", clean(str(self._file)), clean(str(error))
                )
            self._told = True
            with suppress(OSError):
                # What stays is not called like what collectors read, and the next round begins it anew.
                partial.unlink(missing_ok=True)
        else:
            self._told = False
