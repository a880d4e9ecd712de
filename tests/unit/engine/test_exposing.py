"""The engine's file of figures: whole whenever it is read, gone when the engine is, and no reason to stop working."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.exposing import Exposing
from storage import launch
from storage.database import Writer
from storage.tables import models
from storage.workspace import Workspace
from tests.openmetrics import parse

PATIENCE_S = 60.0


def eventually(look: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def expose(workspace: Workspace, writer: Writer) -> Iterator[Callable[[Path], Exposing]]:
    """Return a function that begins to write a file."""
    del writer
    begun: list[Exposing] = []

    def start(file: Path) -> Exposing:
        part = Exposing(workspace.database, file, 0.01)
        part.start()
        begun.append(part)
        return part

    yield start
    for part in begun:
        part.stop()


def test_the_file_is_whole_whenever_it_is_read(
    expose: Callable[[Path], Exposing], tmp_path: Path, writer: Writer
) -> None:
    """It is replaced in one step, follows what is on record, may be read by others, and goes when the engine ends."""
    file = tmp_path / "models.prom"
    part = expose(file)
    eventually(file.exists)
    for number in range(20):
        with writer.transaction() as connection:
            models.ensure(connection, f"m{number}", now=0.0)
        parse(file.read_text())
    eventually(lambda: 'model="m19"' in file.read_text())
    assert file.stat().st_mode & 0o777 == 0o644
    part.stop()
    assert list(tmp_path.glob("*.prom")) == []


def test_a_folder_that_is_away_is_told_once_and_waited_for(
    expose: Callable[[Path], Exposing], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine goes on, and the file is there as soon as its folder is."""
    file = tmp_path / "away" / "models.prom"
    with caplog.at_level(logging.WARNING):
        expose(file)
        eventually(lambda: bool(caplog.records))
        time.sleep(0.1)
        assert len(caplog.records) == 1
    file.parent.mkdir()
    eventually(file.exists)


def test_an_engine_writes_what_its_settings_say(workspace: Workspace) -> None:
    """A file below the workspace, from the start on, gone when it has ended."""
    workspace.settings_file.write_text('[metrics]\ntextfile = "figures.prom"\nevery = "1s"\n')
    file = workspace.root / "figures.prom"
    launch.start(workspace)
    try:
        eventually(file.exists)
        assert parse(file.read_text())["modeltender_engine_up"].samples == {(): 1.0}
    finally:
        launch.stop(workspace)
    assert not file.exists()


def test_a_database_that_cannot_be_read_is_tried_again(
    expose: Callable[[Path], Exposing],
    tmp_path: Path,
    workspace: Workspace,
    writer: Writer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A damaged database does not end the writing: the figures follow what is on record once it is whole again."""
    file = tmp_path / "models.prom"
    expose(file)
    eventually(file.exists)
    with writer.transaction() as connection:
        connection.execute("ALTER TABLE jobs RENAME TO hidden")
    eventually(lambda: any("cannot be written" in record.getMessage() for record in caplog.records))
    with writer.transaction() as connection:
        connection.execute("ALTER TABLE hidden RENAME TO jobs")
        models.ensure(connection, "fraud", now=0.0)
    eventually(lambda: 'model="fraud"' in file.read_text())
