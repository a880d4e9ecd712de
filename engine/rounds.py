"""A thread of the engine that looks every so often whether there is something to do, and does it.

Owns when it looks, how it ends, and that what the disk or the database refuses is tried again and told once. It must not know
what is done.
"""

import logging
import sqlite3
import threading
from abc import ABC, abstractmethod

STOP_S = 5.0
"""How long the end waits for a round: what is cut off is begun again by the next engine."""


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
        told = False
        while not self._stopping.wait(self._every_s):
            try:
                self.work()
            except (OSError, sqlite3.Error) as error:
                # A disk that is full or failing, a locked file: what is to be done is still to be done in the next round.
                if not told:
                    logging.getLogger(type(self).__module__).warning("%s: %s", self._failing, error)
                told = True
            else:
                told = False

    def stop(self) -> None:
        """End, and return when ended."""
        self._stopping.set()
        if self.is_alive():
            self.join(STOP_S)
