"""The examiner: the confined process that looks into strangers' files, as the rest of the engine uses it.

It owns the questions and which answers are believed: what is named must be among what the engine listed itself.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from engine.processes import answers
from engine.processes.confined_process import ConfinedProcess, Terms, never
from engine.processes.endings import Activity
from engine.processes.protocol import Asked, Examine, Told
from engine.repository.examine import Examined
from engine.repository.scanner import Item

EXAMINER: Final = "examiner"
"""What the host of examiners is called among the frameworks."""

EXAMINER_BYTES: Final = 1024**3
"""Memory of an examiner: a configuration of 16 MiB, the largest that is looked at, decodes to half of this at worst."""

SCRATCH_BYTES: Final = 1024**2
"""An examiner writes nothing; a limit of 0 would be none."""


class Suspect(NamedTuple):
    """Something in the folders that may be a model."""

    folder: Path
    """Which it lies in."""
    item: Item
    known: frozenset[str]
    """Paths of everything that may belong to it, as listed: below it where it is a folder, else below ``folder``."""
    listed: str = ""
    """The stamp of the listing that this was taken from."""


class ExaminerProcess(ConfinedProcess):
    """A process that tells what files are."""

    def examine(
        self, suspects: Sequence[Suspect], *, deadline_s: float, cancelled: Callable[[], bool] = never
    ) -> tuple[Examined, ...]:
        """Return what the first of the suspects are: at least one, and as many as there was time for.

        Raises:
            ModelProcessError: it did not work; its message says how, and the process has ended.
        """
        request = Examine(tuple(map(_asked, suspects)))
        terms = Terms(Activity.EXAMINING, deadline_s, cancelled)
        told = self.ask(
            request,
            Told,
            terms,
            lambda answer, _wall_s: answers.checked_told(answer, [suspect.known for suspect in suspects]),
        )
        return told.found


def _asked(suspect: Suspect) -> Asked:
    item = suspect.item
    files = tuple(map(os.fsencode, item.files))
    return Asked(os.fsencode(suspect.folder.absolute()), os.fsencode(item.name), item.is_folder, files)
