"""The footer and the line above it name no key that would do nothing."""

import pytest

from storage import snapshot
from storage.database import Reader, Writer
from tests.console.stage import NOW, fill
from tui import footers, next_step
from tui.feed import News
from tui.view import View


@pytest.fixture
def staged(writer: Writer, reader: Reader) -> View:
    """Return what a screen is given to show of a busy day."""
    with writer.transaction() as connection:
        fill(connection)
    news = News(snapshot.read(reader), None, engine_running=True)
    return View(news, NOW, "gpu-box-1", "/srv/models", "mnist")


def test_keys_name_the_versions_that_they_are_about(staged: View) -> None:
    """Which version a key promotes and which it brings back is read before it is pressed."""
    assert footers.of_model(staged) == {
        "app.promote": "promote v3",
        "app.roll_back": "back to v1",
        "app.cancel": "",
        "app.quarantine": "",
    }


def test_keys_that_would_do_nothing_are_left_out(staged: View) -> None:
    """Without a candidate, a previous version or a job there is nothing to promote, to bring back or to cancel."""
    assert footers.of_model(staged._replace(selected="speech-cmd")) == {
        "app.promote": "",
        "app.roll_back": "",
        "app.cancel": "cancel",
        "app.quarantine": "",
    }
    nobody = footers.of_model(staged._replace(selected=None))
    assert not any(nobody.values())
    assert {"open", "mark", "app.evaluate", "app.promote"} <= nobody.keys()
    # Those that are marked are evaluated all the same.
    assert "app.evaluate" not in footers.of_model(staged._replace(selected=None, marked=frozenset({"mnist"})))


def test_no_key_is_named_where_none_acts(staged: View) -> None:
    """A console that only reads says how things stand, and not what another one could do."""
    assert next_step.of_model(staged) == "v3 passed the gate (superior): p promotes it"
    assert next_step.of_model(staged._replace(read_only=True)) == "v3 passed the gate (superior)"
    down = staged.news._replace(engine_running=False)
    assert next_step.of_model(staged._replace(news=down)) == "v3 passed the gate (superior)"
