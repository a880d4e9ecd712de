"""What an engine packs of models: that it does, that it goes on after a failure, and that nobody need wait for it."""

import sqlite3
import time
from contextlib import AbstractContextManager

import pytest

from engine import packing
from engine.packing import Packing
from storage import jobs
from storage.database import Reader, Writer
from storage.tables import models
from storage.vocabulary import JobKind, Status
from storage.workspace import Workspace
from tests.digits_engine import MODEL
from tests.one_by_one import one_by_one

PATIENCE_S = 60.0


def await_packed(reader: Reader, *, evaluations: int = 0) -> None:
    """Wait until so many evaluations are on record and every model is packed."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with reader.transaction() as connection:
            (loose,) = connection.execute("SELECT count(*) FROM overviews WHERE packed IS NULL").fetchone()
            (done,) = connection.execute("SELECT count(*) FROM evaluations").fetchone()
        if not loose and done >= evaluations:
            return
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_engine_packs_what_its_rows_say(digits_engine: Workspace) -> None:
    """After everything that a real engine wrote of a model, and after a further evaluation of it."""
    reader = Reader(digits_engine.database)
    for evaluations in (1, 2):
        await_packed(reader, evaluations=evaluations)
        with reader.transaction() as connection:
            assert models.read(connection) == one_by_one(connection)
        jobs.submit(digits_engine, JobKind.EVALUATE, MODEL, 1, requested_by="ann")
    reader.close()


class Stubborn(Writer):
    """A database that cannot be written at first."""

    refusals = 2

    def passing(self) -> AbstractContextManager[sqlite3.Connection]:
        """Refuse, or begin."""
        if self.refusals:
            self.refusals -= 1
            raise sqlite3.OperationalError("database or disk is full")
        return super().passing()


def test_a_write_that_fails_is_tried_again_and_told_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Readers see everything meanwhile, and the thread goes on by itself."""
    monkeypatch.setattr(packing, "ROUND_S", 0.01)
    writer = Stubborn(workspace.database)
    with writer.transaction() as connection:
        model = models.ensure(connection, "a", now=1.0)
        models.add_version(connection, model, 1, status=Status.READY, found_at=1.0)
    reader = Reader(workspace.database)
    with reader.transaction() as connection:
        assert models.read(connection) == one_by_one(connection)
    working = Packing(writer)
    working.start()
    await_packed(reader)
    working.stop()
    told = [record.getMessage() for record in caplog.records]
    assert told == ["overviews of models cannot be packed: database or disk is full"]
    reader.close()
    writer.close()
