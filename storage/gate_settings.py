"""The settings of the gate: the ``[gate]`` table of model.toml, and what is wrong with one."""

from math import isfinite

from storage.durations import seconds
from storage.settings_file import Settings
from storage.vocabulary import GateMode

SHORTEST_PROBATION_S = 5
"""Less is no time in which anything could be seen."""


class Requirement(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit that a candidate's own figure must keep; a ``[[gate.require]]`` table."""

    metric: str = ""
    """A metric, a latency figure as in ``[objectives]``, or one of ``size_bytes``, ``peak_rss_bytes``, ``load_s``."""
    slice: str = ""
    """The part of the examples, as ``class=3`` or ``shop=north``; empty for all of them."""
    at_least: float | None = None
    """The least that the figure may be."""
    at_most: float | None = None
    """The most that the figure may be."""


class Gate(Settings, frozen=True, kw_only=True):
    """What a candidate must show before it may be promoted."""

    metric: str = "accuracy"
    """The figure by which candidate and deployed version are compared."""
    margin: float = 0.005
    """How much worse than the deployed version the metric may be, in its own unit."""
    confidence: float = 0.95
    """How sure it must be that no candidate worse by the margin passes, over all that one test set judges."""
    mode: GateMode = GateMode.NON_INFERIORITY
    """Whether it must be shown to be no worse by the margin, or to be better."""
    class_margin: float | None = None
    """How much less often a class may be recognised; ``None`` asks for nothing of single classes."""
    max_latency_ratio: float | None = None
    """How many times the deployed version's median latency the candidate's may be; ``None`` asks for nothing."""
    min_examples: int = 0
    """Test examples below which the gate does not decide."""
    budget: int = 10
    """Candidates that one test set is expected to judge before fresh labels come."""
    dry_run: bool = False
    """Whether the gate only judges, and nothing is promoted unless a person insists."""
    automatic: bool = False
    """Whether a candidate that passes is promoted automatically, and rolled back if it disappoints."""
    probation: str = "1h"
    """How long a version that was promoted automatically is watched."""
    require: tuple[Requirement, ...] = ()
    """Limits of single figures: ``[[gate.require]]`` tables, below."""

    @property
    def two_sided(self) -> float:
        """The confidence of an interval that excludes on either side what a test at `confidence` does."""
        return 1 - 2 * (1 - self.confidence)


def check(gate: Gate, problems: list[str]) -> None:
    """Say what is wrong with the settings of a gate."""
    if gate.margin < 0:
        problems.append(f"gate.margin: expected 0 or more, got {gate.margin:g}")
    if not 0.5 <= gate.confidence < 1:
        problems.append(f"gate.confidence: expected 0.5 to below 1, got {gate.confidence:g}")
    if gate.class_margin is not None and not 0 < gate.class_margin < 1:
        problems.append(f"gate.class_margin: expected a number between 0 and 1, got {gate.class_margin:g}")
    if gate.max_latency_ratio is not None and not gate.max_latency_ratio > 0:
        problems.append(f"gate.max_latency_ratio: expected a number above 0, got {gate.max_latency_ratio:g}")
    if gate.min_examples < 0:
        problems.append(f"gate.min_examples: expected 0 or more, got {gate.min_examples}")
    if gate.budget < 1:
        problems.append(f"gate.budget: expected 1 or more, got {gate.budget}")
    _check_probation(gate.probation, problems)
    _check_requirements(gate.require, problems)


def _check_probation(length: str, problems: list[str]) -> None:
    try:
        if seconds(length) < SHORTEST_PROBATION_S:
            problems.append(f"gate.probation: expected {SHORTEST_PROBATION_S}s or more, got {length}")
    except ValueError as error:
        problems.append(f"gate.probation: {error}")


def _check_requirements(requirements: tuple[Requirement, ...], problems: list[str]) -> None:
    for number, wanted in enumerate(requirements, 1):
        key = f"gate.require {number}"
        if not wanted.metric:
            problems.append(f"{key}: needs a metric")
        if wanted.at_least is None and wanted.at_most is None:
            problems.append(f"{key}: needs at_least or at_most")
        if not all(isfinite(limit or 0.0) for limit in (wanted.at_least, wanted.at_most)):
            problems.append(f"{key}: expected a number as limit")
        if wanted.slice and "=" not in wanted.slice:
            problems.append(f"{key}: expected a slice like 'class=3', got '{wanted.slice}'")
