"""The stretches of time that a chart can show."""

import math
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of time that ends now."""

    word: str
    seconds: float


SPANS = (
    Span("15 min", 900.0),
    Span("1 h", 3600.0),
    Span("1 d", 86_400.0),
    Span("7 d", 7 * 86_400.0),
    Span("30 d", 30 * 86_400.0),
    Span("all", math.inf),
)
ALL = len(SPANS) - 1
"""The place of the usual one."""

STEPS = 100
"""A chart goes on by a hundredth of its span: a column shows hardly less."""
