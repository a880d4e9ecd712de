"""What a command printed held against what a page shows: the same words, whatever the figures, times and widths are.

A page shows what came out on somebody's machine. Figures, times, sizes, hashes and the drawing of charts differ on every
other one, and with them where lines are broken; words do not, and neither do the numbers of versions.
"""

import re

LEFT_OUT = "..."
"""Stands for whatever else was printed."""

VERSION = re.compile(r"(\bversions? |[\w.-]@|\bv)(\d+)((?: and |, )\d+)?")
SMALL = re.compile(r"\d")

FIGURES = (
    re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,64}\b"),
    re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?)?"),
    re.compile(r"\b\d\d:\d\d(?::\d\d)?\b"),
    re.compile(r"[-+±]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?%?"),
)
"""In this order: hashes, dates, times of the day, numbers."""

UNIT = re.compile(r"#\s?(?:ms|µs|s|min|m|h|d|w|B|KiB|MiB|GiB|Hz|MHz|GHz)\b")
DRAWN = re.compile(r"[\u2500-\u259f\u2800-\u28ff]+")
LETTERS = "abcdefghij"
ANYTHING = r"(?:\S+ )*?"
"""Any words, where something is left out."""


def shape(text: str) -> list[str]:
    """Return the words of a text, with a sign in place of each figure."""
    kept = VERSION.sub(lambda found: found[1] + _spelled(found[2]) + _spelled(found[3] or ""), text)
    for figure in FIGURES:
        kept = figure.sub("#", kept)
    return DRAWN.sub("~", UNIT.sub("#", kept)).split()


def _spelled(number: str) -> str:
    """Return the number of a version in letters, so that it is not taken for a figure."""
    return SMALL.sub(lambda digit: LETTERS[int(digit[0])], number)


def alike(shown: str, printed: str) -> bool:
    """Whether something printed has the shape of what is shown."""
    wanted = ""
    for line in shown.splitlines():
        whole = line.rstrip()
        left_out = whole.endswith(LEFT_OUT)
        wanted += _followed(shape(whole.removesuffix(LEFT_OUT))) + (ANYTHING if left_out else "")
    return re.fullmatch(wanted, "".join(f"{word} " for word in shape(printed))) is not None


def _followed(words: list[str]) -> str:
    return "".join(re.escape(f"{word} ") for word in words)
