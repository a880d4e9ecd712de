"""What every format that is trained here promises: real fits in confined processes, and the same bits whatever is killed."""

import os
import signal

import pytest

from engine.processes.client import Hosts
from engine.runtimes import RUNTIMES, recognise, runtime_for
from engine.training.folder import TrainingFolder
from storage.vocabulary import Format, TrainingState
from tests.unit.engine.jobs.conftest import context
from tests.unit.engine.jobs.training_bench import TrainingBench, bench, trainer, warm_hosts, weights

__all__ = ["bench", "context", "warm_hosts"]

TRAINED = [kind for spec in RUNTIMES if spec.trainer for kind in spec.formats]
ONE_EACH = [spec.formats[0] for spec in RUNTIMES if spec.trainer]

FRESH = {Format.KERAS}
"""Formats that tell how the weights of their layers are drawn."""

LONG = "[train]\nepochs = 10\nearly_stopping = 0\n"

TRIES = 5

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


def needs(kind: Format) -> None:
    """Skip where what trains a format is not installed."""
    pytest.importorskip(runtime_for(kind).framework)


def isolation(hosts: Hosts) -> str:
    """Return how well processes are confined on this machine, as one says that reads data."""
    process = hosts.open_data([], limit_bytes=1)
    process.close()
    return process.isolation


@pytest.mark.parametrize("kind", TRAINED)
def test_a_warm_start_goes_on_from_the_deployed_weights(bench: TrainingBench, kind: Format) -> None:
    """The result lies in the inbox under its own name, in a format that is recognised, and all that decided it is on record."""
    needs(kind)
    bench.with_version(kind)
    outcome = bench.train(epochs=2)
    run = bench.runs()[0]
    assert (run.state, run.how, run.base_version, run.seed) == (TrainingState.SUCCEEDED, "warm start", 1, 0)
    assert [epoch.number for epoch in run.curve] == [1, 2]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} == set(run.curve[0].figures)
    # The weights of a classifier that is right nine times of ten, not fresh ones.
    assert run.curve[0].figures["val_accuracy"] > 0.85
    assert run.data is not None
    assert (run.data.train_rows, run.data.validation_rows) == (500, 200)
    assert all(run.versions[name] for name in runtime_for(kind).distributions)
    made = recognise(bench.made()).format
    assert made is not None
    assert runtime_for(made) is runtime_for(kind)
    assert bench.left() == [run.artefact]
    assert run.artefact.startswith("trained-1.")
    [base] = bench.context.workspace.version_folder("digits", 1).iterdir()
    assert weights(bench.made()) != weights(base)
    assert outcome.message.endswith(f"train/digits/{run.artefact} is the next version")
    folder = TrainingFolder(bench.context.workspace, run.id)
    log = folder.log.read_text()
    assert "epoch 2/2, loss" in log
    # No wall is lower than around a model that is evaluated.
    assert f"isolation {isolation(bench.context.hosts)}" in log
    assert not folder.checkpoint.exists()
    assert any(message.startswith("epoch 1/2") for message in bench.listener.heard)


@pytest.mark.parametrize("kind", ONE_EACH)
def test_the_same_seed_gives_the_same_bits_whatever_was_killed(bench: TrainingBench, kind: Format) -> None:
    """A training whose process is killed ends with the weights of one that was left alone; another seed does not."""
    needs(kind)
    bench.with_version(kind)
    bench.settings(LONG)
    bench.train(from_scratch=kind in FRESH)
    undisturbed = weights(bench.made())
    for _ in range(TRIES):
        bench.listener.meanwhile = _Killer(kind)
        bench.train(from_scratch=kind in FRESH)
        run = bench.runs()[0]
        assert [epoch.number for epoch in run.curve] == list(range(1, 11))
        assert weights(bench.made()) == undisturbed
        log = TrainingFolder(bench.context.workspace, run.id).log.read_text()
        if "was killed while it was trained" in log:
            break
    else:
        pytest.fail("each training had ended before it was killed")
    bench.settings(LONG + "seed = 1\n")
    bench.train(from_scratch=kind in FRESH)
    assert weights(bench.made()) != undisturbed


class _Killer:
    """Kills the process that trains once it has left a checkpoint, one time."""

    def __init__(self, kind: Format) -> None:
        self._kind = kind
        self._done = False

    def __call__(self, message: str) -> None:
        """Kill it where the message tells of the second epoch."""
        if message.startswith("epoch 2/") and not self._done:
            self._done = True
            os.kill(trainer(self._kind).pid, signal.SIGKILL)
