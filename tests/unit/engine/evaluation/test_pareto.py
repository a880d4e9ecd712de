"""Which variants are worth a choice, and which one is recommended."""

import pytest

from engine.evaluation.pareto import Rated, front, recommended, times
from engine.evaluation.turns import Ratio
from storage.vocabulary import Verdict

ORIGINAL = Rated("keras", 0.0, 1000)


def rated(
    name: str,
    faster: float,
    size: int,
    *,
    quality: float = 0.0,
    reach: float = 0.05,
    verdict: Verdict = Verdict.NON_INFERIOR,
    missed: tuple[str, ...] = (),
) -> Rated:
    """Return a variant; its speed is known to a share."""
    speed = Ratio(faster, faster * (1 - reach), faster * (1 + reach))
    return Rated(name, quality, size, speed, verdict, missed)


def test_what_another_one_beats_in_everything_is_not_on_the_front() -> None:
    """Equal in some and better in one is enough; better in one and worse in another is not."""
    slow, small, exact = rated("slow", 5, 250), rated("small", 9, 250), rated("exact", 8, 900, quality=0.01)
    assert front([ORIGINAL, slow, small, exact]) == {"small", "exact"}


def test_twins_are_both_on_the_front() -> None:
    """Neither is better, so neither hides the other."""
    assert front([rated("a", 2, 500), rated("b", 2, 500)]) == {"a", "b"}


def test_the_fastest_is_recommended() -> None:
    """Where its speed is told apart from the others'."""
    assert recommended(ORIGINAL, [rated("a", 4, 100), rated("b", 11, 900)]) == rated("b", 11, 900)


def test_of_those_that_are_as_fast_the_smallest_is_recommended() -> None:
    """A difference within the intervals is no reason to carry more bytes."""
    chosen = recommended(ORIGINAL, [rated("a", 10.4, 900), rated("b", 10, 250), rated("c", 4, 100)])
    assert chosen is not None
    assert chosen.name == "b"


def test_a_few_bytes_are_no_reason_to_be_wrong_more_often() -> None:
    """Of those that are as fast and about as small, the best is recommended."""
    chosen = recommended(ORIGINAL, [rated("int8", 10, 549, quality=-0.002), rated("dynamic", 10.2, 552)])
    assert chosen is not None
    assert chosen.name == "dynamic"


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.INFERIOR])
def test_what_may_be_worse_is_not_recommended(verdict: Verdict) -> None:
    """However fast it is: not shown to be worse is not shown not to be."""
    assert recommended(ORIGINAL, [rated("a", 50, 100, verdict=verdict)]) is None


def test_what_misses_an_objective_is_not_recommended() -> None:
    """The owner's limits come before speed."""
    chosen = recommended(ORIGINAL, [rated("a", 50, 100, missed=("accuracy",)), rated("b", 2, 900)])
    assert chosen is not None
    assert chosen.name == "b"


def test_what_is_slower_or_gains_nothing_is_not_recommended() -> None:
    """Smaller alone counts where it costs no time; as fast and as large is no gain."""
    assert recommended(ORIGINAL, [rated("a", 0.7, 100), rated("b", 1, 1000)]) is None
    chosen = recommended(ORIGINAL, [rated("c", 1, 500)])
    assert chosen is not None


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (11.2, "11x faster"),
        (3.94, "3.9x faster"),
        (1.24, "1.24x faster"),
        (0.5, "2.0x slower"),
        (1.0, "1.00x faster"),
    ],
)
def test_ratios_in_words(ratio: float, words: str) -> None:
    """As many digits as mean something, and slower where it is slower."""
    assert times(ratio, "faster", "slower") == words
