"""The thread that rolls readings of devices up, and drops what has been kept for as long as the settings say.

Owns when that is done, and how much at once: every step is a short transaction, so that neither a reader nor another
writer waits for more than some milliseconds. What is done lies in `storage.tables.rollups`.
"""

import time
from collections.abc import Callable, Mapping

from engine import clock
from engine.rounds import Rounds
from storage import durations
from storage.database import Writer
from storage.settings import Retention
from storage.tables import rollups
from storage.tables.rollups import DAY, HOUR, MINUTE, RAW

ROUND_S = 5.0
"""How often it is looked for what is over: a minute is rolled up within seconds of its end."""

STEP_S = 0.004
"""After this long no further bucket is begun in one transaction. The slowest, an hour, takes some milliseconds itself."""

PAUSE_S = 0.001
"""Between two steps others get their turn at the database."""

STEADY_S = 900.0
"""Nothing is dropped until the clock went on for this long without being set: a machine that starts with a wrong clock
has a right one by then, and figures that look years old for some minutes are not lost."""


def kept(retention: Retention) -> dict[int, float]:
    """Return for how many seconds each level is kept."""
    return {
        RAW: retention.samples_s,
        MINUTE: durations.seconds(retention.minutes),
        HOUR: durations.seconds(retention.hours),
        DAY: durations.seconds(retention.days),
    }


class Rolling(Rounds):
    """Rolls up and drops, a little at a time."""

    def __init__(
        self,
        writer: Writer,
        kept_s: Mapping[int, float],
        *,
        now: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__("rolling", every_s=ROUND_S, failing="readings of devices cannot be rolled up")
        self._writer = writer
        self._kept_s = kept_s
        self._now = now
        self._monotonic = monotonic
        self._looked = clock.Look(now(), monotonic())
        self._steady_since = self._looked.monotonic

    def work(self) -> None:
        """Roll up everything that is over, and drop what is past its time, step by step."""
        while not self.stopping and self.roll():
            time.sleep(PAUSE_S)
        if not self._steady():
            return
        for level, seconds in self._kept_s.items():
            while not self.stopping and self._drop(level, seconds):
                time.sleep(PAUSE_S)

    def roll(self) -> bool:
        """Make some of the buckets that are over; return whether there are more."""
        now = self._now()
        with self._writer.passing() as connection:
            began = self._monotonic()
            while (wanted := rollups.due(connection, now=now)) is not None:
                if self._monotonic() - began > STEP_S:
                    return True
                rollups.make(connection, wanted)
        return False

    def _drop(self, level: int, seconds: float) -> bool:
        with self._writer.passing() as connection:
            return rollups.drop(connection, level, before=self._now() - seconds)

    def _steady(self) -> bool:
        """Whether the clock has not been set for a while."""
        looked = clock.Look(self._now(), self._monotonic())
        if clock.change(self._looked, looked):
            self._steady_since = looked.monotonic
        self._looked = looked
        return looked.monotonic - self._steady_since >= STEADY_S
