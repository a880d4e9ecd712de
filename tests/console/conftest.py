"""A console on a filled workspace: real database, real reader thread, fixed time, no terminal."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator

import pytest

from storage.database import Writer
from storage.fault_records import Remedy
from storage.records import Refusal
from storage.tables import faults, models, quarantine
from storage.vocabulary import Custody, Format, Look, RepairKind, Severity, Status
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
def refused(staged: Workspace, writer: Writer) -> Workspace:
    """Return the stage with a refused version of one model, and two things kept of another one's inbox."""
    with writer.transaction() as connection:
        newest = models.versions(connection, "mnist")[0]
        models.set_version(
            connection,
            newest.id,
            status=Status.QUARANTINED,
            reason="model.keras asks Keras to run code of its own (Lambda layer 'scale')",
            refusal=Refusal(at=NOW, evidence=("Lambda layer 'scale'", "keras.utils.get_file"), liftable=True),
        )
        add_kept(
            connection,
            "digits-onnx",
            "[bold]evil[/].keras",
            "evil.keras unpacks to 300 MiB from 0.3 MiB, as only a zip bomb does",
        )
        add_kept(
            connection,
            "digits-onnx",
            "own.keras",
            "own.keras asks Keras to run code of its own (Lambda layer 'scale')",
            "Lambda layer 'scale'",
            "Lambda layer 'shift'",
        )
    return staged


def add_kept(connection: sqlite3.Connection, model: str, name: str, reason: str, *evidence: str) -> int:
    """Record what was taken out of a model's inbox, which trust lifts where it asks for something by name; return its number."""
    entry = quarantine.intend(
        connection,
        model=model,
        name=name,
        sha256="a" * 64,
        kind=Format.KERAS,
        size=300_000,
        reason=reason,
        evidence=evidence,
        liftable=bool(evidence),
        at=NOW - 600,
    )
    quarantine.set_state(connection, entry, Custody.KEPT)
    return entry


@pytest.fixture
def laden(refused: Workspace, faulty: Workspace, writer: Writer) -> Workspace:
    """Return the stage with everything that dialogs are about: what was refused, what is kept, faults with one way and with two."""
    del faulty
    with writer.transaction() as connection:
        faults.open_fault(
            connection,
            "below",
            "v1 is below 0.9.",
            at=NOW,
            model="churn-mlp",
            version=1,
            repair="Look at it.",
        )
        [fault] = faults.all_open(connection, "churn-mlp")
        remedies = (
            Remedy(RepairKind.ROLLBACK, "deploys version 1 of churn-mlp in the place of version 2"),
            Remedy(RepairKind.RETRAIN, "trains churn-mlp on from version 1; nothing is deployed"),
        )
        faults.set_remedies(connection, fault.id, remedies)
    return refused


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
