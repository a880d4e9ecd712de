"""What ``[train]`` and ``[build]`` promise: defaults, and every problem with its key."""

from pathlib import Path

import pytest

from storage.errors import SettingsError
from storage.settings import read_model_settings
from storage.train_settings import Train
from storage.vocabulary import TrainTrigger


def test_what_is_written_arrives(tmp_path: Path) -> None:
    """Lengths of time are read as everywhere, layers keep their own words."""
    file = tmp_path / "model.toml"
    file.write_text(
        '[train]\nepochs = 3\nmax_duration = "90s"\n'
        '[build]\nlayers = [{ type = "Dense", units = 10, activation = "softmax" }]\n'
    )
    settings = read_model_settings(file)
    assert settings.train == Train(epochs=3, max_duration="90s")
    assert settings.train.max_duration_s == 90
    assert settings.build.layers == ({"type": "Dense", "units": 10, "activation": "softmax"},)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("epochs = 0", "train.epochs: expected 1 to 10000, got 0"),
        ("batch_size = -1", "train.batch_size: expected 1 to 1000000, got -1"),
        ("learning_rate = 0.0", "train.learning_rate: expected a number above 0, got 0"),
        ("learning_rate = inf", "train.learning_rate: expected a finite number, got inf"),
        ('optimizer = "magic"', "train.optimizer: expected one of adam, adamw, "),
        ("early_stopping = -1", "train.early_stopping: expected 0 or more, got -1"),
        ("validation = 1.0", "train.validation: expected a share between 0 and 1, got 1"),
        ("seed = -1", "train.seed: expected 0 to 2147483647, got -1"),
        ('max_duration = "long"', "train.max_duration: expected a length of time (90s, "),
        ('max_duration = "0s"', "train.max_duration: expected a length of time above 0, got '0s'"),
        ('command = [""]', "train.command: expected a program and its arguments"),
        ("epoch = 3", "train.epoch: unknown key; did you mean 'epochs'?"),
        ("[build]\nlayers = [{ units = 3 }]", 'build.layers 1: needs a type, such as type = "Dense"'),
    ],
)
def test_each_problem_is_named(tmp_path: Path, line: str, problem: str) -> None:
    """A value that cannot be is told with its key and what is expected."""
    file = tmp_path / "model.toml"
    file.write_text(f"[train]\n{line}\n")
    with pytest.raises(SettingsError) as raised:
        read_model_settings(file)
    assert problem in raised.value.message


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('automatic = ["whim"]', "train.automatic: expected one of schedule, new-data, objective-missed, "),
        ('every = "5s"', "train.every: expected a length of time of 1m or more, got '5s'"),
        ('interval = "0s"', "train.interval: expected a length of time of 1m or more, got '0s'"),
        ('interval = "soon"', "train.interval: expected a length of time (90s, "),
        ("new_data = 0.0", "train.new_data: expected a share above 0, got 0"),
    ],
)
def test_what_is_wrong_about_trainings_by_themselves_is_told(line: str, problem: str, tmp_path: Path) -> None:
    """With its key, like everything else."""
    file = tmp_path / "model.toml"
    file.write_text(f"[train]\n{line}\n")
    with pytest.raises(SettingsError) as failed:
        read_model_settings(file)
    assert problem in failed.value.message


def test_when_to_train_decides_nothing_about_what_is_trained() -> None:
    """A training that was cut off goes on although somebody changed the schedule meanwhile."""
    train = Train(epochs=3, automatic=(TrainTrigger.SCHEDULE,), every="7d", interval="2d", new_data=0.5)
    assert train.decisive == Train(epochs=3)
    assert (train.every_s, train.interval_s) == (7 * 86400, 2 * 86400)
