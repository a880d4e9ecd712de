"""One data set in its own confined process, as the rest of the engine uses it.

It owns taking what the process wrote: only what it says it wrote, only plain files, and only after it ended.
"""

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from engine.data.identity import size
from engine.data.manifest import FOLDER, MANIFEST, Manifest, read_manifest
from engine.processes import answers
from engine.processes.confined_process import ConfinedProcess, Terms, never
from engine.processes.endings import Activity, nonsense
from engine.processes.protocol import Describe, Described, Divided, Prepare, Prepared, Split

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

    def describe(self, request: Describe, terms: Terms) -> Described:
        """Have data sets looked through.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        count = len(request.sources)
        return self.ask(
            request, Described, terms, lambda answer, _wall_s: answers.checked_described(answer, count)
        )

    def split(self, request: Split, terms: Terms) -> Divided:
        """Have a data set divided, and its parts written into the process' scratch folder.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        return self.ask(request, Divided, terms, lambda answer, _wall_s: answers.checked_divided(answer))

    def take_parts(self, folder: str, names: Iterable[str], destination: Path) -> None:
        """Move the files of these names to ``destination``, which exists; the process is ended first.

        Raises:
            ModelProcessError: something else lies there.
            OSError: they cannot be moved.
        """
        self.end()
        wanted = set(names)
        found = self._files(Path(self.scratch, folder))
        if found != wanted:
            raise nonsense(Activity.READING, "other files than it told")
        for name in wanted:
            Path(self.scratch, folder, name).rename(destination / name)

    def take(self, destination: Path) -> Manifest:
        """Move what was written to ``destination``, which does not exist; the process is ended first.

        Raises:
            ModelProcessError: something else lies there than what was to be written.
            OSError: it cannot be moved.
        """
        self.end()
        folder = Path(self.scratch, FOLDER)
        found = self._files(folder)
        manifest = read_manifest(folder)
        if found != {*manifest.files, MANIFEST}:
            raise nonsense(Activity.READING, "other files than it told")
        folder.rename(destination)
        return manifest

    def _files(self, folder: Path) -> set[str]:
        """Return the names in a folder that the process wrote, if all are plain files that nothing else links to."""
        try:
            found = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir(folder)}
        except OSError as error:
            raise nonsense(Activity.READING, f"nothing to take: {error.strerror}") from None
        if not all(stat.S_ISREG(status.st_mode) and status.st_nlink == 1 for status in found.values()):
            raise nonsense(Activity.READING, "something that is no file")
        return set(found)
