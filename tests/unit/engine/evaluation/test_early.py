"""Promises about comparisons that stop early: when they look, what they say then, and what is left for the end."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation import early
from engine.evaluation.comparison import Question, discordance, of_answers
from engine.evaluation.early import Answered, Stopped, looks, stop, told
from engine.evaluation.paired import sequential
from engine.evaluation.paired.tango import Discordance
from storage.vocabulary import GateMode, Verdict

QUESTION = Question("accuracy", 0.02, 0.05)


class Stream:
    """Examples in a drawn order, and where they were asked for."""

    def __init__(self, gained: float, lost: float, n: int, seed: int = 1) -> None:
        drawn = np.random.default_rng(seed).choice(3, size=n, p=[gained, lost, 1 - gained - lost])
        self.old, self.new = drawn != 0, drawn != 1
        self.asked: list[tuple[int, int]] = []

    def more(self, start: int, end: int) -> Answered:
        """Return what both answer from one place to before another."""
        self.asked.append((start, end))
        return Answered(self.old[start:end], self.new[start:end])

    def stopped(self, question: Question = QUESTION, mode: GateMode = GateMode.NON_INFERIORITY) -> Stopped:
        """Compare both until that decides."""
        return stop(len(self.old), self.more, question, mode)


@pytest.mark.parametrize("total", [1, 511, 512, 513, 5000, 1_000_001, 30_000_000])
def test_looks_come_after_ever_larger_portions_and_in_the_end(total: int) -> None:
    """The last look is after all examples, and no step is more than a quarter of what was seen, nor than a message."""
    found = list(looks(total))
    assert found[-1] == total
    assert found == sorted(set(found))
    assert found[0] == min(512, total)
    for seen, after in pairwise(found):
        assert after - seen <= max(256, min(seen / 4, 1_000_000))
        assert after == total or (after - seen) % 256 == 0 or after - seen == 1_000_000


def test_a_million_examples_take_few_looks() -> None:
    """Steps grow with what was seen: a look costs a moment each."""
    assert len(list(looks(1_000_001))) < 50


@pytest.mark.parametrize(
    ("gained", "lost", "seed", "verdict", "wealth"),
    [
        (0.02, 0.017, 10, Verdict.SUPERIOR, sequential.better),
        (0.017, 0.02, 11, Verdict.INFERIOR, lambda gained, lost: sequential.better(lost, gained)),
    ],
)
def test_a_look_decides_just_where_the_wealth_reaches_its_half_of_the_level(
    gained: float, lost: float, seed: int, verdict: Verdict, wealth: Callable[[int, int], float]
) -> None:
    """At half of 5 % that is 40, and neither a half nor twice of it, which would be reached at other looks."""
    stream = Stream(gained, lost, 50_000, seed=seed)

    def first(enough: float) -> int:
        for seen in looks(50_000):
            old, new = stream.old[:seen], stream.new[:seen]
            if wealth(int((new & ~old).sum()), int((old & ~new).sum())) >= enough:
                return seen
        return 0

    stopped = stream.stopped(QUESTION._replace(margin=0.0), GateMode.SUPERIORITY)
    assert (stopped.verdict, len(stopped.seen.old)) == (verdict, first(40))
    assert first(10) < first(40) < first(80)


@pytest.mark.parametrize(
    ("gained", "lost", "verdict"),
    [
        (0.01, 0.11, Verdict.INFERIOR),
        (0.11, 0.01, Verdict.SUPERIOR),
        (0.0, 0.0, Verdict.NON_INFERIOR),
        (0.01, 0.01, Verdict.NON_INFERIOR),
    ],
)
def test_what_is_clear_takes_a_small_part_of_the_examples(
    gained: float, lost: float, verdict: Verdict
) -> None:
    """The verdict of the whole comes early, its interval agrees with it, and nothing is asked for twice."""
    stream = Stream(gained, lost, 50_000)
    stopped = stream.stopped()
    found = told(stopped, QUESTION)
    assert (stopped.verdict, found.verdict, found.method) == (verdict, verdict, early.BETTING)
    assert found.n == len(stopped.seen.old) == stream.asked[-1][1] < 5000
    assert [start for start, _ in stream.asked] == [0, *(end for _, end in stream.asked[:-1])]
    assert found.low <= found.advantage <= found.high
    assert found.low <= gained - lost <= found.high
    assert (found.metric, found.discordance) == ("accuracy", discordance(*stopped.seen))
    # The whole level, in halves: of this half the interval excludes what was ruled out.
    assert found.confidence == pytest.approx(0.95)
    if verdict is not Verdict.INFERIOR:
        assert found.low > -QUESTION.margin - 1e-6


def test_what_no_look_decides_is_left_to_the_fixed_test_at_the_other_half_of_the_level() -> None:
    """All examples are used then, and the fixed test says the same as if it had been alone with half the level."""
    stream = Stream(0.05, 0.06, 2000, seed=3)
    stopped = stream.stopped()
    assert stopped.verdict is None
    assert stream.asked[-1][1] == 2000
    found = told(stopped, QUESTION)
    gained, lost = int((stream.new & ~stream.old).sum()), int((stream.old & ~stream.new).sum())
    figures = float(stream.old.mean()), float(stream.new.mean())
    alone = of_answers(Discordance(gained, lost, 2000), figures, QUESTION._replace(level=0.025))
    assert found == alone


def test_only_what_the_gate_asks_for_ends_it() -> None:
    """Where a candidate must be better, that it is not worse decides nothing."""
    calm = Stream(0.005, 0.005, 20_000)
    assert calm.stopped().verdict is Verdict.NON_INFERIOR
    assert calm.stopped(mode=GateMode.SUPERIORITY).verdict is None


def test_a_margin_of_nothing_asks_for_a_better_one() -> None:
    """With no loss allowed two equal versions are never found to be equal."""
    stopped = Stream(0.01, 0.01, 5000).stopped(QUESTION._replace(margin=0.0))
    assert stopped.verdict is None
    assert told(stopped, QUESTION._replace(margin=0.0)).verdict is Verdict.INCONCLUSIVE


def passes(differences: NDArray[np.float64]) -> bool:
    """Whether a candidate with these differences passes in the end or at any look."""
    answered = Answered(differences < 1, differences > -1)
    stopped = stop(
        len(differences),
        lambda start, end: Answered(answered.old[start:end], answered.new[start:end]),
        QUESTION,
        GateMode.NON_INFERIORITY,
    )
    verdict = stopped.verdict or told(stopped, QUESTION).verdict
    return verdict in {Verdict.SUPERIOR, Verdict.NON_INFERIOR}


def test_stopping_early_keeps_the_level() -> None:
    """Of 600 candidates that are worse by just the margin no more pass than the level says, looks and end together."""
    random = np.random.default_rng(11)
    drawn = (random.choice([1.0, -1.0, 0.0], size=3000, p=[0.02, 0.04, 0.94]) for _ in range(600))
    # Four standard deviations above 5 %; the seed is fixed, so that this is no matter of luck.
    assert sum(map(passes, drawn)) / 600 <= 0.05 + 4 * (0.05 * 0.95 / 600) ** 0.5


def test_a_look_in_portions_sees_what_a_single_one_would() -> None:
    """Bets that come in portions win what they win at once."""
    differences = np.random.default_rng(5).choice([1.0, -1.0, 0.0], size=3000, p=[0.03, 0.02, 0.95])
    bets = sequential.Bets(0.02, 0.05)
    parts = [bets.add(part) for part in np.split(differences, [1, 512, 513, 2000])]
    whole = sequential.Bets(0.02, 0.05).add(differences)
    assert np.concatenate(parts) == pytest.approx(whole)
    assert bets.most == pytest.approx(whole.max())
