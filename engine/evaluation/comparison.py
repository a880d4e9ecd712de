"""Two versions' figures on the same examples: the advantage of the candidate, its interval, and what it says.

Owns which statistical method a metric has, and the verdict on an advantage. With d the candidate's advantage
(positive is better, also where a lower figure is the better one), its two-sided interval [low, high] at 1 - 2a where
a is the level, and m the margin:

    superior       d > 0 beyond chance: McNemar's mid-p below a, or for other figures low > 0
    non-inferior   not superior, and low > -m: worse by the margin is ruled out
    inferior       neither, and high < 0: worse beyond chance
    inconclusive   anything else: the examples do not decide

It reads no clock, file or database.
"""

from collections.abc import Mapping
from functools import cached_property
from math import inf, isfinite
from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import unpaired
from engine.evaluation.paired import bootstrap, delong, mcnemar, needed, tango
from engine.evaluation.paired.bins import Bins
from engine.evaluation.paired.figures import Advantages
from engine.evaluation.paired.rows import Estimate, Rows
from engine.evaluation.paired.tango import Discordance
from storage.records import Evaluation, ExampleValues, Metric, Version
from storage.vocabulary import Column, Verdict

RIGHT_OR_WRONG: Final = frozenset({"accuracy", "subset_accuracy", "recall_weighted"})
"""Figures that are the share of examples answered rightly."""

TANGO, DELONG, BOOTSTRAP, UNPAIRED = "Tango", "DeLong", "paired bootstrap", "unpaired"
"""Methods, as they are told."""


class Side(NamedTuple):
    """A version with what its examples came to."""

    version: Version
    right: "NDArray[np.bool_] | None"
    """Whether each example was answered rightly; ``None`` where that is not on record."""
    values: "Mapping[str, NDArray[Any]]"

    @property
    def evaluation(self) -> Evaluation | None:
        """The version's evaluation."""
        return self.version.evaluation


class Comparison(NamedTuple):
    """An advantage with its interval and what it was made from."""

    metric: str
    before: float
    after: float
    advantage: float
    low: float
    high: float
    level: float
    """One-sided; the interval is two-sided at 1 - 2 times it."""
    n: int
    method: str
    verdict: Verdict
    needed: int | None
    """Examples that would decide, were the two equally good; ``None`` where no number would, or none is needed."""
    discordance: Discordance | None = None
    p_not_inferior: float | None = None
    p_mid: float | None = None
    p_exact: float | None = None
    """McNemar's, two-sided."""

    @property
    def confidence(self) -> float:
        """Of the interval."""
        return 1 - 2 * self.level


class NotComparableError(Exception):
    """Why there is no comparison, as a sentence."""


class Question(NamedTuple):
    """What is asked of a comparison."""

    metric: str
    margin: float
    level: float


def side(version: Version, correct: bytes | None, values: Mapping[str, ExampleValues]) -> Side:
    """Return a version with its examples as arrays."""
    rows = version.evaluation.dataset_rows if version.evaluation else 0
    right = (
        None
        if correct is None
        else np.unpackbits(np.frombuffer(correct, np.uint8), count=rows).astype(np.bool_)
    )
    return Side(
        version,
        right,
        {name: np.frombuffer(kept.data, f"<{kept.kind}") for name, kept in values.items()},
    )


class Pair:
    """Two versions side by side; what the comparisons of several figures share is made once."""

    def __init__(self, old: Side, new: Side) -> None:
        self._old, self._new = old, new

    def compare(self, question: Question) -> Comparison:
        """Return what the same examples say about the two.

        Raises:
            NotComparableError: they have not what it takes.
        """
        old, new, name = self._old, self._new, question.metric
        before, after = _figure(old, new, name), _figure(new, old, name)
        if name in RIGHT_OR_WRONG:
            return of_answers(_discordance(old, new), (before.value, after.value), question)
        area = _areas(old, new) if name == "roc_auc" else None
        if area is not None:
            z = NormalDist().inv_cdf(1 - question.level)
            value = area.after - area.before
            found = Estimate(value, value - z * area.deviation, value + z * area.deviation)
            return _of_estimate(DELONG, found, (before, after), question)
        rows = self._advantages.rows(name) if self._advantages else None
        if rows is not None:
            found = bootstrap.estimate(rows, 1 - 2 * question.level)
            return _of_estimate(BOOTSTRAP, found, (before, after), question, rows)
        return _of_estimate(
            UNPAIRED, unpaired.advantage(before, after, 1 - 2 * question.level), (before, after), question
        )

    @cached_property
    def _advantages(self) -> Advantages | None:
        """What is kept of the examples, where both have it and say the same truth of each."""
        old, new = self._old, self._new
        return (
            Advantages(old.values, new.values)
            if old.values and new.values and _same_targets(old, new)
            else None
        )


