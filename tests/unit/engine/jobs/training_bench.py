"""A workspace whose model is trained by real jobs, in real confined processes; what a test wants to happen meanwhile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.jobs import train
from engine.jobs.context import Context, Outcome
from storage import jobs
from storage.records import Job, JobParameters, Metric
from storage.tables import models, training
from storage.training_records import TrainingRun
from storage.vocabulary import Format, JobKind, JobState, Status
from tests.artefacts import artefact_sha256
from tests.tiny_models import digits, save_keras

MODEL = "digits"
PREPROCESS = '[preprocess]\ndtype = "float32"\nscale = 0.0625\nlayout = "NHWC"\n'
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
        self.context.workspace.model_settings(MODEL).write_text(PREPROCESS + more)

    def with_version(self) -> None:
        """Put the trained classifier there as its first version."""
        folder = self.context.workspace.version_folder(MODEL, 1)
        folder.mkdir()
        file = save_keras(folder / "model.keras")
        with self.context.writer.transaction() as connection:
            model = models.ensure(connection, MODEL, now=1.0)
            version = models.add_version(connection, model, 1, status=Status.READY, found_at=1.0)
            models.set_artefact(
                connection,
                version,
                artefact=file.name,
                kind=Format.KERAS,
                sha256=artefact_sha256(file),
                size=file.stat().st_size,
            )

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


def weights(file: Path) -> bytes:
    """Return every number of a saved Keras model, in its order."""
    from tests.tiny_models import import_keras

    model = import_keras().models.load_model(file, compile=False)
    return b"".join(np.asarray(value).tobytes() for value in model.variables)
