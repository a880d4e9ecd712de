"""The folder of one training: its log, its latest checkpoint, and what it made until that is delivered.

Owns what lies below ``.modeltender/training/``. It must not record anything.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from engine.processes.endings import NOT_KEPT
from engine.repository.integrity import Content, digest, fsync_folder
from storage.errors import JobError
from storage.text import clean
from storage.workspace import Workspace

LOG_BYTES: Final = 1024 * 1024
"""Of one training's log: tens of thousands of epochs; what comes after is counted and not kept."""

READABLE: Final = 0o644
"""Whoever serves a model may be another user, as with one that a person saves."""

UNFINISHED: Final = ".part"
"""What a file is called in ``train/`` while it is copied; the inbox passes it over."""


class TrainingFolder:
    """The folder of one training."""

    def __init__(self, workspace: Workspace, run_id: int) -> None:
        self._workspace = workspace
        self.path = workspace.training / str(run_id)

    @property
    def log(self) -> Path:
        """What was said on the way."""
        return self.path / "log.txt"

    @property
    def checkpoint(self) -> Path:
        """Where another process goes on."""
        return self.path / "checkpoint.npz"

    def made(self, name: str) -> Path:
        """Return where a model lies that was made here, until it is delivered under ``name`` or another one of its kind."""
        return self.path / f"model{Path(name).suffix}"

    def make(self) -> None:
        """Make the folder.

        Raises:
            JobError: it cannot be made.
        """
        with self.keeping():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Say what it means that something cannot be written here.

        Raises:
            JobError: it cannot be.
        """
        try:
            yield
        except OSError as error:
            raise JobError(
                f"The training cannot be kept in .modeltender/training: {error.strerror or error}.",
                "Free some disk space, then train again: it goes on from its last epoch.",
                code=NOT_KEPT,
            ) from None

    def note(self, line: str) -> None:
        """Add a line to the log.

        Raises:
            JobError: it cannot be written.
        """
        with self.keeping(), self.log.open("a", encoding="utf-8") as log:
            if log.tell() < LOG_BYTES:
                log.write(f"{clean(line, 1000)}\n")

    def drop_checkpoint(self) -> None:
        """Remove the checkpoint: nobody goes on from it."""
        self.checkpoint.unlink(missing_ok=True)

    def sha256(self, artefact: Path) -> str:
        """Return the identity that an artefact of the training will have as a version, where it is one file."""
        content: Content = digest(artefact.parent, [artefact.name])
        return content.sha256

    def deliver(self, artefact: Path, model: str, name: str) -> None:
        """Put what was made into ``train/<model>/`` under ``name``, by one rename.

        Raises:
            JobError: it cannot be put there.
        """
        inbox = self._workspace.train / model
        try:
            inbox.mkdir(parents=True, exist_ok=True)
            if artefact.is_file():
                artefact.chmod(READABLE)
                _sync(artefact)
            try:
                artefact.rename(inbox / name)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                _carry(artefact, inbox, name)
            fsync_folder(inbox)
        except OSError as error:
            raise JobError(
                f"The trained model cannot be put into train/{clean(model, 60)}: {error.strerror}.",
                "Free some space, or make the folder writable; then train again: it goes on from there.",
                code=NOT_KEPT,
            ) from None


def _carry(artefact: Path, inbox: Path, name: str) -> None:
    """Bring it to another file system, where it gets its name when it is whole."""
    unfinished = inbox / f".{name}{UNFINISHED}"
    if artefact.is_dir():
        shutil.copytree(artefact, unfinished)
    else:
        shutil.copyfile(artefact, unfinished)
        _sync(unfinished)
    unfinished.rename(inbox / name)


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
