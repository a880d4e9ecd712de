"""Event files hold what was recorded, in TensorFlow's own reading of them."""

import math
import struct
from pathlib import Path

import pytest

from storage.database import Writer
from storage.vocabulary import ExitCode, TrainingState
from tests.saved_models import tensorflow
from tests.unit.tui.commands.conftest import Run
from tests.unit.tui.commands.test_training import record
from tui.commands.tensorboard import FILE, Scalar, encode

Curve = list[tuple[int, float, float]]
"""Each value of a curve: its step, its time, and itself in single precision."""


def curves(file: Path) -> dict[str, Curve]:
    """Return the curves of an event file as TensorFlow reads it, which holds every record against its sums."""
    found: dict[str, Curve] = {}
    with tensorflow() as tf:
        first, *events = tf.compat.v1.train.summary_iterator(str(file))
        assert first.file_version == "brain.Event:2"
        for event in events:
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, event.wall_time, value.simple_value))
    return found


def single(value: float) -> float:
    """Return a number as single precision has it."""
    [found] = struct.unpack("<f", struct.pack("<f", value))
    return float(found)


def test_what_is_written_is_what_tensorflow_reads(tmp_path: Path) -> None:
    """Any step, any name, any number: also what single precision cannot hold, and what is none."""
    values = [0.25, -1e300, 1e300, float("inf"), 3.4e38]
    scalars = [Scalar("loss", 300**number, 1e9 + number, value) for number, value in enumerate(values)]
    scalars.append(Scalar("Güte/" + "x" * 300, 0, 2e9, 0.1))
    scalars.append(Scalar("none", 0, 3e9, float("nan")))
    file = tmp_path / FILE
    file.write_bytes(encode(reversed(scalars)))
    found = curves(file)
    [(_, _, none)] = found.pop("none")
    assert math.isnan(none)
    assert found == {
        "loss": [
            (300**number, 1e9 + number, value)
            for number, value in enumerate([0.25, float("-inf"), float("inf"), float("inf"), single(3.4e38)])
        ],
        "Güte/" + "x" * 300: [(0, 2e9, single(0.1))],
    }


def test_trainings_are_curves_as_keras_names_them(ask: Run, writer: Writer, tmp_path: Path) -> None:
    """The same name on training and validation data, an epoch a step; a second export takes the first one's place."""
    logs = tmp_path / "logs"
    run = record(writer, state=TrainingState.SUCCEEDED)
    for _ in range(2):
        told = ask("runs", "mnist", "--tensorboard", str(logs), "--json")
        assert told.status == ExitCode.DONE
    assert [(file["run"], file["values"]) for file in told.json["files"]] == [
        (f"mnist/training-{run}/train", 2),
        (f"mnist/training-{run}/validation", 4),
    ]
    train, validation = (curves(Path(file["file"])) for file in told.json["files"])
    assert [(step, value) for step, _, value in train["epoch_loss"]] == [(0, 1.0), (1, 0.5)]
    assert [(step, value) for step, _, value in validation["epoch_loss"]] == [(0, 2.0), (1, 1.0)]
    first, second = (at for _, at, _ in validation["epoch_accuracy"])
    assert second - first == pytest.approx(0.25)
    assert sorted(path.name for path in logs.rglob("*") if path.is_file()) == [FILE, FILE]


def test_a_history_is_a_run_a_version(ask: Run, tmp_path: Path) -> None:
    """Every value of every figure is there, with its time and its interval beside it."""
    points = ask("history", "mnist", "--json").json
    told = ask("history", "mnist", "--tensorboard", str(tmp_path))
    assert told.status == ExitCode.DONE, told.err
    assert told.out.splitlines()[-1] == f"Look at them with: tensorboard --logdir {tmp_path}"
    versions = {point["version"] for point in points}
    found = {number: curves(tmp_path / "mnist" / f"version-{number}" / FILE) for number in versions}
    for point in points:
        curve = found[point["version"]][point["metric"]]
        assert single(point["value"]) in [value for _, _, value in curve]
        if point["low"] is not None:
            lows = found[point["version"]][f"{point['metric']}/low"]
            assert single(point["low"]) in [value for _, _, value in lows]
    written = sum(len(curve) for run in found.values() for tag, curve in run.items() if "/" not in tag)
    assert written == len(points)


@pytest.mark.parametrize("words", [("mnist", "--csv"), ("mnist", "--plot"), ("power_w", "--device", "cpu")])
def test_what_excludes_it_is_a_usage_error(ask: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Another form, or a device; nothing is written."""
    said = ask("history", *words, "--tensorboard", str(tmp_path / "logs"))
    assert (said.status, (tmp_path / "logs").exists()) == (ExitCode.USAGE, False)


def test_a_folder_that_cannot_be_written_is_told(ask: Run, tmp_path: Path) -> None:
    """A file where the runs' folder would be stands for all that keeps it from being made."""
    (tmp_path / "mnist").write_text("in the way")
    said = ask("history", "mnist", "--tensorboard", str(tmp_path))
    assert (said.status, "cannot be written" in said.err) == (ExitCode.USAGE, True)
