"""The search for the most queries a second."""

from hypothesis import given
from hypothesis import strategies as st

from engine.evaluation.search import CLOSE_ENOUGH, TRIES, highest


@given(st.floats(0.01, 0.94), st.floats(1.0, 1e5))
def test_the_limit_is_found_between_two_rates(share: float, capacity: float) -> None:
    """A limit anywhere below the capacity is enclosed, closely, from below, in few tries."""
    limit = share * capacity
    found = highest(lambda rate: rate <= limit, capacity)
    assert found.kept is not None
    assert found.kept <= limit < found.lost
    assert found.lost <= found.kept * CLOSE_ENOUGH
    assert found.settled
    assert found.tries <= TRIES


@given(st.floats(1.0, 1e5))
def test_no_rate_is_above_what_can_be_answered_back_to_back(capacity: float) -> None:
    """Where every try passes, the result is close to the capacity and not above it."""
    found = highest(lambda _rate: True, capacity)
    assert found.kept is not None
    assert capacity / CLOSE_ENOUGH <= found.kept <= capacity


def test_where_no_rate_passes_none_is_found() -> None:
    """The search gives up after its tries, and says that nothing was kept."""
    asked: list[float] = []

    def lose(rate: float) -> bool:
        asked.append(rate)
        return False

    found = highest(lose, 100.0)
    assert (found.kept, found.tries, found.settled) == (None, TRIES, False)
    assert asked == sorted(asked, reverse=True)


def test_what_cannot_be_told_ends_the_search() -> None:
    """What was found before stands, and is not called settled."""
    answers = iter([True, True, None])
    found = highest(lambda _rate: next(answers), 100.0)
    assert (found.kept, found.lost, found.tries, found.settled) == (75.0, 100.0, 2, False)
