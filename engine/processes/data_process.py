"""One data set in its own confined process, as the rest of the engine uses it.

It owns taking what the process wrote: only what it says it wrote, only plain files, and only after it ended.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.data.identity import size
from engine.data.manifest import FOLDER, MANIFEST, Manifest, read_manifest
from engine.processes import answers
from engine.processes.confined_process import ConfinedProcess, Terms, never
from engine.processes.endings import Activity, nonsense
from engine.processes.protocol import Prepare, Prepared

DATA: Final = "data"
"""What the host of data processes is called among the frameworks."""


class DataProcess(ConfinedProcess):
    """A process that reads one data set."""

    def prepare(
        self,
        request: Prepare,
        *,
        on_progress: Callable[[int, int], None],
        deadline_s: float,
        cancelled: Callable[[], bool] = never,
    ) -> Prepared:
        """Have the data written as arrays into the process' scratch folder.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        source = Path(request.source)
        # Arrays are mapped; a folder of images is read file by file.
        mapped = 0 if source.is_dir() else size(source)
        terms = Terms(Activity.READING, deadline_s, cancelled, on_progress, mapped)
        return self.ask(request, Prepared, terms, lambda answer, _wall_s: answers.checked_prepared(answer))

    def take(self, destination: Path) -> Manifest:
        """Move what was written to ``destination``, which does not exist; the process is ended first.

        Raises:
            ModelProcessError: something else lies there than what was to be written.
            OSError: it cannot be moved.
        """
        self.end()
        folder = Path(self.scratch, FOLDER)
        try:
            found = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir(folder)}
        except OSError as error:
            raise nonsense(Activity.READING, f"nothing to take: {error.strerror}") from None
        if not all(stat.S_ISREG(status.st_mode) and status.st_nlink == 1 for status in found.values()):
            raise nonsense(Activity.READING, "something that is no file")
        manifest = read_manifest(folder)
        if set(found) != {*manifest.files, MANIFEST}:
            raise nonsense(Activity.READING, "other files than it told")
        folder.rename(destination)
        return manifest
