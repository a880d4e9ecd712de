"""A process that trains may be in the hands of its model: what it tells is held against what can be."""

import math
from typing import Any

import msgspec
import pytest

from engine.processes.answers import checked_epoch, checked_trained
from engine.processes.wire import NonsenseError
from engine.runtimes import RUNTIMES
from engine.training.requests import EpochDone, Trained, TrainModel
from storage.settings import Output, Preprocess
from storage.train_settings import Train
from storage.training_records import Epoch

DONE = EpochDone(Epoch(1, 0.5, {"loss": 0.25}), "epoch-1.npz")
TRAINED = Trained("model.keras", 3, 10, "a" * 64, 2, "", {"keras": "3"})
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
    settings=Train(),
    epochs=3,
)


def test_honest_answers_pass_with_their_words_cleaned() -> None:
    """Names may hold anything; what is kept of them cannot steer a terminal."""
    assert checked_epoch(DONE) == DONE
    hostile = EpochDone(Epoch(1, 0.5, {"lo\x1bss": 0.25}), "epoch-1.npz")
    assert checked_epoch(hostile).epoch.figures == {"lo\ufffdss": 0.25}
    assert checked_trained(TRAINED, REQUEST) == TRAINED


@pytest.mark.parametrize(
    "epoch",
    [
        Epoch(0, 0.5, {}),
        Epoch(1, -1.0, {}),
        Epoch(1, math.inf, {}),
        Epoch(1, 0.5, {"loss": math.nan}),
        Epoch(1, 0.5, {str(number): 0.0 for number in range(17)}),
    ],
    ids=["none", "negative", "endless", "nan", "flood"],
)
def test_an_impossible_epoch_is_nonsense(epoch: Epoch) -> None:
    """Nothing of it is kept."""
    with pytest.raises(NonsenseError):
        checked_epoch(EpochDone(epoch, "epoch-1.npz"))


@pytest.mark.parametrize("name", ["", "../epoch", "/etc/passwd", ".hidden", "a\nb", "x" * 500])
def test_a_file_elsewhere_is_nonsense(name: str) -> None:
    """What is taken lies in the scratch folder under a plain name."""
    with pytest.raises(NonsenseError):
        checked_epoch(EpochDone(DONE.epoch, name))
    with pytest.raises(NonsenseError):
        checked_trained(msgspec.structs.replace(TRAINED, artefact=name), REQUEST)


@pytest.mark.parametrize(
    "lie",
    [
        {"best_epoch": 4},
        {"best_epoch": -1},
        {"train_rows": 0},
        {"validation_rows": -1},
        {"train_sha256": "x" * 64},
    ],
    ids=str,
)
def test_a_training_that_cannot_be_is_nonsense(lie: dict[str, Any]) -> None:
    """More epochs than were asked for, no data, no hash."""
    with pytest.raises(NonsenseError):
        checked_trained(msgspec.structs.replace(TRAINED, **lie), REQUEST)