def compare(old: Side, new: Side, question: Question) -> Comparison:
    """Return what the same examples say about two versions in one figure.

    Raises:
        NotComparableError: they have not what it takes.
    """
    return Pair(old, new).compare(question)


def verdict_of(*, better: bool, low: float, high: float, margin: float) -> Verdict:
    """Return the verdict on an advantage, as the module's docstring defines it."""
    if better:
        return Verdict.SUPERIOR
    if low > -margin:
        return Verdict.NON_INFERIOR
    return Verdict.INFERIOR if high < 0 else Verdict.INCONCLUSIVE


def _figure(mine: Side, other: Side, name: str) -> Metric:
    metric = mine.evaluation.metric(name) if mine.evaluation else None
    if metric is None:
        both = [
            known.name
            for known in (mine.evaluation.metrics if mine.evaluation else ())
            if other.evaluation and other.evaluation.metric(known.name)
        ]
        raise NotComparableError(
            f"version {mine.version.number} has no metric '{name}'; both have: {', '.join(both) or 'none'}"
        )
    return metric


def _discordance(old: Side, new: Side) -> Discordance:
    if old.right is None or new.right is None or len(old.right) != len(new.right):
        lacking = old if old.right is None else new
        raise NotComparableError(
            f"what each example came to is not on record for version {lacking.version.number}; evaluate it again"
        )
    return discordance(old.right, new.right)


def discordance(old: "NDArray[np.bool_]", new: "NDArray[np.bool_]") -> Discordance:
    """Return on how many examples two versions differ; each array says of the same examples, in order, who was right."""
    return Discordance(int(np.sum(new & ~old)), int(np.sum(old & ~new)), len(old))


def of_answers(seen: Discordance, both: tuple[float, float], question: Question) -> Comparison:
    """Return what right and wrong answers say; ``both`` are the versions' figures, the current one's first."""
    low, high = tango.interval(seen, 1 - 2 * question.level)
    two_sided = mcnemar.two_sided(seen)
    better = mcnemar.better(seen).mid < question.level
    verdict = verdict_of(better=better, low=low, high=high, margin=question.margin)
    return Comparison(
        question.metric,
        both[0],
        both[1],
        seen.advantage,
        low,
        high,
        question.level,
        seen.n,
        TANGO,
        verdict,
        _needed(verdict, seen.share, seen.n, question, bounded=True),
        seen,
        tango.p_not_inferior(seen, question.margin),
        two_sided.mid,
        two_sided.exact,
    )


def _of_estimate(
    method: str,
    found: Estimate,
    both: tuple[Metric, Metric],
    question: Question,
    rows: Rows | Bins | None = None,
) -> Comparison:
    low, high, n = found.low, found.high, both[1].n
    if low == high:
        # No example tells the versions apart: so rare as never seen, it may still happen (Hanley and
        # Lippman-Hand 1983, JAMA 249:1743), and then make the difference of two examples that are far apart.
        reach = (1 - question.level ** (1 / n)) * (1.0 if rows is None else _span(rows)) if n else inf
        low, high = found.value - reach, found.value + reach
    verdict = verdict_of(better=low > 0, low=low, high=high, margin=question.margin)
    deviation = (high - low) / 2 / NormalDist().inv_cdf(1 - question.level)
    return Comparison(
        question.metric,
        both[0].value,
        both[1].value,
        found.value,
        low,
        high,
        question.level,
        n,
        method,
        verdict,
        _needed(verdict, deviation**2 * n, n, question, bounded=False),
    )


def _needed(verdict: Verdict, variance: float, n: int, question: Question, *, bounded: bool) -> int | None:
    if verdict is not Verdict.INCONCLUSIVE or not isfinite(variance):
        return None
    found = needed.examples(variance, question.margin, question.level, bounded=bounded)
    return found if found is not None and found > n else None


def _areas(old: Side, new: Side) -> delong.AreaDifference | None:
    if not {Column.SCORE, Column.TARGET} <= old.values.keys() & new.values.keys() or not _same_targets(
        old, new
    ):
        return None
    found = delong.difference(
        old.values[Column.TARGET] == 1, old.values[Column.SCORE], new.values[Column.SCORE]
    )
    return found if found and found.deviation > 0 else None


def _same_targets(old: Side, new: Side) -> bool:
    """Whether both say the same truth of each example; a model process tells it, so that it is only a claim."""
    mine, other = old.values.get(Column.TARGET), new.values.get(Column.TARGET)
    same = mine is other if mine is None or other is None else np.array_equal(mine, other)
    if not same:
        raise NotComparableError(
            f"versions {old.version.number} and {new.version.number} report different targets for the same data; "
            "evaluate both again"
        )
    return True


def _span(rows: Rows | Bins) -> float:
    """Return how far apart one example can pull the figure: the width of what examples add."""
    values = rows.rows().values if isinstance(rows, Bins) else rows.values
    return float(np.ptp(values, axis=0).max())
