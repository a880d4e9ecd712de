"""The first line says whose workspace a viewer looks at, as far as there is room."""

import pytest

from tui import heading
from tui.feed import NO_NEWS
from tui.view import View

VIEW = View(NO_NEWS, 0.0, "gpu-box-1", "/srv/models", None, read_only=True, owner="alice")


@pytest.mark.parametrize(
    ("width", "words"), [(80, "read-only: alice's"), (120, "read-only: the workspace belongs to alice")]
)
def test_it_says_whose_the_workspace_is(width: int, words: str) -> None:
    """A viewer reads on every terminal that they only look, and at whose workspace."""
    line = heading.left(VIEW, width, needing=0)
    assert words in line.plain
    assert line.cell_len + heading.right(VIEW).cell_len < width


def test_every_other_screen_says_it_too() -> None:
    """The first lines of a model's page and of lists have the short form."""
    assert "read-only: alice's" in heading.of_model(VIEW, "mnist").plain
    assert "read-only: alice's" in heading.of_screen(VIEW, "Jobs", "3 waiting").plain


def test_a_console_that_was_opened_read_only_says_no_name() -> None:
    """One's own workspace is opened with --read-only as before."""
    own = VIEW._replace(owner=None)
    assert "read-only" in heading.left(own, 120, needing=0).plain
    assert "belongs" not in heading.left(own, 120, needing=0).plain
