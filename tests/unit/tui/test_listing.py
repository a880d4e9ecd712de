"""Which models are listed, and in which order."""

import pytest

from tui.health import ERROR, OK, Health
from tui.listing import ORDERS, Arranged, Listing
from tui.model_rows import ModelRow

FINE, BROKEN = Health("●", "ok", OK, "green"), Health("✗", "LOAD ERR", ERROR, "red")

ROWS = [
    ModelRow("b", FINE, {"device": "cpu"}, {"score": 0.9, "p95": 3.0, "evaluated": 60.0}),
    ModelRow("c", BROKEN, {"device": "cuda:0"}, {}),
    ModelRow("a", FINE, {"device": "cpu"}, {"score": 0.8, "p95": 9.0, "evaluated": 5.0}),
]


@pytest.mark.parametrize(
    ("word", "reverse", "names"),
    [
        ("state", False, "cab"),
        ("state", True, "bac"),
        ("name", False, "abc"),
        ("name", True, "cba"),
        ("score", False, "abc"),
        ("score", True, "bac"),
        ("p95 latency", False, "abc"),
        ("p95 latency", True, "bac"),
        ("last evaluation", False, "abc"),
    ],
)
def test_order(word: str, reverse: bool, names: str) -> None:  # noqa: FBT001 - a case, not a switch
    """Each order has the worst first, reversed the best; what is not known is last in either direction."""
    order = [known.word for known in ORDERS].index(word)
    assert "".join(row.name for row in Arranged(ROWS).read(Listing(order, reverse))) == names


@pytest.mark.parametrize(("typed", "names"), [("cuda", "c"), ("state:ok", "ab"), ("!cpu", "c"), ("zz", "")])
def test_filter(typed: str, names: str) -> None:
    """Words choose by name, state and device."""
    assert "".join(row.name for row in Arranged(ROWS).read(Listing(typed=typed))) == names


def test_every_question_is_answered_anew() -> None:
    """Another filter or another order of the same rows says what it would say if it were the first."""
    kept = Arranged(ROWS)
    for typed in ("", "cpu", "!cpu", "cpu", ""):
        for order in range(len(ORDERS)):
            for reverse in (False, True):
                listing = Listing(order, reverse, typed)
                assert kept.read(listing) == Arranged(ROWS).read(listing)


def test_title_says_what_is_left_out() -> None:
    """The table's title says how many there are, what was typed and what it is sorted by."""
    assert Listing().words(8, 8) == "8"
    assert Listing(2, reverse=True, typed="net").words(3, 8) == "3 of 8  /net  by score  reversed"
