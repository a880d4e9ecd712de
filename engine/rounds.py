"""A thread of the engine that looks every so often whether there is something to do in the database, and does it.

Owns when it looks, how it ends, and that a write which fails is tried again and told once. It must not know what is done.
"""

import logging
import sqlite3
import threading
from abc import ABC, abstractmethod

STOP_S = 5.0


class Rounds(threading.Thread, ABC):
    """Works in rounds until it is stopped; a step that fails is left to the next round."""

    def __init__(self, name: str, *, every_s: float, failing: str) -> None:
        """``failing`` says in the log what cannot be done, in front of the reason."""
        super().__init__(name=name, daemon=True)
        self._every_s = every_s
        self._failing = failing
        self._stopping = threading.Event()

    @abstractmethod
    def work(self) -> None:
        """Do what there is to do, in short transactions; it is left whenever `stopping`."""

    @property
    def stopping(self) -> bool:
        """Whether it is to end."""
        return self._stopping.is_set()

    def run(self) -> None:
        """Work until `stop`."""
        writing = True
        while not self._stopping.wait(self._every_s):
            try:
                self.work()
            except sqlite3.Error as error:
                # A full disk or a locked file: nothing of a step is kept, and the next round begins where this one did.
                if writing:
                    logging.getLogger(type(self).__module__).warning("%s: %s", self._failing, error)
                writing = False
            else:
                writing = True

    def stop(self) -> None:
        """End, and return when ended."""
        self._stopping.set()
        if self.is_alive():
            self.join(STOP_S)
