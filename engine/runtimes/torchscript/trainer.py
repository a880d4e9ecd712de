"""Trains a TorchScript module by torch's own optimisers: seeded, in epochs that can be gone on with, telling how it goes.

Runs in a model process only, behind its walls: it reads the module and its data, and writes its scratch folder. It must
not decide what becomes of the module.
"""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import torch

from engine.data.examples import open_examples
from engine.frameworks.torch import prepare
from engine.protocols import TensorSpec
from engine.runtimes.torchscript.feed import Batch, Feed
from engine.runtimes.torchscript.loader import argument_names
from engine.runtimes.torchscript.losses import Lesson, lesson
from engine.runtimes.torchscript.pupil import OWN_PROGRAM, Pupil, assign, open_pupil
from engine.training import checkpoint
from engine.training.course import Course, Listener, TellEpoch, TellProgress
from engine.training.lessons import Part, parts
from engine.training.requests import Trained, TrainModel
from storage.errors import JobError

ARTEFACT: Final = "model.pt"


def train(request: TrainModel, scratch: Path, progress: TellProgress, epoch: TellEpoch) -> Trained:
    """Train a module and save it into ``scratch``.

    Raises:
        JobError: module and data do not fit each other, or the training came to nothing.
    """
    place = prepare(request.device)
    torch.manual_seed(request.settings.seed)
    if place.type == "cpu":
        # Sums in one order, so that the same seed gives the same bits.
        torch.use_deterministic_algorithms(mode=True)
    with warnings.catch_warnings(), torch.jit.optimized_execution(False):
        # torch wants people to move to torch.export; who trains a saved file cannot act on that.
        warnings.simplefilter("ignore")
        # Not optimised as it goes: what it computes must not depend on how often it ran before it was cut.
        pupil = open_pupil(request, place)
        specs = tuple(TensorSpec(name, None, "") for name in argument_names(pupil.module))
        examples = open_examples(Path(request.train), request.preprocess, specs)
        scores = pupil.scores(examples)
        learned, held = parts(request, examples, specs, scores.shape[1])
        wanted = lesson(request, learned, scores)
        course = _fit(pupil, wanted, (learned, held), Listener(scratch, progress, epoch))
        torch.jit.save(pupil.module.eval(), str(scratch / ARTEFACT))
    return Trained(
        artefact=ARTEFACT,
        best_epoch=course.known.best_epoch,
        train_rows=len(learned.rows),
        train_sha256=examples.dataset.sha256,
        validation_rows=len(held.rows),
        validation_sha256=held.examples.dataset.sha256 if request.validation else "",
        versions={},
    )


def _fit(pupil: Pupil, wanted: Lesson, taught: tuple[Part, Part], listener: Listener) -> Course:
    """Train the module, and leave the best weights in it."""
    request, settings = pupil.request, pupil.request.settings
    learned, held = (Feed(part, settings.batch_size) for part in taught)
    known = pupil.restore(Path(request.checkpoint)) if request.checkpoint else checkpoint.Progress()
    course = Course(request, known, len(learned), listener)
    while not course.over:
        course.begin_epoch()
        figures = _trained(pupil, wanted, learned.shuffled(settings.seed, known.epoch), course)
        figures |= {f"val_{name}": value for name, value in _judged(pupil, wanted, held).items()}
        course.epoch_done(figures, pupil.state())
    for one, weights in zip(pupil.tensors.values(), known.weights, strict=True):
        assign(one, weights)
    return course


def _trained(pupil: Pupil, wanted: Lesson, batches: Iterable[Batch], course: Course) -> dict[str, float]:
    """Learn from each batch, and return the figures on the way."""
    pupil.module.train()
    sums = _Sums(wanted)
    for number, (inputs, targets) in enumerate(batches):
        pupil.optimizer.zero_grad()
        answer = pupil.answered(inputs)
        if not answer.requires_grad:
            raise JobError(
                "The module's output does not depend on its parameters by anything that has a gradient.",
                f"Save one whose forward computes with gradients, or {OWN_PROGRAM}",
            )
        sums.add(answer, targets).backward()
        pupil.optimizer.step()
        course.batch_done(number)
    return sums.means()


def _judged(pupil: Pupil, wanted: Lesson, held: Feed) -> dict[str, float]:
    """Return the figures on what is held out."""
    pupil.module.eval()
    sums = _Sums(wanted)
    with torch.no_grad():
        for inputs, targets in held.in_order():
            sums.add(pupil.answered(inputs), targets)
    return sums.means()


class _Sums:
    """Figures over batches."""

    def __init__(self, wanted: Lesson) -> None:
        self._wanted = wanted
        self._rows = 0
        self._loss = self._figure = 0.0

    def add(self, answer: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Count a batch, and return its loss."""
        known = targets.to(answer.dtype) if targets.is_floating_point() else targets
        loss = self._wanted.loss(answer, known)
        rows = len(targets)
        self._rows += rows
        self._loss += float(loss.detach()) * rows
        self._figure += float(self._wanted.judged(answer.detach(), known)) * rows
        return loss

    def means(self) -> dict[str, float]:
        """Return the figures by their names."""
        return {"loss": self._loss / self._rows, self._wanted.figure: self._figure / self._rows}
