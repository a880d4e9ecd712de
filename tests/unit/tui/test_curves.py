"""How a training goes, in a few lines."""

import pytest

from storage.training_records import Epoch, TrainingRun
from storage.vocabulary import TrainingState
from tui import curves


def _run(*epochs: Epoch, best: int | None = None) -> TrainingRun:
    return TrainingRun(
        id=1,
        model="mnist",
        job_id=7,
        state=TrainingState.RUNNING,
        started_at=1.0,
        finished_at=None,
        how="warm start",
        base_version=1,
        base_sha256="a",
        seed=0,
        settings={"epochs": 10},
        data=None,
        versions={},
        curve=epochs,
        best_epoch=best,
        artefact="",
        sha256="",
        version=None,
        message="",
    )


EPOCHS = tuple(
    Epoch(number, 2.0, {"loss": 1 / number, "accuracy": 1 - 0.5 / number, "val_loss": 1.5 / number})
    for number in range(1, 6)
)


def test_each_figure_has_its_way_on_both_data() -> None:
    """Training and held-out values stand beside each other: the first, the curve, the last."""
    told = {name: line.plain for name, line in curves.lines(_run(*EPOCHS, best=4), 67)}
    assert list(told) == ["epochs", "loss", "accuracy"]
    assert told["epochs"] == "5 of 10, the best is 4, 2 s each"
    assert told["loss"] == "█▄▂▁▁ 1.0000 > 0.2000, held out █▄▂▁▁ 1.5000 > 0.3000"
    assert told["accuracy"] == "▁▅▇██ 0.5000 > 0.9000"


def test_nothing_is_drawn_before_the_first_epoch() -> None:
    """A training that has just begun has no line, and one epoch is no way yet."""
    assert list(curves.lines(_run(), 67)) == []
    [_, (_, line), _] = curves.lines(_run(EPOCHS[0]), 67)
    assert line.plain == "▁ 1.0000, held out ▁ 1.5000"


@pytest.mark.parametrize("width", [47, 67, 140])
def test_lines_fit(width: int) -> None:
    """However many epochs there were, a line stays within its cells."""
    many = [Epoch(number, 1.0, {"loss": 0.5, "val_loss": 0.25}) for number in range(1, 200)]
    assert all(line.cell_len <= max(width, 59) for _, line in curves.lines(_run(*many), width))
