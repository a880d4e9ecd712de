"""Notices that ``modeltender.toml`` was changed while the engine runs, and reads it again.

Owns what counts as a change and what is told of it; that the parts of the engine are made anew is the wiring's. Wrong
settings change nothing: those that held go on holding, and the log that people read says what is wrong.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from storage.database import Writer
from storage.errors import SettingsError
from storage.settings import WorkspaceSettings, read_workspace_settings
from storage.tables import events
from storage.vocabulary import Severity

log = logging.getLogger(__name__)

Mark = tuple[int, ...]


class SettingsWatch:
    """The settings that hold, and whether those in the file are others."""

    def __init__(self, file: Path, writer: Writer, *, now: Callable[[], float]) -> None:
        """Read the settings.

        Raises:
            SettingsError: they are wrong, and there are none that could hold meanwhile.
        """
        self._file = file
        self._writer = writer
        self._now = now
        self._read = self._seen = _mark(file)
        self.settings: WorkspaceSettings = read_workspace_settings(file)
        self._next = self.settings

    def outdated(self) -> bool:
        """Whether the file says something else than what holds; a look that finds nothing new costs a microsecond."""
        mark = _mark(self._file)
        still, self._seen = mark == self._seen, mark
        # A file that changed since the last look may not be written to its end.
        if still and mark != self._read:
            self._read = mark
            self._take()
        return self._next != self.settings

    def renew(self) -> None:
        """Let what the file says hold from now on."""
        self.settings = self._next

    def _take(self) -> None:
        if not self._file.parent.is_dir():
            # The workspace was moved or its disk is away: that nobody wants other settings than before is no change.
            return
        try:
            found = read_workspace_settings(self._file)
        except SettingsError as error:
            log.warning("the previous settings stay in force: %s", error.message)
            self._tell(
                "settings-wrong", f"{error.message}; the previous settings stay in force", Severity.WARNING
            )
            return
        changed, self._next = found != self._next, found
        if changed:
            self._tell(
                "settings-changed",
                f"{self._file.name} changed; what is running ends with the previous settings",
            )

    def _tell(self, code: str, message: str, severity: Severity = Severity.INFO) -> None:
        with self._writer.passing() as connection:
            events.add(connection, code, message, at=self._now(), severity=severity)


def _mark(file: Path) -> Mark:
    """Return what tells one state of a file from another; nothing where there is none that can be looked at."""
    try:
        status = file.stat()
    except OSError:
        # Without a file the defaults hold, and one that cannot be read says so when it is.
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
