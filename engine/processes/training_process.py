"""A training in its own confined process, as the rest of the engine uses it.

It owns what may be taken of what the process writes: only what it says it wrote, only plain files. The process gives
way while something else is measured.
"""

import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.data.identity import size
from engine.processes import answers
from engine.processes.confined_process import ConfinedProcess, Terms
from engine.processes.endings import Activity, nonsense
from engine.training.requests import EpochDone, Trained, TrainModel

HELD_S: Final = 0.05
"""How often a training that gives way looks whether it may go on."""


class TrainingProcess(ConfinedProcess):
    """A process that trains one model."""

    def train(
        self,
        request: TrainModel,
        *,
        on_progress: Callable[[int, int], None],
        on_epoch: Callable[[EpochDone], None],
        deadline_s: float,
        cancelled: Callable[[], bool],
        held: Callable[[], bool],
    ) -> Trained:
        """Have a model trained and saved into the process' scratch folder; it stands still while it is ``held``.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """

        def given_up() -> bool:
            while held():
                # Stopped by its handle: what has ended meanwhile is not touched.
                self._conversation.signal(signal.SIGSTOP)
                if cancelled():
                    return True
                time.sleep(HELD_S)
            self._conversation.signal(signal.SIGCONT)
            return cancelled()

        data = (Path(path) for path in (request.train, request.validation) if path)
        terms = Terms(
            Activity.TRAINING,
            deadline_s,
            given_up,
            on_progress,
            data_bytes=sum(map(size, data)),
            on_epoch=on_epoch,
        )
        return self.ask(
            request, Trained, terms, lambda answer, _wall_s: answers.checked_trained(answer, request)
        )

    def take(self, name: str, destination: Path) -> None:
        """Move a file that the process wrote to ``destination``, by one rename.

        Raises:
            ModelProcessError: something else lies there.
            OSError: it cannot be moved.
        """
        file = Path(self.scratch, name)
        try:
            status = file.lstat()
        except OSError as error:
            raise nonsense(Activity.TRAINING, f"nothing to take: {error.strerror}") from None
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise nonsense(Activity.TRAINING, "something that is no file")
        file.replace(destination)
