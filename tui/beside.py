"""What is read only while a screen shows it: two versions beside each other, and every setting.

Owned by the reader thread, which asks at each look; what did not change is not read again.
"""

from typing import TYPE_CHECKING

from storage.database import Reader
from storage.workspace import Workspace

if TYPE_CHECKING:
    from storage.paired import Pair, Wanted
    from storage.settings_listing import Listed


class Beside:
    """Reads what few screens want."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.pair: Wanted | None = None
        """Which two versions are wanted."""
        self.settings = False
        """Whether every setting is wanted."""
        self._paired: Pair | None = None
        self._paired_of: object = None
        self._listed: Listed | None = None
        self._listed_of: object = None

    def read_pair(self, reader: Reader, basis: object, *, at: float | None = None) -> "Pair | None":
        """Return the two versions that are wanted, now or at a moment; with the same ``basis`` they are as they were."""
        if self.pair is None:
            return None
        of = (self.pair, at, basis)
        if of != self._paired_of:
            # Loaded when it is first wanted: the first paint does not wait for it.
            from storage import paired

            self._paired = paired.read(reader, self.pair, at=at)
            self._paired_of = of
        return self._paired

    def read_settings(self, model: str | None) -> "Listed | None":
        """Return every setting of the workspace and of a model, where they are wanted; read anew when a file changed."""
        if not self.settings:
            return None
        from storage.settings_listing import listed, stamp

        of = stamp(self._workspace, model)
        if of != self._listed_of:
            self._listed_of = of
            self._listed = listed(self._workspace, model)
        return self._listed

    def forget(self) -> None:
        """Read everything anew: the database is another one."""
        self._paired_of = self._listed_of = None
