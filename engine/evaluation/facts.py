"""What a gate is judged from, and the share of the level that a candidate gets.

Owns the records that checks read. It must not decide anything, nor read a database.
"""

from typing import NamedTuple

from engine.evaluation.comparison import Question, Side
from storage.fault_records import Fault
from storage.gate_settings import Gate
from storage.records import Evaluation, LatencyRatio, Metric
from storage.settings import ModelSettings
from storage.tables.evaluations import headline


class Anchor(NamedTuple):
    """The best version that was promoted on a test set."""

    side: Side
    is_current: bool
    problem: str = ""
    """Why it cannot be compared with, or empty."""


class Facts(NamedTuple):
    """Everything that is known about a candidate and what it would replace."""

    candidate: Side
    settings: ModelSettings
    current: Side | None = None
    anchor: Anchor | None = None
    """``None`` where nothing was promoted on this test set before."""
    place: int = 1
    """Which candidate this is among all that the test set has judged, from 1."""
    faults: tuple[Fault, ...] = ()
    """The open faults of the model."""
    slices: tuple[Metric, ...] = ()
    """The candidate's figures of parts of the examples."""
    ratio: LatencyRatio | None = None
    """How the candidate's latency compares with the current version's, where that was measured."""

    @property
    def gate(self) -> Gate:
        """What the settings ask of a candidate."""
        return self.settings.gate

    @property
    def unmeasured(self) -> bool:
        """Whether the settings ask how the latencies compare, and nobody has measured that."""
        return self.gate.max_latency_ratio is not None and self.current is not None and self.ratio is None

    @property
    def level(self) -> float:
        """The one-sided level that this candidate is judged at."""
        return share_of(self.place, self.gate.budget) * (1 - self.gate.confidence)

    @property
    def question(self) -> Question:
        """What is asked of the figure that decides."""
        name = deciding_metric(self.gate, self.candidate.evaluation)
        return Question(name, self.gate.margin, self.level)


def deciding_metric(gate: Gate, evaluation: Evaluation | None) -> str:
    """Return the figure that a gate decides by: the one that was chosen, or the headline of a task without accuracy."""
    chosen = headline(evaluation)
    if gate.metric != Gate().metric or evaluation is None or chosen is None:
        return gate.metric
    return gate.metric if evaluation.metric(gate.metric) is not None else chosen.name


def share_of(place: int, budget: int) -> float:
    """Return the share of the level for a candidate at a place among all that one test set judges.

    With H the budget and k the place it is H / ((k + H - 1)(k + H)). The shares of all candidates that may ever come
    add up to 1, so that the chance of ever passing one that is worse by the margin stays within the level however
    many are judged, whatever their order (Bonferroni's inequality). The first H get nearly alike, and half of the
    whole; later ones get less, and none gets nothing.
    """
    return budget / ((place + budget - 1) * (place + budget))
