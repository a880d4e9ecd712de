"""What a rehearsal came to: the engine writes it as a job's result, and the command prints it.

Field names are a contract with scripts, as those of every document are: a new field is an addition at the end.
"""

import msgspec

from storage.vocabulary import Format, Rehearsal


class RehearsedFigure(msgspec.Struct, frozen=True):
    """One figure here and there, on the same examples; the advantage is that of ``there``, positive where it is better."""

    name: str
    here: float
    there: float
    advantage: float
    low: float | None
    high: float | None
    confidence: float
    n: int
    method: str
    moved: bool
    """Whether it differs by more than rounding."""


class RehearsedOutputs(msgspec.Struct, frozen=True):
    """How far answers to the same few examples are from each other."""

    n: int
    same: bool
    """To the bit."""
    largest: float | None
    """The largest difference; ``null`` where the answers have another form, or one of two is no number."""
    tolerance: float
    """What rounding explains."""
    turned: int
    """Examples whose largest output is another one."""
    alike: bool
    """Whether rounding explains the difference."""


class RehearsedSide(msgspec.Struct, frozen=True, kw_only=True):
    """A version in one of the two environments."""

    loads: bool
    problem: str = ""
    """Why it does not load, or was not evaluated; empty where all is well."""
    versions: dict[str, str] = {}
    """Of what ran it, by name."""
    load_s: float | None = None
    isolation: str = ""


class RehearsedModel(msgspec.Struct, frozen=True, kw_only=True):
    """What is deployed of one model, here and there."""

    model: str
    version: int
    format: Format
    verdict: Rehearsal
    reasons: tuple[str, ...]
    """What would break, or why nothing could be compared; each a sentence without its full stop."""
    here: RehearsedSide
    there: RehearsedSide
    figures: tuple[RehearsedFigure, ...]
    outputs: RehearsedOutputs | None


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """``rehearse``: every deployed version under another interpreter."""

    interpreter: str
    python_here: str
    python_there: str
    breaks: bool
    models: tuple[RehearsedModel, ...]
