"""What a training promises: real fits in confined processes, the same bits for the same seed, whatever is killed meanwhile."""

import errno
import os
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.jobs import train
from engine.jobs.context import Context
from engine.processes.client import Hosts
from engine.processes.endings import CANCELLED, ModelProcessError
from engine.processes.pool import Pool
from engine.processes.training_process import TrainingProcess
from engine.training.folder import TrainingFolder
from storage import jobs
from storage.database import Writer
from storage.errors import JobError, UnknownError
from storage.settings import LimitSettings, WorkspaceSettings
from storage.vocabulary import TrainingState
from storage.workspace import Workspace
from tests.tiny_models import digits, import_keras
from tests.unit.engine.jobs.training_bench import TRAIN, TrainingBench, bench, trainer, warm_hosts

__all__ = ["bench", "warm_hosts"]

pytestmark = pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")

PATIENT_S = 60.0

LONG = "[train]\nepochs = 400\nearly_stopping = 0\n"
"""So long that whatever a test does meanwhile comes before the end."""

BUILT: dict[str, tuple[str, str, str, int]] = {
    "images": ("images", "", "Conv2D", 10),
    "vectors": ("vectors", "", "Normalization", 10),
    "regression": ("values", "", "Rescaling", 1),
    "listed": (
        "vectors",
        '[build]\nlayers = [{ type = "Dense", units = 12, activation = "softmax" }]\n',
        "Dense",
        12,
    ),
    "untrained": ("images", "", "Conv2D", 10),
}
"""Data, settings, a layer that the model must have, and how many outputs."""


def test_what_stops_with_the_engine_is_gone_on_with(bench: TrainingBench) -> None:
    """Nobody cancelled it, so the next job of the same goes on from its last epoch; a cancelled one leaves nothing."""
    bench.settings(LONG)

    def stop(message: str) -> None:
        if message.startswith("epoch 3/400"):
            bench.listener.stop = True

    bench.listener.meanwhile = stop
    with pytest.raises(ModelProcessError) as raised:
        bench.train(build=True)
    assert raised.value.code == CANCELLED
    cut = bench.runs()[0]
    assert cut.state is TrainingState.RUNNING
    assert len(cut.curve) >= 2

    job = bench.ask(build=True)

    def cancel(message: str) -> None:
        if message.startswith("epoch"):
            jobs.cancel(bench.context.workspace, job.id)
            bench.listener.stop = True

    bench.listener.stop = False
    bench.listener.heard.clear()
    bench.listener.meanwhile = cancel
    with pytest.raises(ModelProcessError):
        train.run(bench.context, job, bench.listener)
    first = next(message for message in bench.listener.heard if message.startswith("epoch"))
    assert first.startswith(f"epoch {len(cut.curve) + 1}/400, loss")
    run = bench.runs()[0]
    assert (run.id, run.state) == (cut.id, TrainingState.CANCELLED)
    assert not TrainingFolder(bench.context.workspace, run.id).checkpoint.exists()
    assert bench.left() == []


def test_a_training_stands_still_while_something_is_measured(bench: TrainingBench) -> None:
    """Its process is stopped as long as a model is measured, and goes on afterwards."""
    measuring, stopped = bench.context.hosts.measuring, threading.Event()

    def watch(process: psutil.Process) -> None:
        deadline = time.monotonic() + PATIENT_S
        while process.status() != psutil.STATUS_STOPPED and time.monotonic() < deadline:
            time.sleep(0.01)
        if process.status() == psutil.STATUS_STOPPED:
            stopped.set()
        measuring.clear()

    watchers: list[threading.Thread] = []

    def measure(message: str) -> None:
        if message.startswith("epoch") and not watchers:
            watchers.append(threading.Thread(target=watch, args=(trainer(),)))
            measuring.set()
            watchers[0].start()
        elif watchers and not measuring.is_set():
            # It goes on, which is all that there was to see.
            bench.listener.stop = True

    bench.settings(LONG)
    bench.listener.meanwhile = measure
    with pytest.raises(ModelProcessError):
        bench.train(build=True)
    watchers[0].join()
    assert stopped.is_set()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"content": b"PK no archive"}, "train.npz"),
        ({"y": digits()[1][:499]}, "train.npz"),
        ({"y": np.full(500, 12)}, "train.npz has label 12 in row 0, but the model has 10 classes"),
        ({"x": digits()[0][:500].reshape(500, 64)}, "but the inputs have the shape [?, 64]"),
        ({"x": np.zeros((0, 8, 8), np.uint8), "y": np.zeros(0, np.int64)}, "train.npz has no examples"),
        ({"x": np.full((500, 8, 8), np.nan)}, "The loss is no number any more after epoch 1"),
    ],
    ids=["garbage", "rows", "classes", "shape", "empty", "nan"],
)
def test_bad_data_are_one_clear_sentence(bench: TrainingBench, damage: dict[str, object], words: str) -> None:
    """What is wrong with the data is said with the file's name; nothing lands in the inbox."""
    bench.with_version()
    file = bench.inbox / "train.npz"
    if "content" in damage:
        file.write_bytes(bytes(damage["content"]))  # type: ignore[call-overload]
    else:
        images, classes = digits()
        np.savez(file, **({"x": images[:500], "y": classes[:500]} | damage))  # type: ignore[arg-type]
    with pytest.raises(JobError) as raised:
        bench.train()
    assert words in raised.value.message
    assert bench.left() == []
    assert bench.runs()[0].state is TrainingState.FAILED
    assert raised.value.message == bench.runs()[0].message


