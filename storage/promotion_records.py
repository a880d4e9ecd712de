"""What is kept of promotions: what the gate says, what a switch came to, and what was deployed and is watched."""

import msgspec

from storage.record import Record
from storage.vocabulary import (
    CheckVerdict,
    Format,
    JobKind,
    ProbationState,
    PromotionOutcome,
    TargetKind,
    TargetState,
    Verdict,
)


class DeployedContent(Record, frozen=True, kw_only=True):
    """What a version held when it was deployed."""

    artefact: str
    """Path of the artefact below the version's folder."""
    format: Format
    sha256: str
    bytes: int
    companions: tuple[str, ...] = ()
    """Paths of the other files that belong to it, below the folder that it lies in."""


class Probation(Record, frozen=True, kw_only=True):
    """The watching of a version that was promoted by itself."""

    id: int
    model: str
    number: int
    sha256: str
    begun_at: float
    ends_at: float
    """It is over then, unless too few looks have worked by then."""
    every_s: float
    looks: int
    """How many of the evaluations that were asked for worked."""
    looked_at: float
    """When one was asked for last, or when it began."""
    state: ProbationState
    reason: str


EVALUATED = "evaluated"
SAME_DATA = "same-data"
"""The checks without which nothing can be compared: a promotion evaluates what they miss."""
NOT_EVALUATED = "evaluation"
"""The check that stands for an evaluation that a promotion asked for and that did not work."""
FORMAL = frozenset({EVALUATED, SAME_DATA, NOT_EVALUATED})
"""The checks that look at no figure: whether there are figures, and whether they go together."""
LATENCY = "latency"
"""The check of how long a candidate takes: a promotion measures what it misses, where everything else passes."""
PASSING = frozenset({CheckVerdict.PASS, CheckVerdict.SKIPPED})
"""What of a check holds nothing back: it passed, or did not apply."""


class GateCheck(msgspec.Struct, frozen=True, gc=False):
    """One check of a gate: its name, its verdict, and a sentence with the figures."""

    name: str
    verdict: CheckVerdict
    detail: str

    @property
    def sentence(self) -> str:
        """What it says where its name does not stand beside it: a formal check's detail has a subject already."""
        return self.detail if self.name in FORMAL else f"{self.name} {self.detail}"


class ToldTarget(msgspec.Struct, frozen=True, gc=False):
    """What became of one target when it was told of a promotion."""

    name: str
    kind: TargetKind
    state: TargetState
    message: str


class Promotion(Record, frozen=True, kw_only=True):
    """One change of what is deployed, or one that was begun and did not come about."""

    id: int
    model: str
    at: float
    requested_by: str
    from_version: int | None
    to_version: int
    kind: JobKind
    verdict: Verdict | None
    checks: tuple[GateCheck, ...]
    forced: bool
    reason: str
    outcome: PromotionOutcome = PromotionOutcome.DONE
    problem: str = ""
    """Why it did not come about, or empty."""
    told: tuple[ToldTarget, ...] = ()
    """The promotion targets, in the order in which they were told."""


class PromotionTarget(Record, frozen=True, kw_only=True):
    """What else learns of a model's promotions, and what became of the last time that it was told."""

    name: str
    kind: TargetKind
    place: str
    state: TargetState
    version: int | None
    """The version that it last confirmed, or ``None`` where it never did."""
    message: str
    """What it confirmed, or why it did not."""
    at: float | None


class GateReport(msgspec.Struct, frozen=True, gc=False):
    """What the gate says about promoting one version over another."""

    against: int | None
    """The current version that it was compared with, or ``None`` where nothing was deployed."""
    verdict: Verdict
    checks: tuple[GateCheck, ...]
    basis: str = ""
    """A digest of everything that it was judged from: with the same the answer would be the same."""
    unmeasured: bool = False
    """Whether it asks how the latencies compare, and nobody has measured that."""

    @property
    def passed(self) -> bool:
        """Whether every check passed or did not apply."""
        return all(check.verdict in PASSING for check in self.checks)

    @property
    def lacks_ratio(self) -> bool:
        """Whether nothing is open but how the latencies compare: a promotion measures that, again where it was not decided."""
        held = {(check.name, check.verdict) for check in self.checks if check.verdict not in PASSING}
        return held == {(LATENCY, CheckVerdict.INCONCLUSIVE)}

    @property
    def promotable(self) -> bool:
        """Whether nothing that is known speaks against a promotion, which measures what is not known."""
        return self.passed or self.lacks_ratio

    @property
    def lacks_figures(self) -> bool:
        """Whether it could not judge, because evaluations are missing or cannot be compared."""
        missing = {EVALUATED, SAME_DATA}
        return any(check.name in missing and check.verdict is not CheckVerdict.PASS for check in self.checks)
