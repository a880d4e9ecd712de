"""The course of one training, whatever framework does the arithmetic: who is told what, the best weights, and the end.

Owns how often is told how far it is, what a checkpoint is called, and when a training has got no better for long enough.
Runs in a model process only; it must not know any framework.
"""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from numpy.typing import NDArray

from engine.training import checkpoint
from engine.training.requests import EpochDone, TrainModel
from storage.errors import OWN_SETTINGS, JobError
from storage.training_records import Epoch

PROGRESS_S: Final = 0.1
"""Progress within an epoch is told at most this often."""

LOSS: Final = "val_loss"
"""The figure by which epochs are told apart: the loss on the validation data."""

TellProgress = Callable[[int, int], None]
TellEpoch = Callable[[EpochDone], None]


class Listener(NamedTuple):
    """Who is told how it goes, and where checkpoints are written for them."""

    scratch: Path
    progress: TellProgress
    epoch: TellEpoch


class State(NamedTuple):
    """What a trainer can tell of what it changes."""

    weights: "Callable[[], list[NDArray[Any]]]"
    """Copies of the model's numbers, which the next step does not change."""
    everything: "Callable[[], Mapping[str, NDArray[Any]]]"
    """All that another process needs to go on, by name."""


class Course:
    """Tells how a training goes, keeps its best weights, writes its checkpoints, and says when it gets no better."""

    def __init__(
        self, request: TrainModel, known: checkpoint.Progress, batches: int, listener: Listener
    ) -> None:
        self.known = known
        self._request = request
        self._batches = batches
        """Of one epoch."""
        self._listener = listener
        self._began = self._told_at = 0.0

    @property
    def enough(self) -> bool:
        """Whether it has got no better for as long as the settings wait."""
        patience = self._request.settings.early_stopping
        return bool(patience) and self.known.waited >= patience

    @property
    def over(self) -> bool:
        """Whether there is no epoch left to be trained."""
        return self.enough or self.known.epoch >= self._request.epochs

    def begin_epoch(self) -> None:
        """Count the time of an epoch from now."""
        self._began = time.perf_counter()

    def batch_done(self, batch: int) -> None:
        """Tell how many batches are done, now and then."""
        now = time.monotonic()
        if now - self._told_at >= PROGRESS_S:
            self._told_at = now
            total = self._request.epochs * self._batches
            self._listener.progress(min(self.known.epoch * self._batches + batch + 1, total), total)

    def epoch_done(self, figures: Mapping[str, float], state: State) -> None:
        """Tell the figures of an epoch, and leave a checkpoint of it.

        Raises:
            JobError: they are no numbers any more, or the checkpoint does not fit.
        """
        number = self.known.epoch + 1
        if not all(map(math.isfinite, figures.values())):
            raise JobError(
                f"The loss is no number any more after epoch {number}: the training ran away.",
                f"Lower learning_rate in [train] of {OWN_SETTINGS}, and see that the data hold no NaN.",
                code="diverged",
            )
        self._judge(number, figures[LOSS], state)
        name = f"epoch-{number}.npz"
        checkpoint.save(self._listener.scratch / name, state.everything(), self.known)
        epoch = Epoch(number, time.perf_counter() - self._began, dict(figures))
        self._listener.epoch(EpochDone(epoch, name))

    def _judge(self, number: int, loss: float, state: State) -> None:
        known = self.known
        known.epoch = number
        known.waited += 1
        if known.best is None or loss < known.best:
            known.best, known.best_epoch, known.waited = loss, number, 0
            known.weights = state.weights()
