"""Several tests at once, without more false alarms than one test has: Holm's step-down procedure.

Of m tests the clearest is held against a level divided by m, the next against one divided by m - 1, and so on, until one
is not clear enough. That keeps the chance of any false alarm within the level, however the tests depend on each other
(Holm 1979, Scandinavian Journal of Statistics 6:65).
"""

from collections.abc import Callable, Sequence

Test = Callable[[float], bool]
"""Whether a test finds something at a level; what it finds at one it finds at every higher one."""


def found(tests: Sequence[Test], level: float) -> list[bool]:
    """Return which of the tests find something, all of them together at a level.

    They are asked at levels and not for p values, which an interval that was drawn has not.
    """
    clear = [False] * len(tests)
    while True:
        left = [number for number, already in enumerate(clear) if not already]
        more = [number for number in left if tests[number](level / len(left))]
        if not more:
            return clear
        for number in more:
            clear[number] = True
