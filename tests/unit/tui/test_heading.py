"""The first line says whose workspace a viewer looks at, as far as there is room."""

import pytest

from storage import snapshot
from storage.database import Reader, Writer
from storage.tables import faults
from tests.console.stage import NOW, Played, add_model
from tui import heading
from tui.feed import NO_NEWS, News
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
    assert "read-only: alice's" in heading.of_model(VIEW, "mnist", 80).plain
    assert "read-only: alice's" in heading.of_screen(VIEW, "Jobs", "3 waiting").plain


def test_a_console_that_was_opened_read_only_says_no_name() -> None:
    """One's own workspace is opened with --read-only as before."""
    own = VIEW._replace(owner=None)
    assert "read-only" in heading.left(own, 120, needing=0).plain
    assert "belongs" not in heading.left(own, 120, needing=0).plain


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_models_state_is_whole_however_long_its_name_is(width: int, reader: Reader, writer: Writer) -> None:
    """On its own screen the name gives way, at its end and with an ellipsis; one that fits is whole."""
    long = "a-model-with-a-name-that-is-as-long-as-a-small-terminal-is-wide-2025"
    with writer.transaction() as connection:
        for name in (long, "mnist"):
            add_model(connection, name, Played(1, (0.9,)))
            faults.open_fault(connection, "below", "It is below 0.9.", at=NOW, model=name)
    view = View(News(snapshot.read(reader), None, engine_running=True), NOW, "vm", "/srv/models", long)
    line = heading.of_model(view, long, width)
    assert line.plain.endswith("  nothing deployed   ! 1 FAULT")
    assert line.cell_len + heading.right(view).cell_len + heading.ENDS <= width
    assert ("…" in line.plain) is (width < 160)
    assert (
        "mnist  nothing deployed" in heading.of_model(view._replace(selected="mnist"), "mnist", width).plain
    )
