"""A workspace that is really watched: the engine's threads, the kernel's events, the system's clock; no model is loaded."""

import time
from collections.abc import Callable, Iterator

import pytest

from engine.examiner import Examiner
from engine.repository.observer import Observer
from engine.repository.repository import Repository
from engine.watching import Watching
from storage.database import Reader, Writer
from storage.fault_records import Event
from storage.records import Arrival, Version
from storage.settings import WorkspaceSettings
from storage.tables import events, inbox, models
from storage.workspace import Workspace

PATIENT_S = 60.0
"""How long a test waits for what takes a second: the machine may be busy."""


class Live:
    """The watching of a workspace while it is entered, and what a viewer reads meanwhile."""

    def __init__(self, workspace: Workspace, writer: Writer, examiner: Examiner) -> None:
        self.workspace = workspace
        settings = WorkspaceSettings()
        repository = Repository(
            workspace, writer, settings, examiner, now=time.time, monotonic=time.monotonic
        )
        self.watching = Watching(repository, rescan_s=settings.repository.rescan_s, scanned=lambda: None)
        repository.when_known(self.watching.wake)
        self.observer = Observer(
            workspace,
            self.watching.wake,
            renamed=repository.renamed,
            notice=repository.notice,
            effort_s=lambda: self.watching.effort_s,
        )
        self._reader = Reader(workspace.database)

    def start(self) -> None:
        """Begin to watch."""
        self.watching.start()
        self.observer.start()

    def stop(self) -> None:
        """End it."""
        self.observer.stop()
        self.watching.stop()
        self._reader.close()

    def versions(self, model: str = "mnist") -> list[Version]:
        """Return a model's versions, the oldest first."""
        with self._reader.transaction() as connection:
            return models.versions(connection, model)[::-1]

    def arrivals(self) -> dict[str, Arrival]:
        """Return the files of the inbox that are no versions, by name."""
        with self._reader.transaction() as connection:
            return {arrival.name: arrival for arrival in inbox.read(connection)}

    def events(self) -> list[Event]:
        """Return the log, oldest first."""
        with self._reader.transaction() as connection:
            return events.read(connection, limit=10_000)[::-1]

    def until(self, true: Callable[[], bool], seconds: float = PATIENT_S) -> None:
        """Wait until something is true."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, (self.versions(), self.arrivals(), self.events())
            time.sleep(0.02)

    def rest(self, seconds: float = 1.0) -> None:
        """Wait until nothing was recorded for some time: what was not counted by then is not coming."""
        last, since = self._state(), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.05)
            if (found := self._state()) != last:
                last, since = found, time.monotonic()

    def _state(self) -> tuple[int, dict[str, Arrival]]:
        return len(self.events()), self.arrivals()


@pytest.fixture
def live(workspace: Workspace, writer: Writer, examiner: Examiner) -> Iterator[Live]:
    """Return an empty workspace that is really watched."""
    held = Live(workspace, writer, examiner)
    held.start()
    yield held
    held.stop()
