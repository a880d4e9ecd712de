"""A console on a filled workspace: real database, real reader thread, fixed time, no terminal."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from storage.database import Writer
from storage.tables import faults
from storage.vocabulary import Look, Severity
from storage.workspace import Workspace, engine_lock
from tests.console.paired import add_comparison
from tests.console.screen import Clock
from tests.console.stage import NOW, fill
from tui.app import Console
from tui.dialogs import confirm
from tui.feed import Feed

Open = Callable[..., Console]


@pytest.fixture
def staged(workspace: Workspace, writer: Writer) -> Iterator[Workspace]:
    """Return a workspace with a busy day's records, whose engine's lock this process holds."""
    with writer.transaction() as connection:
        fill(connection)
    with engine_lock(workspace):
        yield workspace


@pytest.fixture
def forsaken(workspace: Workspace, writer: Writer) -> Workspace:
    """Return a workspace with a busy day's records, whose engine is gone."""
    with writer.transaction() as connection:
        fill(connection)
    return workspace


@pytest.fixture
def faulty(staged: Workspace, writer: Writer) -> Workspace:
    """Return the stage with two faults: one that restoring files mends, one that a person mends."""
    with writer.transaction() as connection:
        faults.open_fault(
            connection,
            "changed",
            "version 1 has changed since it was deployed",
            at=NOW - 60,
            model="seg-unet",
            version=1,
            severity=Severity.ERROR,
            repair="modeltender repair seg-unet",
        )
        faults.open_fault(
            connection,
            "no-data",
            "There is no test data.",
            at=NOW - 90,
            model="text-intent",
            repair="Add some.",
        )
    return staged


@pytest.fixture
def compared(staged: Workspace, writer: Writer) -> Workspace:
    """Return the stage, on which versions 2 and 3 of mnist were compared."""
    with writer.transaction() as connection:
        add_comparison(connection)
    return staged


@pytest.fixture
def settled(compared: Workspace) -> Workspace:
    """Return the stage with settings of the workspace and of mnist, one of each wrong."""
    compared.settings_file.write_text('[schedule]\nevaluate = "15m"\n[limits]\nwarm = 3\n')
    file = compared.model_settings("mnist")
    file.parent.mkdir(parents=True)
    file.write_text('[objectives]\naccuracy = ">= 0.9"\n\n[gate]\nconfidence = 2.0\n')
    return compared


@pytest.fixture
def open_console(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Return a function that makes a console on a workspace, at the stage's own time."""
    for name in ("NO_COLOR", "COLORTERM", "SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    with contextlib.ExitStack() as stack:

        def make(workspace: Workspace, *, read_only: bool = False, wanted: Look = Look.AUTO) -> Console:
            feed = Feed(workspace)
            feed.look()
            stack.callback(feed.stop)
            return Console(
                workspace, feed, read_only=read_only, wanted=wanted, host="gpu-box-1", clock=lambda: NOW
            )

        yield make


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of every question; a machine that is busy does not move it."""
    held = Clock()
    monkeypatch.setattr(confirm, "time", held)
    return held
