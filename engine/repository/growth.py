"""How much of what is arriving is there so far, and how fast it comes, in words.

Pure but for its memory between two looks: it is given sizes and times, and opens nothing.
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.repository.settle import Key

SHOWN_AFTER_S = 1.0
"""What has been arriving for longer than this is shown; most things have arrived by then."""

WINDOW_S = 3.0
"""The rate is that of the last three to six seconds: a pause shows soon, and the figure does not flicker."""

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


class _Seen(NamedTuple):
    """How much was there at some (monotonic) time."""

    at: float
    size: int


class _Course(NamedTuple):
    """What a rate is reckoned from: since when something arrives, and two looks that move along."""

    first: float
    before: _Seen
    middle: _Seen


class Growth:
    """Remembers how large each thing was that is awaited."""

    def __init__(self) -> None:
        self._courses: dict[Key, _Course] = {}

    def look(self, sizes: Mapping[Key, int], *, now: float) -> dict[Key, str]:
        """Take note of everything that is awaited at ``now`` (monotonic); say of each that is late how far it is."""
        self._courses = {key: self._course(key, _Seen(now, size)) for key, size in sizes.items()}
        return {
            key: _progress(course.before, _Seen(now, sizes[key]))
            for key, course in self._courses.items()
            if now - course.first >= SHOWN_AFTER_S
        }

    def _course(self, key: Key, seen: _Seen) -> _Course:
        course = self._courses.get(key)
        if course is None or seen.size < course.middle.size:
            # New, or begun anew: what was there before says nothing about how fast it comes now.
            return _Course(course.first if course else seen.at, seen, seen)
        return course if seen.at - course.middle.at < WINDOW_S else _Course(course.first, course.middle, seen)


def _progress(before: _Seen, seen: _Seen) -> str:
    passed = seen.at - before.at
    rate = (seen.size - before.size) / passed if passed > 0 else 0.0
    return f"arriving: {_amount(seen.size)} so far" + (f", {_amount(rate)}/s" if rate >= 1 else "")


def _amount(value: float) -> str:
    unit = 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if value >= 10 or unit == 0 else f"{value:.1f} {UNITS[unit]}"
