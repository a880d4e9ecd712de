"""What a pass over the folders writes into the log: few lines, whatever lies there."""

import pytest

from engine.repository import bookkeeping
from engine.repository.bookkeeping import TOLD_AT_ONCE
from engine.repository.scanner import Oddity
from storage.database import Writer
from storage.tables import events


@pytest.mark.parametrize(
    ("found", "lines"), [(0, 0), (1, 1), (TOLD_AT_ONCE, TOLD_AT_ONCE), (TOLD_AT_ONCE + 1, 2), (5000, 2)]
)
def test_many_oddities_are_counted_and_few_are_named(writer: Writer, found: int, lines: int) -> None:
    """A folder full of junk does not push everything else out of the log, and nothing is left uncounted."""
    odd = [Oddity("mnist", f"models/mnist/x{number:04} is no version") for number in range(found)]
    with writer.transaction() as connection:
        bookkeeping.tell(connection, odd, [], now=1.0)
        told = events.read(connection, limit=100)
    assert len(told) == lines
    if found > TOLD_AT_ONCE:
        assert told[0].message == f"{found - 1} more things lie where they mean nothing"
        assert told[1].message == "models/mnist/x0000 is no version"
