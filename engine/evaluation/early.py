"""Two versions compared while their answers come in, until they decide: fewer examples, the same promise.

Owns when one looks, how the level is shared, and when to stop. Half of the level is for all the looks together: tests
by betting, which hold at any moment. The other half is for the fixed test that is left where all examples were used
and no look decided. The two add up to the level (Bonferroni's inequality), whatever happens. The order must have been
drawn at random: data files are often sorted, and sorted examples would be no sample. It reads no clock, file or
database, and asks no model.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.comparison import Comparison, Question, discordance, of_answers
from engine.evaluation.paired import sequential
from storage.vocabulary import GateMode, Verdict

BETTING: Final = "betting"
"""The method, as it is told."""

LOOKING: Final = 0.5
"""The share of the level that all looks have together."""

FIRST_LOOK: Final = 512
"""Fewer examples decide about nothing but the grossest differences, and are answered in a moment."""

BATCH: Final = 256
"""Looks come after whole batches of so many examples, so that a model meets one shape of them."""

GROWTH: Final = 4
"""Each look comes when another quarter of what was seen is there: at most a fifth of the examples are more than needed."""

MOST_AT_ONCE: Final = 1_000_000
"""Examples between two looks: what is asked and answered about them fits into a message."""


class Answered(NamedTuple):
    """Which of some examples each version answered rightly, in the order in which they were drawn."""

    old: "NDArray[np.bool_]"
    new: "NDArray[np.bool_]"


class Stopped(NamedTuple):
    """What had been seen when nothing more was asked, and what a look decided; ``None`` where none did."""

    seen: Answered
    verdict: Verdict | None


def looks(total: int) -> Iterator[int]:
    """Yield after how many examples of ``total`` one looks; the last time after all of them."""
    seen = min(FIRST_LOOK, total)
    while seen < total:
        yield seen
        step = max(BATCH, seen // GROWTH // BATCH * BATCH)
        seen = min(seen + min(step, MOST_AT_ONCE), total)
    yield total


def stop(total: int, more: Callable[[int, int], Answered], question: Question, mode: GateMode) -> Stopped:
    """Compare two versions on as many of ``total`` examples as it takes.

    ``more(start, stop)`` answers the examples at these places of the drawn order; each is asked for once.
    """
    level = question.level * LOOKING
    bets, enough = sequential.Bets(question.margin, level), 1 / level
    portions: list[Answered] = []
    gained = lost = start = 0
    for end in looks(total):
        old, new = more(start, end)
        portions.append(Answered(old, new))
        apart = discordance(old, new)
        gained, lost, start = gained + apart.gained, lost + apart.lost, end
        bets.add(_differences(old, new))
        verdict = Verdict.INCONCLUSIVE
        if sequential.better(gained, lost) >= enough:
            verdict = Verdict.SUPERIOR
        elif bets.most >= enough:
            verdict = Verdict.NON_INFERIOR
        elif sequential.better(lost, gained) >= enough:
            verdict = Verdict.INFERIOR
        if verdict in _decisive(mode):
            return Stopped(_together(portions), verdict)
    return Stopped(_together(portions), None)


def told(stopped: Stopped, question: Question) -> Comparison:
    """Return what was found: an interval that holds at every moment, or what the fixed test says of all examples."""
    old, new = stopped.seen
    apart, figures = discordance(old, new), (float(old.mean()), float(new.mean()))
    if stopped.verdict is None:
        return of_answers(apart, figures, question._replace(level=question.level * (1 - LOOKING)))
    level = question.level * LOOKING
    low, high = sequential.bounds(_differences(old, new), level)
    return Comparison(
        question.metric,
        *figures,
        apart.advantage,
        low,
        high,
        level,
        apart.n,
        BETTING,
        stopped.verdict,
        needed=None,
        discordance=apart,
    )


def _decisive(mode: GateMode) -> frozenset[Verdict]:
    """Return the verdicts after which no more examples are needed."""
    found = {Verdict.SUPERIOR, Verdict.INFERIOR}
    return frozenset(found if mode is GateMode.SUPERIORITY else found | {Verdict.NON_INFERIOR})


def _differences(old: "NDArray[np.bool_]", new: "NDArray[np.bool_]") -> "NDArray[np.float64]":
    return np.asarray(new.astype(np.float64) - old)


def _together(portions: list[Answered]) -> Answered:
    return Answered(*(np.concatenate(side) for side in zip(*portions, strict=True)))
