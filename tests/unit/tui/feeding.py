"""A feed to look at, what somebody writes meanwhile, and what came of it."""

import time
from collections.abc import Iterator

import pytest

from storage.database import Reader, Writer
from storage.fault_records import Event
from storage.tables import events
from storage.workspace import Workspace
from tests.unit.tui.commands.rows import fill
from tui.feed import Feed, News


@pytest.fixture
def feed(workspace: Workspace, writer: Writer) -> Iterator[Feed]:
    """Return the feed of a workspace with two models."""
    fill(writer)
    made = Feed(workspace)
    yield made
    made.stop()


def tell(writer: Writer, message: str, model: str = "") -> None:
    """Write a line into the log, as an engine does meanwhile."""
    with writer.transaction() as connection:
        events.add(connection, "told", message, at=time.time(), model=model)


def latest(news: News | None) -> Event:
    """Return the newest line of the log that came with the news."""
    assert news is not None
    assert news.snapshot is not None
    return news.snapshot.events[0]


def forbidden(reader: Reader, *_: object, **__: object) -> None:
    """Take the place of a read that must not happen."""
    del reader
    raise AssertionError("nothing was to be read")
