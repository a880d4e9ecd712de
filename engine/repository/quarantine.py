"""The quarantine: what looks made to do harm is taken out of the inbox, kept apart, and put back or removed on request.

Owns the moves and their order on record: intent, move, outcome, so that `settle` can tell after a crash at any moment
what became of each. A move is a rename within one file system, of the thing itself and never of what it points to;
where that is not possible, the thing stays where it is, and a sentence says so. What people put into ``models/`` is
theirs, and is never moved.
"""

import contextlib
import errno
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.repository.inbox import Decision, Group
from engine.repository.integrity import ChangedError, Content, digest, fsync_folder, make_folder, rename_new
from storage.database import Writer
from storage.errors import JobError, RefusedError
from storage.records import Quarantined
from storage.tables import events, quarantine
from storage.vocabulary import Custody, Severity
from storage.workspace import Workspace

CODE = "quarantined"
"""The code of the events that tell of it."""

NOT_BACK = "it is not what was looked at, or not all of it, and could not be put back"
"""What is said of a thing that changed, or that could not be moved as a whole, and whose place was taken meanwhile."""


class Keeper(NamedTuple):
    """What it takes to move things in and out."""

    workspace: Workspace
    writer: Writer
    now: Callable[[], float]

    def take(self, group: Group, decision: Decision) -> Decision | None:
        """Take a refused thing out of the inbox; return what became of it, or ``None`` where it changed meanwhile.

        What cannot be moved stays, and the reason says why.
        """
        content = Content(decision.sha256 or "", decision.bytes)
        entry = self._intend(group, decision, content)
        folder, inbox = self._folder(entry), self.workspace.train / decision.model
        try:
            make_folder(folder)
            # The model itself first: what lies in quarantine without its weights harms as little as with them.
            _move(group.names, inbox, folder)
        except OSError as error:
            self._give_up(entry, decision, inbox)
            return msgspec.structs.replace(decision, reason=f"{decision.reason}; {_stays(error)}")
        if not _same(folder, group, content):
            self._give_up(entry, decision, inbox)
            return None
        with self.writer.transaction() as connection:
            quarantine.set_state(connection, entry, Custody.KEPT)
        return msgspec.structs.replace(decision, entry=entry)

    def release(self, entry: Quarantined) -> None:
        """Put an entry, whose intent is on record, back into the inbox, and record that.

        Raises:
            RefusedError: something of its name lies there.
            JobError: it cannot be moved.
        """
        folder, inbox = self._folder(entry.id), self.workspace.train / entry.model
        names = _names(folder)
        try:
            if inbox.is_symlink():
                raise NotADirectoryError(errno.ENOTDIR, "it is a symbolic link")
            make_folder(inbox)
            taken = next((name for name in names if _exists(inbox / name)), None)
            if taken is not None:
                raise FileExistsError
            # The model itself went in first and comes out last: it is whole as soon as it is seen.
            _move(sorted(names, key=lambda name: name == _first(entry, names)), folder, inbox)
        except OSError as error:
            with self.writer.transaction() as connection:
                quarantine.set_state(connection, entry.id, Custody.KEPT)
            where = f"train/{entry.model}"
            if isinstance(error, FileExistsError):
                raise RefusedError(
                    f"{where} holds a file of that name already; {entry.name} stays in quarantine.",
                    "Move it away, and release this one again.",
                ) from None
            raise JobError(f"{entry.name} cannot be put back into {where}: {error.strerror}.") from None
        with self.writer.transaction() as connection:
            quarantine.set_state(connection, entry.id, Custody.RELEASED)
        _remove_empty(folder)

    def discard(self, entry: Quarantined) -> None:
        """Remove an entry, whose intent is on record, for good, and record that.

        Raises:
            JobError: something of it cannot be removed.
        """
        folder = self._folder(entry.id)
        try:
            # Links are removed, not followed.
            shutil.rmtree(folder)
        except FileNotFoundError:
            # Somebody removed it by hand: gone is what was asked for.
            pass
        except OSError as error:
            raise JobError(
                f"{entry.name} cannot be removed: {error.strerror}.", f"Look into {folder}."
            ) from None
        with self.writer.transaction() as connection:
            quarantine.set_state(connection, entry.id, Custody.DELETED)

    def settle(self) -> None:
        """Settle the moves that a dead engine left open, from where the things lie; call before the first look."""
        with self.writer.transaction() as connection:
            left = quarantine.unsettled(connection)
        for entry in left:
            there = bool(_names(self._folder(entry.id)))
            if entry.state is Custody.DELETING:
                with contextlib.suppress(JobError):
                    # It stays marked and is tried again at the next start.
                    self.discard(entry)
            elif there:
                self._record(entry, Custody.KEPT)
            elif entry.state is Custody.RELEASING:
                self._record(entry, Custody.RELEASED)
            else:
                with self.writer.transaction() as connection:
                    quarantine.forget(connection, entry.id)
            if not there:
                _remove_empty(self._folder(entry.id))

    def _record(self, entry: Quarantined, state: Custody) -> None:
        with self.writer.transaction() as connection:
            quarantine.set_state(connection, entry.id, state)
            if entry.state is Custody.TAKING:
                self._tell(connection, entry.model, told(entry.model, entry.name, entry.id, entry.reason))

    def _tell(self, connection: sqlite3.Connection, model: str, message: str) -> None:
        events.add(connection, CODE, message, at=self.now(), severity=Severity.WARNING, model=model)

    def _intend(self, group: Group, decision: Decision, content: Content) -> int:
        examined = group.examined
        with self.writer.transaction() as connection:
            return quarantine.intend(
                connection,
                model=decision.model,
                name=decision.name,
                sha256=content.sha256,
                kind=examined.on_trust,
                size=decision.bytes,
                reason=decision.reason,
                evidence=examined.evidence,
                liftable=examined.on_trust is not None,
                at=self.now(),
            )

    def _give_up(self, entry: int, decision: Decision, inbox: Path) -> None:
        """Put back what was moved already; what cannot be put back stays on record as kept, and is told."""
        folder = self._folder(entry)
        with contextlib.suppress(OSError):
            # Its name was taken meanwhile, or the disk fails: it stays apart, which the next lines find out.
            _move(_names(folder), folder, inbox)
        with self.writer.transaction() as connection:
            if _names(folder):
                quarantine.set_state(connection, entry, Custody.KEPT)
                message = told(decision.model, decision.name, entry, decision.reason)
                self._tell(connection, decision.model, f"{message}; {NOT_BACK}")
            else:
                quarantine.forget(connection, entry)
        _remove_empty(folder)

    def _folder(self, entry: int) -> Path:
        return self.workspace.quarantine / str(entry)


def told(model: str, name: str, entry: int, reason: str) -> str:
    """Return the line of the log about something that was taken out of the inbox."""
    return f"quarantined: train/{model}/{name} (entry {entry}): {reason}"


def _move(names: Sequence[str], source: Path, target: Path) -> None:
    for name in names:
        rename_new(source / name, target / name)
    fsync_folder(source)


def _same(folder: Path, group: Group, content: Content) -> bool:
    """Whether what was moved is what was looked at."""
    root = folder / group.key[1] if group.item.is_folder else folder
    try:
        return digest(*group.examined.beside(root)).sha256 == content.sha256
    except (OSError, ChangedError):
        # Replaced by something else, or still being written: not what was looked at.
        return False


def _first(entry: Quarantined, names: Sequence[str]) -> str:
    return entry.name if entry.name in names else names[-1]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        # Not empty, or not there: then there is nothing to tidy up.
        folder.rmdir()


def _stays(error: OSError) -> str:
    if error.errno == errno.EXDEV:
        return "it stays in train/, which is on another file system than .modeltender/"
    return f"it stays in train/, as it could not be moved ({error.strerror})"
