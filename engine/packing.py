"""The thread that packs anew what there is to say of a model at a glance, when something was written about it.

Owns when that is done, and how much at once: every step is a short transaction. What is packed lies in
`storage.tables.overviews`; nobody waits for it, because readers put together themselves what is not packed.
"""

import time

from engine.rounds import Rounds
from storage.database import Writer
from storage.tables import overviews

ROUND_S = 1.0
"""How often it is looked for news: who opens a console in between puts together what is new, a few models at most."""

MOST = 16
"""Models of one transaction: some milliseconds, which is what a key that is pressed meanwhile may wait."""

PAUSE_S = 0.001
"""Between two steps others get their turn at the database."""


class Packing(Rounds):
    """Packs models, a few at a time."""

    def __init__(self, writer: Writer) -> None:
        super().__init__("packing", every_s=ROUND_S, failing="overviews of models cannot be packed")
        self._writer = writer
        self._begun = False

    def begin(self) -> None:
        """Drop what another version of this program has left."""
        with self._writer.passing() as connection:
            overviews.drop_foreign(connection)
        self._begun = True

    def work(self) -> None:
        """Pack every model that something was written about, step by step."""
        if not self._begun:
            self.begin()
        more = True
        while more and not self.stopping:
            with self._writer.passing() as connection:
                more = overviews.pack(connection, most=MOST)
            if more:
                time.sleep(PAUSE_S)
