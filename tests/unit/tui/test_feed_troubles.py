"""What the feed says of a database that cannot be read, and how its thread begins, fails and ends."""

import sqlite3
import threading
import time
from collections.abc import Callable

import pytest

from storage import snapshot
from storage.database import Writer
from storage.workspace import Workspace, create_workspace
from tests.unit.tui.commands.rows import NOW
from tests.unit.tui.feeding import feed, forbidden, latest, tell
from tui.feed import Feed, News
from tui.replaying import Way, Wish

__all__ = ["feed"]

SOON_S = 60.0


def test_missing_database_is_an_error_in_words(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without a database the news is what is missing, once; the database is read as soon as it is there."""
    workspace = create_workspace(tmp_path_factory.mktemp("bare"))
    feed = Feed(workspace)
    news = feed.look()
    assert news is not None
    assert news.error is not None
    assert news.error.code == "no-database"
    assert feed.look() is None
    Writer(workspace.database).close()
    recovered = feed.look()
    assert recovered is not None
    assert recovered.error is None
    assert recovered.snapshot is not None
    feed.stop()


def test_newer_database_is_an_error_in_words(feed: Feed, workspace: Workspace) -> None:
    """A database of a newer program is not read, and is told as such."""
    connection = sqlite3.connect(workspace.database)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    news = feed.look()
    assert news is not None
    assert news.error is not None
    assert news.error.code == "newer-database"


def test_damaged_database_is_an_error_in_words(feed: Feed, workspace: Workspace, writer: Writer) -> None:
    """A database that is damaged while the console is open is told as such."""
    feed.look()
    writer.close()
    feed.stop()
    workspace.database.write_bytes(b"no database at all " * 1000)
    again = Feed(workspace)
    news = again.look()
    assert news is not None
    assert news.error is not None
    assert news.error.code == "damaged-database"


def test_replaced_database_is_opened_anew(feed: Feed, workspace: Workspace, writer: Writer) -> None:
    """A database that was moved aside is not looked at for ever."""
    feed.look()
    writer.close()
    for file in workspace.state.glob("modeltender.db*"):
        file.rename(file.with_name(f"old-{file.name}"))
    fresh = Writer(workspace.database)
    tell(fresh, "a new beginning")
    feed._alive_until = 0.0
    assert latest(feed.look()).message == "a new beginning"
    fresh.close()


def test_thread_tells_what_it_reads(feed: Feed, writer: Writer) -> None:
    """The thread looks by itself, and says what it found."""
    heard: list[News] = []
    feed.start(heard.append, _raise)
    _await(lambda: bool(heard))
    tell(writer, "while you were away")
    _await(lambda: latest(heard[-1]).message == "while you were away")


def test_selection_is_read_at_once(feed: Feed) -> None:
    """A newly selected model does not wait for the next poll."""
    heard: list[News] = []
    feed.start(heard.append, _raise)
    _await(lambda: bool(heard))
    feed.select("digits")
    _await(lambda: heard[-1].detail is not None)
    assert heard[-1].detail is not None
    assert heard[-1].detail.model.name == "digits"


def test_defect_is_told(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of this program ends the thread and is handed over: old figures are not shown as if they were new."""
    failures: list[BaseException] = []
    monkeypatch.setattr(snapshot, "read", forbidden)
    feed.start(lambda _: None, failures.append)
    _await(lambda: bool(failures))
    assert isinstance(failures[0], AssertionError)


def test_stopping_ends_the_thread(feed: Feed) -> None:
    """Leaving leaves no thread behind."""
    feed.start(lambda _: None, _raise)
    feed.stop()
    assert "feed" not in [thread.name for thread in threading.enumerate()]


def _raise(failure: BaseException) -> None:
    raise failure


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.005)


def test_the_past_outlives_a_database_that_cannot_be_read(
    feed: Feed, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error is shown while it lasts, and the moment that was shown before comes back after it."""
    feed.replay(Wish(Way.TO, NOW + 1000, NOW + 60))
    assert feed.look() is not None
    feed.retry()
    feed._let_go()
    aside = workspace.database.rename(workspace.database.with_suffix(".aside"))
    broken = feed.look()
    assert broken is not None
    assert broken.error is not None
    aside.rename(workspace.database)
    news = feed.look()
    assert news is not None
    assert news.replay is not None
    assert news.replay.at == NOW + 60
