"""Trains a Keras model with Keras' own ``fit``: seeded, in epochs that can be gone on with, telling how it goes.

Runs in a model process only, behind its walls: it reads the model and its data, and writes its scratch folder. It must
not decide what becomes of the model.
"""

import math
from pathlib import Path
from typing import Any, Final, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from engine.data.examples import Examples, open_examples
from engine.frameworks.tensorflow import device_name
from engine.protocols import TensorSpec
from engine.runtimes.keras import feed
from engine.runtimes.keras.building import build, drawn_anew
from engine.runtimes.keras.files import describe, read_model
from engine.runtimes.keras.losses import lesson
from engine.training import checkpoint
from engine.training.course import Course, Listener, State, TellEpoch, TellProgress
from engine.training.lessons import Part, parts
from engine.training.requests import Trained, TrainModel
from storage.errors import OWN_SETTINGS, JobError

ARTEFACT: Final = "model.keras"

STEPS: Final = 8
"""Batches of one call into the graph: small networks cost less than calling them does, and progress stays lively."""


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
        best_epoch = 0
        width = int(math.prod(model.outputs[0].shape[1:]))
        learned, held = parts(request, examples, _specs(model), width)
        if not request.untrained:
            best_epoch = _fit(request, model, (learned, held), Listener(scratch, progress, epoch))
        model.save(scratch / ARTEFACT)
    return Trained(
        artefact=ARTEFACT,
        best_epoch=best_epoch,
        train_rows=len(learned.rows),
        train_sha256=examples.dataset.sha256,
        validation_rows=len(held.rows),
        validation_sha256=held.examples.dataset.sha256 if request.validation else "",
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
            f"Name a program that trains it: [train] command in {OWN_SETTINGS}.",
        )
    return model, open_examples(Path(request.train), request.preprocess, _specs(model))


def _specs(model: Any) -> tuple[TensorSpec, ...]:
    return tuple(map(describe, model.inputs))


def _fit(request: TrainModel, model: Any, taught: tuple[Part, Part], listener: Listener) -> int:
    """Train ``model``, leave the best weights in it, and return of which epoch they are."""
    settings, learned, held = request.settings, *taught
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
    changed = _Changed(face)
    known = changed.restored(Path(request.checkpoint)) if request.checkpoint else checkpoint.Progress()
    number = tf.Variable(known.epoch, dtype=tf.int32)
    course = Course(request, known, batches, listener)
    if not course.over:
        face.fit(
            feed.shuffled(learned, settings.batch_size, seed=settings.seed, epoch=number),
            validation_data=feed.in_order(held, settings.batch_size),
            initial_epoch=known.epoch,
            epochs=request.epochs,
            callbacks=[_Teller(course, changed, number)],
            shuffle=False,
            verbose=0,
        )
    for variable, value in zip(face.variables, known.weights, strict=True):
        variable.assign(value)
    return known.best_epoch


class _Changed(NamedTuple):
    """What a training changes as it goes on."""

    face: Any

    @property
    def variables(self) -> dict[str, Any]:
        """Those of the model and of the optimiser, in their own order."""
        found = [*self.face.variables, *self.face.optimizer.variables]
        return {str(place): variable for place, variable in enumerate(found)}

    def state(self) -> State:
        """Return what can be told of them."""
        return State(
            # Copies: a variable's own memory is written again by the next step.
            weights=lambda: [np.array(variable) for variable in self.face.variables],
            everything=lambda: {name: np.asarray(one) for name, one in self.variables.items()},
        )

    def restored(self, file: Path) -> checkpoint.Progress:
        """Set them to what a checkpoint holds and return how far it was; of a damaged one take nothing."""
        variables = self.variables
        found = checkpoint.restore(file, {name: one.shape for name, one in variables.items()})
        if found is None:
            return checkpoint.Progress()
        for name, variable in variables.items():
            variable.assign(found.state[name])
        return found.progress


class _Teller(keras.callbacks.Callback):  # type: ignore[misc]  # Keras' types are not read
    """Joins Keras' loop to the course of the training."""

    def __init__(self, course: Course, changed: _Changed, number: Any) -> None:
        super().__init__()
        self._course = course
        self._state = changed.state()
        self._number = number
        """The epoch by which the examples are shuffled."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Have the examples shuffled for this epoch."""
        del logs
        self._number.assign(epoch)
        self._course.begin_epoch()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell how many batches are done, now and then."""
        del logs
        self._course.batch_done(batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell the figures of the epoch, leave a checkpoint of it, and end where it gets no better."""
        del epoch
        self._course.epoch_done({name: float(value) for name, value in (logs or {}).items()}, self._state)
        self.model.stop_training = self._course.enough
