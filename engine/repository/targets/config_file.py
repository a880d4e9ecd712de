"""A server's configuration file: read whole, replaced in one step, with its owner and mode kept.

Owns what makes a file unfit to be written before anything depends on it. What the file says is its target's.
"""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from engine.repository.targets import prototext
from engine.repository.targets.target import TargetError
from storage.text import clean
from storage.workspace import Workspace

FILE_BYTES = 4 * 1024 * 1024
"""Far above any configuration that people or their tools write; a larger file is something else."""


class ConfigFile(NamedTuple):
    """The file by its absolute path; a link is followed, so that the file behind it is replaced and not the link."""

    path: Path

    @classmethod
    def of(cls, workspace: Workspace, written: str) -> "ConfigFile":
        """Return the file that settings name: absolute, or below the workspace."""
        # resolve() raises where links lead in a circle; here that is told when the file is read.
        return cls(Path(os.path.realpath(workspace.root / written)))

    @property
    def shown(self) -> str:
        """The path as sentences name it."""
        return clean(str(self.path), 200)

    def read(self) -> str:
        """Return what the file says.

        Raises:
            TargetError: it cannot be read, or is no text of a reasonable size.
        """
        try:
            with open(self.path, "rb", opener=_without_waiting) as stream:
                if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                    raise TargetError(f"{self.shown} is not a file")
                content = stream.read(FILE_BYTES + 1)
        except OSError as error:
            raise TargetError(f"{self.shown} cannot be read: {error.strerror}") from None
        if len(content) > FILE_BYTES:
            raise TargetError(
                f"{self.shown} is larger than {FILE_BYTES >> 20} MiB, which is no configuration"
            )
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise TargetError(f"{self.shown} is not UTF-8 text") from None

    def parse(self, text: str) -> prototext.Message:
        """Return what a text of this file holds.

        Raises:
            TargetError: it is not in protobuf's text format.
        """
        try:
            return prototext.parse(text)
        except prototext.SyntaxProblem as error:
            raise TargetError(
                f"{self.shown} is not in protobuf's text format: {clean(str(error), 100)}"
            ) from None

    def check_writable(self) -> None:
        """Raise a `TargetError` where the file could not be replaced."""
        folder = self.path.parent
        if not os.access(folder, os.W_OK | os.X_OK):
            raise TargetError(f"{clean(str(folder), 200)} cannot be written by the engine's user")
        try:
            owner = self.path.stat()
        except OSError as error:
            raise TargetError(f"{self.shown} cannot be read: {error.strerror}") from None
        if os.geteuid() not in {0, owner.st_uid}:
            raise TargetError(f"{self.shown} belongs to another user, and replacing it would take it away")

    def write(self, text: str) -> None:
        """Replace what the file says, in one step that lasts through a power cut.

        Raises:
            TargetError: it could not be done; the file is as it was.
        """
        temporary = self.path.parent / f".{self.path.name}.tmp-{secrets.token_hex(8)}"
        try:
            before = self.path.stat()
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(text.encode())
                    stream.flush()
                    created = os.fstat(stream.fileno())
                    if (created.st_uid, created.st_gid) != (before.st_uid, before.st_gid):
                        os.fchown(stream.fileno(), before.st_uid, before.st_gid)
                    os.fchmod(stream.fileno(), stat.S_IMODE(before.st_mode))
                    os.fsync(stream.fileno())
                temporary.replace(self.path)
            except OSError:
                # What stays behind, should this fail too, is a hidden file that no server reads.
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise TargetError(f"{self.shown} cannot be written: {error.strerror}") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that has its name would keep us waiting for its other end."""
    return os.open(path, flags | os.O_NONBLOCK)
