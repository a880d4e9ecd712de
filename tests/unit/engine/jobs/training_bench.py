"""A workspace whose model is trained by real jobs, in real confined processes; what a test wants to happen meanwhile."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from engine.jobs import train
from engine.jobs.context import Context, Outcome
from engine.processes.client import Hosts
from engine.runtimes import runtime_for
from storage import jobs
from storage.records import Job, JobParameters, Metric
from storage.settings import WorkspaceSettings
from storage.tables import training
from storage.training_records import TrainingRun
from storage.vocabulary import Format, JobKind, JobState
from tests.artefacts import record_version
from tests.tiny_models import NAMES, PREPROCESS, SAVE, digits, import_keras

MODEL = "digits"
TRAIN = "[train]\nepochs = 4\nearly_stopping = 0\n"


class Listener:
    """Hears how far a job is, and lets a test do something at a moment of its choice."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.meanwhile: Callable[[str], None] = lambda _message: None
        self.stop = False

    def progress(self, _done: int, _total: int, message: str = "") -> None:
        """Note what is told."""
        self.heard.append(message)
        self.meanwhile(message)

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Return whether the end is asked for."""
        return self.stop


class TrainingBench:
    """The classifier of digits, with data to train it on."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.format = Format.KERAS
        self.listener = Listener()
        self.inbox = context.workspace.train / MODEL
        self.tested = context.workspace.test / MODEL
        for folder in (self.inbox, self.tested, context.workspace.models / MODEL):
            folder.mkdir(parents=True)
        self.settings(TRAIN)
        images, classes = digits()
        np.savez(self.inbox / "train.npz", x=images[:500], y=classes[:500])
        np.savez(self.tested / "validation.npz", x=images[500:700], y=classes[500:700])

    def settings(self, more: str) -> None:
        """Write model.toml."""
        known = PREPROCESS[self.format]
        fits = f'[preprocess]\ndtype = "{known.dtype}"\nscale = {known.scale}\nlayout = "{known.layout}"\n'
        self.context.workspace.model_settings(MODEL).write_text(fits + more)

    def with_version(
        self, kind: Format = Format.KERAS, *, save: Callable[[Path], Path] | None = None
    ) -> None:
        """Put the trained classifier there as its first version, in a format of one's choice, or another model."""
        self.format = kind
        self.settings(TRAIN)
        folder = self.context.workspace.version_folder(MODEL, 1)
        folder.mkdir()
        file = (save or SAVE[kind])(folder / NAMES[kind])
        with self.context.writer.transaction() as connection:
            record_version(connection, MODEL, 1, file, kind)

    def ask(self, **parameters: Any) -> Job:
        """Return a job that asks for a training."""
        with self.context.writer.transaction() as connection:
            jobs.add(
                connection,
                JobKind.TRAIN,
                MODEL,
                None,
                requested_by="test",
                now=1.0,
                parameters=JobParameters(**parameters),
            )
            job = jobs.claim(connection, frozenset({JobKind.TRAIN}), now=1.0)
        assert job is not None
        return job

    def train(self, **parameters: Any) -> Outcome:
        """Do a training."""
        job = self.ask(**parameters)
        try:
            return train.run(self.context, job, self.listener)
        finally:
            with self.context.writer.transaction() as connection:
                jobs.finish(connection, job.id, JobState.SUCCEEDED, now=1.0)

    def runs(self) -> list[TrainingRun]:
        """Return the trainings on record, the latest first."""
        with self.context.writer.transaction() as connection:
            return training.read(connection, MODEL, limit=100)

    def made(self) -> Path:
        """Return what the latest training delivered."""
        return self.inbox / self.runs()[0].artefact

    def left(self) -> list[str]:
        """Return the names in the inbox beside the data."""
        return sorted(path.name for path in self.inbox.iterdir() if path.name != "train.npz")


@pytest.fixture(scope="module")
def warm_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Return hosts that stay warm for the module's tests."""
    held = Hosts(scratch=tmp_path_factory.mktemp("scratch"), limits=WorkspaceSettings().limits)
    yield held
    held.close()


@pytest.fixture
def bench(context: Context) -> TrainingBench:
    """Return a bench in a workspace of its own."""
    return TrainingBench(context)


def trainer(kind: Format = Format.KERAS) -> psutil.Process:
    """Return the process that trains a model of this format: no host of this module holds another one."""
    framework = runtime_for(kind).framework
    found = [
        child
        for host in psutil.Process().children()
        # What an earlier test of the same worker started may have ended and not been waited for: it has no command line.
        if host.status() != psutil.STATUS_ZOMBIE and framework in host.cmdline()
        for child in host.children()
    ]
    assert len(found) == 1
    return found[0]


def weights(file: Path) -> bytes:
    """Return every number of a saved model of Keras or TorchScript, in its order."""
    if file.suffix == ".pt":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.jit is deprecated, yet the files are everywhere
            import torch

            state = torch.jit.load(str(file)).state_dict()
        return b"".join(value.numpy().tobytes() for value in state.values())
    model = import_keras().models.load_model(file, compile=False)
    return b"".join(np.asarray(value).tobytes() for value in model.variables)
