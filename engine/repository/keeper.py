"""Seeing to it that what is deployed could be restored: its copies are there, and other ones go.

Owns the thread that makes missing copies and removes those that nobody needs, and what people are told about
copies. Loads and promotions make the copies that they use themselves; what was deployed by hand, or before
there were copies, gets its own from here.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable

from engine.repository.integrity import ChangedError, WriteError
from engine.repository.objects import Objects
from storage.database import Writer
from storage.tables import deployed, events, faults, models
from storage.tables.deployed import Deployed
from storage.vocabulary import Severity
from storage.workspace import Workspace

log = logging.getLogger(__name__)

NOT_KEPT_FAULT = "not-kept"
"""What is deployed has no copy; ends when it has one, or is no longer deployed."""

LOOK_S = 10.0
"""How often it is looked whether copies are missing or too many: a query and a look at two names a model."""

RETRY_S = 300.0
"""Until a copy that could not be made is tried again: to try means to read the whole artefact."""

STOP_S = 5.0
"""How long the end may wait for a copy that is being made; what is cut off is swept at the next start."""


def note_mended(writer: Writer, model: str, number: int, *, now: float) -> None:
    """Tell that a copy was found damaged and was made anew: the disk may be failing."""
    message = f"the kept copy of version {number} was damaged; it was made again from models/{model}/{number}"
    with writer.transaction() as connection:
        events.add(
            connection,
            "copy-mended",
            message,
            at=now,
            severity=Severity.WARNING,
            model=model,
            version=number,
        )


class Keeper:
    """A part of the engine: looks at the start and every so often."""

    def __init__(
        self,
        workspace: Workspace,
        writer: Writer,
        *,
        now: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workspace = workspace
        self._objects = Objects(workspace.objects)
        self._writer = writer
        self._now = now
        self._monotonic = monotonic
        self._retry_at: dict[int, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and return when the present copy is made."""
        self._stopping.set()
        self._thread.join(STOP_S)

    def look(self) -> None:
        """Make the copies that are missing, and remove those that nobody needs."""
        with self._writer.passing() as connection:
            found = deployed.all_deployed(connection)
            self._forgive(connection, found)
        for each in found:
            kept = each.on_record and self._objects.has(_name(each), each.content.sha256)
            if not kept and self._monotonic() >= self._retry_at.get(each.id, 0.0):
                self._keep(each)
            if self._stopping.is_set():
                return
        self._objects.tidy(self._wanted)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except (OSError, sqlite3.Error):
                # A disk that is full or failing: what was kept stays, and the next look may succeed.
                log.exception("the copies of what is deployed could not be looked after")
            self._stopping.wait(LOOK_S)

    def _keep(self, each: Deployed) -> None:
        self._retry_at[each.id] = self._monotonic() + RETRY_S
        folder = self._workspace.version_folder(each.model, each.number)
        try:
            kept = self._objects.keep(
                folder / each.content.artefact, each.content.companions, each.content.sha256
            )
        except WriteError as error:
            self._tell(each, error)
            return
        except (OSError, ChangedError):
            # Changed or gone before there was a copy: that has a fault of its own, and nothing can be kept of it.
            return
        with kept, self._writer.transaction() as connection:
            version = models.version(connection, each.id)
            same = version is not None and deployed.content_of(version) == each.content
            if same and deployed.read(connection, each.id) is None:
                deployed.remember(connection, each.id, each.content)
            faults.close_fault(
                connection, NOT_KEPT_FAULT, at=self._now(), model=each.model, version=each.number
            )
        del self._retry_at[each.id]

    def _tell(self, each: Deployed, error: WriteError) -> None:
        with self._writer.transaction() as connection:
            faults.open_fault(
                connection,
                NOT_KEPT_FAULT,
                f"No copy of version {each.number} of {each.model} can be kept, so that it could not be restored: "
                f"{error.strerror}.",
                at=self._now(),
                model=each.model,
                version=each.number,
                repair="Free some disk space; it is tried again by itself.",
            )

    def _forgive(self, connection: sqlite3.Connection, found: list[Deployed]) -> None:
        """Close the faults of versions that are no longer deployed."""
        wanted = {(each.model, each.number) for each in found}
        for fault in faults.all_open(connection):
            if fault.code == NOT_KEPT_FAULT and (fault.model, fault.version) not in wanted:
                faults.close_fault(
                    connection, fault.code, at=self._now(), model=fault.model, version=fault.version
                )

    def _wanted(self) -> set[str]:
        with self._writer.passing() as connection:
            return {each.content.sha256 for each in deployed.all_deployed(connection)}


def _name(each: Deployed) -> str:
    return each.content.artefact.rpartition("/")[2]
