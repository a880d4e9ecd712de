"""Fixtures of the store: a database with something of everything in it."""

from pathlib import Path

import pytest

from storage.database import Writer
from storage.tables import events
from storage.workspace import Workspace
from tests.readings import MIDNIGHT, record, uses
from tests.unit.tui.commands.rows import fill


@pytest.fixture
def full(workspace: Workspace, writer: Writer) -> Path:
    """Return a database with models, some thousand readings and events, written back into its one file."""
    fill(writer)
    with writer.transaction() as connection:
        record(connection, uses(6000), since=MIDNIGHT)
        for number in range(6000):
            events.add(connection, "test", f"the event of number {number}", at=float(number))
    writer.close()
    return workspace.database
