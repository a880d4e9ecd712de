"""The course of a training: who is told what, which weights are kept, and when it is over."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.runtimes import RUNTIMES
from engine.training import checkpoint
from engine.training.course import Course, Listener, State
from engine.training.requests import EpochDone, TrainModel
from storage.errors import JobError
from storage.settings import Output, Preprocess
from storage.train_settings import Train

REQUEST = TrainModel(
    artefact="",
    runtime=RUNTIMES[0],
    device="cpu",
    formats=(),
    train="train.npz",
    validation="",
    task=None,
    labels=(),
    preprocess=Preprocess(),
    output=Output(),
    settings=Train(early_stopping=2),
    epochs=5,
)


class Course5:
    """A course of at most five epochs, and what was told of it."""

    def __init__(self, scratch: Path, **settings: Any) -> None:
        request = msgspec.structs.replace(REQUEST, settings=Train(**settings))
        self.told: list[tuple[int, int]] = []
        self.epochs: list[EpochDone] = []
        self.weight = 0.0
        self.scratch = scratch
        self.course = Course(
            request,
            checkpoint.Progress(),
            10,
            Listener(scratch, lambda done, total: self.told.append((done, total)), self.epochs.append),
        )

    def go(self, losses: Sequence[float]) -> None:
        """Do an epoch for each loss, as long as it is not over."""
        for loss in losses:
            if self.course.over:
                return
            self.weight += 1
            self.course.begin_epoch()
            self.course.batch_done(3)
            self.course.epoch_done({"loss": 1.0, "val_loss": loss}, State(self._weights, self._everything))

    def _weights(self) -> "list[NDArray[Any]]":
        return [np.array(self.weight)]

    def _everything(self) -> "dict[str, NDArray[Any]]":
        return {"weight": np.array(self.weight)}


@pytest.mark.parametrize(
    ("losses", "patience", "epochs", "best"),
    [
        ([5, 4, 3, 2, 1], 2, 5, 5),
        ([3, 4, 5, 2, 1], 2, 3, 1),
        ([3, 4, 2, 3, 3], 2, 5, 3),
        ([3, 3, 3, 3, 3], 0, 5, 1),
        ([3, 2, 3, 1, 0], 1, 3, 2),
    ],
)
def test_it_ends_where_it_gets_no_better_and_keeps_the_best(
    tmp_path: Path, losses: list[float], patience: int, epochs: int, best: int
) -> None:
    """The weights are those of the epoch with the lowest loss; a loss that is equal is no better one."""
    kept = Course5(tmp_path, early_stopping=patience)
    kept.go(losses)
    known = kept.course.known
    assert (known.epoch, known.best_epoch) == (epochs, best)
    assert [float(one) for one in known.weights] == [best]
    assert kept.course.over
    assert [done.epoch.number for done in kept.epochs] == list(range(1, epochs + 1))
    assert kept.told[0] == (4, 50)


def test_each_epoch_leaves_a_checkpoint_from_which_it_goes_on(tmp_path: Path) -> None:
    """What waits and what was best is in it, so that another process ends where this one would have."""
    first = Course5(tmp_path)
    first.go([3, 4])
    found = checkpoint.restore(tmp_path / first.epochs[-1].checkpoint, {"weight": ()})
    assert found is not None
    assert found.state["weight"] == 2
    second = Course5(tmp_path)
    second.course.known = found.progress
    second.go([5, 1])
    assert (second.course.known.epoch, second.course.known.best_epoch) == (3, 1)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_one_clear_sentence(tmp_path: Path, loss: float) -> None:
    """It leaves no checkpoint, and says what to change."""
    kept = Course5(tmp_path)
    with pytest.raises(JobError) as raised:
        kept.go([loss])
    assert raised.value.message == "The loss is no number any more after epoch 1: the training ran away."
    assert "learning_rate" in raised.value.hint
    assert kept.epochs == []
    assert list(tmp_path.iterdir()) == []
