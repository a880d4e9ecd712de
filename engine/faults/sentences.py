"""How figures and ages stand in the sentence of a fault. Pure."""

from engine.evaluation.rounding import number
from storage.records import Metric

UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))

GIB = 1024**3
MIB = 1024**2
KIB = 1024


def figure(metric: Metric) -> str:
    """Return a metric with its interval and its examples."""
    told = f"{metric.name} {number(metric.value)}"
    if metric.low is not None and metric.high is not None:
        told += f" [{number(metric.low)}, {number(metric.high)}]"
    return f"{told} (n={metric.n:,})"


def age(seconds: float) -> str:
    """Return how long ago something was, in its largest unit."""
    length, unit = next(((length, unit) for length, unit in UNITS if seconds >= length), UNITS[-1])
    return count(int(seconds // length), unit)


def count(n: int, what: str, several: str = "") -> str:
    """Return a number of things: ``1 class``, ``3 classes``."""
    return f"{n:,} {what if n == 1 else several or what + 's'}"


def size(amount: float) -> str:
    """Return bytes as people read them."""
    if amount >= GIB:
        return f"{amount / GIB:.1f} GiB"
    return f"{amount / MIB:.0f} MiB" if amount >= MIB else f"{amount / KIB:.0f} KiB"


def class_name(labels: tuple[str, ...] | str, place: int) -> str:
    """Return what a class is called: by its label where the settings write them, else by its number."""
    return labels[place] if isinstance(labels, tuple) and place < len(labels) else f"class {place}"
