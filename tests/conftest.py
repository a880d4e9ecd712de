"""Fixtures that every test may use: an empty workspace with its database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Reader, Writer
from storage.workspace import Workspace, create_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return an empty workspace."""
    return create_workspace(tmp_path / "workspace")


@pytest.fixture
def writer(workspace: Workspace) -> Iterator[Writer]:
    """Return the engine's hold on the workspace's new database."""
    held = Writer(workspace.database)
    yield held
    held.close()


@pytest.fixture
def reader(workspace: Workspace, writer: Writer) -> Iterator[Reader]:
    """Return a viewer's hold on the same database."""
    del writer
    held = Reader(workspace.database)
    yield held
    held.close()
