"""Several tests at once, without more false alarms than one test has: Holm's step-down procedure.

The smallest p value is multiplied by the number of tests, the next by one less, and so on; none may become smaller
than the one before. Refusing what is below the level keeps the chance of any false refusal below it, however the
tests depend on each other (Holm 1979, Scandinavian Journal of Statistics 6:65).
"""

from collections.abc import Sequence


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return each p value as it counts among all of them, in the order given."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    found = [0.0] * len(p_values)
    so_far = 0.0
    for place, number in enumerate(order):
        so_far = max(so_far, min(1.0, p_values[number] * (len(p_values) - place)))
        found[number] = so_far
    return found