def test_without_data_or_version_the_way_is_told(bench: TrainingBench) -> None:
    """A model without a version is pointed to build, one without data to where they are to be put."""
    with pytest.raises(UnknownError) as unknown:
        bench.train()
    assert "modeltender build digits" in unknown.value.hint
    bench.with_version()
    (bench.inbox / "train.npz").unlink()
    with pytest.raises(JobError) as lacking:
        bench.train()
    assert "train/digits/train.npz does not exist" in lacking.value.message


def test_a_full_scratch_is_one_clear_sentence(workspace: Workspace, writer: Writer, tmp_path: Path) -> None:
    """A checkpoint that does not fit fails the training, and the sentence says what to raise."""
    limits = LimitSettings(scratch_mib=1)
    hosts = Hosts(scratch=tmp_path / "scratch", limits=limits)
    settings = WorkspaceSettings(limits=limits)
    bench = TrainingBench(Context(workspace, writer, settings, hosts, Pool(limits), time.time))
    layers = '{ type = "Flatten" }, { type = "Dense", units = 8000 }, { type = "Dense", units = 10 }'
    bench.settings(f"{TRAIN}[build]\nlayers = [{layers}]\n")
    try:
        with pytest.raises(JobError) as raised:
            bench.train(build=True)
    finally:
        hosts.close()
    # Whoever notices first: the process that cannot write further, or the engine that looks at it.
    assert "scratch_mib" in raised.value.hint
    assert bench.left() == []


def test_a_checkpoint_that_finds_no_room_costs_an_epoch_and_not_the_training(
    bench: TrainingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut off with a sentence; once there is room, the same training goes on after its last checkpoint."""
    take, taken = TrainingProcess.take, list[Path]()

    def full(process: TrainingProcess, name: str, destination: Path) -> None:
        if len(taken) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        take(process, name, destination)
        taken.append(destination)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingProcess, "take", full)
        with pytest.raises(JobError) as raised:
            bench.train(build=True)
    assert raised.value.message == (
        "The training cannot be kept in .modeltender/training: No space left on device."
    )
    [cut] = bench.runs()
    assert (cut.state, len(cut.curve), bench.left()) == (TrainingState.RUNNING, 3, [])
    bench.listener.heard.clear()
    bench.train(build=True)
    [run] = bench.runs()
    assert (run.id, run.state, len(run.curve)) == (cut.id, TrainingState.SUCCEEDED, 4)
    assert not any(message.startswith("epoch 1/4, loss") for message in bench.listener.heard)
    assert bench.left() == [run.artefact]


@pytest.mark.parametrize("case", list(BUILT), ids=list(BUILT))
def test_a_first_model_suits_its_data(bench: TrainingBench, case: str) -> None:
    """From the shape of the data alone, or of the layers that are listed; it is trained at once."""
    images, classes = digits()
    rows, settings, layer, outputs = BUILT[case]
    large = np.kron(images[:500], np.ones((2, 2), np.uint8))
    data = {
        "images": (large, classes[:500]),
        "vectors": (images[:500].reshape(500, 64).astype(np.float32), classes[:500]),
        "values": (images[:500].reshape(500, 64).astype(np.float32), images[:500].mean(axis=(1, 2)) * 7 + 90),
    }[rows]
    for child in bench.tested.iterdir():
        child.unlink()
    np.savez(bench.inbox / "train.npz", x=data[0], y=data[1])
    bench.context.workspace.model_settings("digits").write_text(settings)
    bench.train(build=True, epochs=2, untrained=case == "untrained")
    run = bench.runs()[0]
    assert len(run.curve) == (0 if case == "untrained" else 2)
    assert run.data is not None
    assert (run.data.train_rows, run.data.validation_rows, run.data.validation_sha256) == (450, 50, "")
    model = import_keras().models.load_model(bench.made(), compile=False)
    assert layer in {type(found).__name__ for found in model.layers}
    assert model.outputs[0].shape == (None, outputs)


def test_an_unknown_layer_is_named(bench: TrainingBench) -> None:
    """The sentence says which layer of the list it is, and what may be meant."""
    bench.settings('[build]\nlayers = [{ type = "Flatten" }, { type = "Dens", units = 10 }]\n')
    with pytest.raises(JobError) as raised:
        bench.train(build=True)
    assert raised.value.message == "build.layers 2: Keras has no layer 'Dens'. Did you mean 'Dense'?"
