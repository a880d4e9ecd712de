"""Trains a Keras model with Keras' own ``fit``: seeded, in epochs that can be gone on with, telling how it goes.

Runs in a model process only, behind its walls: it reads the model and its data, and writes its scratch folder. It must
not decide what becomes of the model.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from engine.data.examples import Examples, open_examples
from engine.frameworks.tensorflow import device_name
from engine.protocols import TensorSpec
from engine.runtimes.keras import checkpoint, feed
from engine.runtimes.keras.building import build, drawn_anew
from engine.runtimes.keras.feed import Part
from engine.runtimes.keras.files import describe, read_model
from engine.runtimes.keras.lessons import learnable, lesson
from engine.training.requests import EpochDone, Trained, TrainModel
from storage.errors import JobError
from storage.training_records import Epoch

ARTEFACT: Final = "model.keras"

PROGRESS_S: Final = 0.1
"""Progress within an epoch is told at most this often."""

STEPS: Final = 8
"""Batches of one call into the graph: small networks cost less than calling them does, and progress stays lively."""

TellProgress = Callable[[int, int], None]
TellEpoch = Callable[[EpochDone], None]


class Listener(NamedTuple):
    """Who is told how it goes, and where checkpoints are written for them."""

    scratch: Path
    progress: TellProgress
    epoch: TellEpoch


def train(request: TrainModel, scratch: Path, progress: TellProgress, epoch: TellEpoch) -> Trained:
    """Train a model and save it into ``scratch``.

    Raises:
        JobError: model and data do not fit each other, or the training came to nothing.
    """
    device = device_name(request.device)
    keras.utils.set_random_seed(request.settings.seed)
    if request.device == "cpu":
        # Sums in one order, so that the same seed gives the same bits.
        tf.config.experimental.enable_op_determinism()
    with tf.device(device):
        model, examples = _model_and_examples(request)
        best_epoch, stopped = 0, False
        parts = _parts(request, model, examples)
        if not request.untrained:
            best_epoch, stopped = _fit(request, model, parts, Listener(scratch, progress, epoch))
        model.save(scratch / ARTEFACT)
    held = parts[1].examples.dataset
    return Trained(
        artefact=ARTEFACT,
        best_epoch=best_epoch,
        stopped_early=stopped,
        train_rows=len(parts[0].rows),
        train_sha256=examples.dataset.sha256,
        validation_rows=len(parts[1].rows),
        validation_sha256=held.sha256 if request.validation else "",
        versions={},
    )


def _model_and_examples(request: TrainModel) -> tuple[Any, Examples]:
    if not request.artefact:
        examples = open_examples(Path(request.train), request.preprocess, ())
        return build(request, examples), examples
    model = read_model(Path(request.artefact), trusted=request.trusted)
    if request.fresh:
        model = drawn_anew(model)
    if len(model.outputs) != 1:
        raise JobError(
            f"The model has {len(model.outputs)} outputs, and only one can be trained for here.",
            "Name a program that trains it: [train] command in model.toml.",
        )
    return model, open_examples(Path(request.train), request.preprocess, _specs(model))


def _specs(model: Any) -> tuple[TensorSpec, ...]:
    return tuple(map(describe, model.inputs))


def _parts(request: TrainModel, model: Any, examples: Examples) -> tuple[Part, Part]:
    """Return what is learned from, and what that is held against."""
    width = int(math.prod(model.outputs[0].shape[1:]))
    targets = learnable(request, examples.dataset, width)
    if request.validation:
        held = open_examples(Path(request.validation), request.preprocess, _specs(model))
        known = learnable(request, held.dataset, width)
        return Part(examples, targets, np.arange(examples.rows)), Part(held, known, np.arange(held.rows))
    order = np.random.default_rng(request.settings.seed).permutation(examples.rows)
    count = round(examples.rows * request.settings.validation)
    if not 0 < count < examples.rows:
        raise JobError(
            f"{examples.dataset.name} has {examples.rows} examples, too few to hold some of them out.",
            "Put validation data beside the test data, or more examples here.",
        )
    held_out, learned = np.sort(order[:count]), np.sort(order[count:])
    return Part(examples, targets, learned), Part(examples, targets, held_out)


def _fit(request: TrainModel, model: Any, parts: tuple[Part, Part], listener: Listener) -> tuple[int, bool]:
    """Train ``model``, leave the best weights in it, and return of which epoch they are and whether it ended early."""
    settings, learned, held = request.settings, *parts
    # A second face of the same layers: what is saved has neither optimiser nor loss in it.
    face = keras.Model(list(model.inputs), model.outputs[0])
    batches = -(-len(learned.rows) // settings.batch_size)
    wanted = lesson(request, model, learned.targets)
    face.compile(
        optimizer=keras.optimizers.get(
            {"class_name": settings.optimizer, "config": {"learning_rate": settings.learning_rate}}
        ),
        loss=wanted.loss,
        metrics=wanted.metrics,
        steps_per_execution=min(STEPS, batches),
    )
    face.optimizer.build(face.trainable_variables)
    variables = [*face.variables, *face.optimizer.variables]
    restored = checkpoint.restore(Path(request.checkpoint), variables) if request.checkpoint else None
    known = restored or checkpoint.Progress()
    number = tf.Variable(known.epoch, dtype=tf.int32)
    state = _State(known, variables, number, batches)
    teller = _Teller(request, state, listener)
    if known.epoch < request.epochs and not teller.enough:
        face.fit(
            feed.shuffled(learned, settings.batch_size, seed=settings.seed, epoch=number),
            validation_data=feed.in_order(held, settings.batch_size),
            initial_epoch=known.epoch,
            epochs=request.epochs,
            callbacks=[teller],
            shuffle=False,
            verbose=0,
        )
    for variable, value in zip(face.variables, known.weights, strict=True):
        variable.assign(value)
    return known.best_epoch, known.epoch < request.epochs


class _State(NamedTuple):
    """What a training changes as it goes on."""

    known: checkpoint.Progress
    variables: list[Any]
    """Of model and optimiser."""
    number: Any
    """The epoch by which the examples are shuffled."""
    batches: int
    """Of one epoch."""


class _Teller(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells how a training goes, keeps its best weights, writes its checkpoints, and ends it when it gets no better."""

    def __init__(self, request: TrainModel, state: _State, listener: Listener) -> None:
        super().__init__()
        self._request = request
        self._state = state
        self._listener = listener
        self._began = self._told_at = 0.0

    @property
    def enough(self) -> bool:
        """Whether it has got no better for as long as the settings wait."""
        patience = self._request.settings.early_stopping
        return bool(patience) and self._state.known.waited >= patience

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Have the examples shuffled for this epoch."""
        del logs
        self._state.number.assign(epoch)
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell how many batches are done, now and then."""
        del logs
        now = time.monotonic()
        if now - self._told_at >= PROGRESS_S:
            self._told_at = now
            total = self._request.epochs * self._state.batches
            self._listener.progress(
                min(self._state.known.epoch * self._state.batches + batch + 1, total), total
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell the figures of the epoch, and leave a checkpoint of it."""
        figures = {name: float(value) for name, value in (logs or {}).items()}
        number = epoch + 1
        if not all(map(math.isfinite, figures.values())):
            raise JobError(
                f"The loss is no number any more after epoch {number}: the training ran away.",
                "Lower learning_rate in [train] of model.toml, and see that the data hold no NaN.",
                code="diverged",
            )
        self._judge(number, figures["val_loss"])
        name = f"epoch-{number}.npz"
        checkpoint.save(self._listener.scratch / name, self._state.variables, self._state.known)
        self._listener.epoch(EpochDone(Epoch(number, time.perf_counter() - self._began, figures), name))
        self.model.stop_training = self.enough

    def _judge(self, number: int, loss: float) -> None:
        known = self._state.known
        known.epoch = number
        known.waited += 1
        if known.best is None or loss < known.best:
            known.best, known.best_epoch, known.waited = loss, number, 0
            # Copies: a variable's own memory is written again by the next step.
            known.weights = [np.array(variable) for variable in self.model.variables]
