"""The thread that packs anew what there is to say of a model at a glance, when something was written about it.

Owns when that is done, and how much at once: every step is a short transaction. What is packed lies in
`storage.tables.overviews`; nobody waits for it, because readers put together themselves what is not packed.
"""

import logging
import sqlite3
import threading
import time

from storage.database import Writer
from storage.tables import overviews

log = logging.getLogger(__name__)

ROUND_S = 1.0
"""How often it is looked for news: who opens a console in between puts together what is new, a few models at most."""

MOST = 16
"""Models of one transaction: some milliseconds, which is what a key that is pressed meanwhile may wait."""

PAUSE_S = 0.001
"""Between two steps others get their turn at the database."""

STOP_S = 5.0


class Packing(threading.Thread):
    """Packs models, a few at a time."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(name="packing", daemon=True)
        self._writer = writer
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop`."""
        begun, writing = False, True
        while not self._stopping.wait(ROUND_S):
            try:
                if not begun:
                    self.begin()
                    begun = True
                self.work()
            except sqlite3.Error as error:
                # A full disk or a locked file: nothing of a step is kept, and readers do without.
                if writing:
                    log.warning("overviews of models cannot be packed: %s", error)
                writing = False
            else:
                writing = True

    def stop(self) -> None:
        """End, and return when ended."""
        self._stopping.set()
        if self.is_alive():
            self.join(STOP_S)

    def begin(self) -> None:
        """Drop what another version of this program has left."""
        with self._writer.passing() as connection:
            overviews.drop_foreign(connection)

    def work(self) -> None:
        """Pack every model that something was written about, step by step."""
        more = True
        while more and not self._stopping.is_set():
            with self._writer.passing() as connection:
                more = overviews.pack(connection, most=MOST)
            if more:
                time.sleep(PAUSE_S)
