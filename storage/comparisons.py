"""What a comparison of two versions came to: the engine writes it as a job's result, and commands print it.

Field names are a contract with scripts, as those of every document are: a new field is an addition at the end.
"""

import msgspec

from storage.vocabulary import Verdict


class ComparedFigure(msgspec.Struct, frozen=True):
    """One figure of two versions: the advantage is that of ``to``, positive where it is better."""

    name: str
    before: float
    after: float
    advantage: float
    low: float | None
    high: float | None
    confidence: float
    n: int
    method: str
    verdict: Verdict
    p_mid: float | None
    p_exact: float | None
    needed: int | None
    """Labelled examples in all that would decide, were the two equally good."""


class ComparedLatency(msgspec.Struct, frozen=True):
    """How many times as long ``to`` takes as ``from``, from ``n`` rounds in turns."""

    device: str
    ratio: float
    low: float
    high: float
    confidence: float
    n: int
    noisy: str = ""
    """What disturbed the measurement; empty where nothing is known to have."""


class Early(msgspec.Struct, frozen=True):
    """How many examples a comparison took that stops as soon as it decides."""

    used: int
    examples: int
    """Of the data in all."""
    decided: bool
    """Whether it stopped at a look; otherwise all were used, and a fixed test at what was left of the level decided."""
    ran: tuple[int, ...]
    """The versions that were run; what the others answered was on record."""


class Compared(msgspec.Struct, frozen=True):
    """``compare``: two versions on the same examples; the verdict is that of the figure that the gate decides by."""

    model: str
    from_version: int = msgspec.field(name="from")
    to_version: int = msgspec.field(name="to")
    verdict: Verdict
    metric: str
    margin: float
    gained: int | None
    """Examples that only ``to`` has right."""
    lost: int | None
    """Examples that only ``from`` has right."""
    figures: tuple[ComparedFigure, ...]
    latency: ComparedLatency | None
    problem: str = ""
    early: Early | None = None
    """``null`` where everything was on record, or ``--early`` was not given."""
