"""What is said of labelled data: how much there is of what, and what looks wrong.

Records only, framework-free and numpy-free: the process that reads the data fills them, commands print them.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

CLASSES: Final = 1000
"""Classes whose examples are counted apart."""

COLUMNS: Final = 10_000

PARTS: Final = ("train", "validation", "test")
"""Into which data are divided."""

PARTS_FOLDER: Final = "parts"
"""In the scratch folder of the process that divides them."""

SOURCES: Final = 100
"""Data sets that are looked through together."""


class ColumnDescription(msgspec.Struct, frozen=True):
    """One column."""

    name: str
    dtype: str
    """numpy's name, or ``str``."""
    shape: tuple[int, ...]
    """Of one example; empty for a single value."""
    missing: int
    """Examples with an empty value or a NaN in it."""
    low: float | None
    """The smallest number; ``None`` of texts, or where there is none."""
    high: float | None
    mean: float | None


class ClassCount(msgspec.Struct, frozen=True):
    """How many examples have one value of the target."""

    label: str
    n: int


class PartDescription(msgspec.Struct, frozen=True):
    """One data set."""

    name: str
    """Of its file or folder."""
    rows: int
    sha256: str
    columns: Annotated[tuple[ColumnDescription, ...], Meta(max_length=COLUMNS)]
    target: str
    """The column to be predicted; empty where none is recognised."""
    classes: Annotated[tuple[ClassCount, ...], Meta(max_length=CLASSES)]
    """By label; empty where the target is no class."""
    repeated: int
    """Examples whose inputs are those of an earlier one."""
    contradicting: int
    """Different inputs that occur with different targets."""


class Shared(msgspec.Struct, frozen=True):
    """Examples of one part whose inputs are in another part, too."""

    first: int
    """Places among the parts."""
    second: int
    n: int
    """Different inputs that both have."""
