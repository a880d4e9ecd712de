"""The loss by which a TorchScript module learns its targets, and the figure that is told beside it.

Owns their choice, and the sentences about what cannot be chosen. Whether outputs are logits or probabilities is told by the
numbers, as in evaluations: what a module ends with cannot be read. Runs in a model process only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch.nn import functional

from engine.evaluation.outcomes import Scale, label_scale_of, scale_of
from engine.training.lessons import Part, task_of
from engine.training.requests import TrainModel
from storage.errors import JobError
from storage.text import clean
from storage.vocabulary import OutputScale, Task

Judge = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Holds the outputs of a batch, a row an example, against its targets: their mean."""


class Lesson(NamedTuple):
    """By which loss targets are learned, and what is told of it."""

    loss: Judge
    figure: str
    judged: Judge


CLASSES: dict[str, Judge] = {
    "CrossEntropyLoss": functional.cross_entropy,
    "NLLLoss": functional.nll_loss,
    "MultiMarginLoss": functional.multi_margin_loss,
}
"""Losses of ``torch.nn`` for one class an example, by their names."""

TABLES: dict[str, Judge] = {
    "BCELoss": functional.binary_cross_entropy,
    "BCEWithLogitsLoss": functional.binary_cross_entropy_with_logits,
    "MSELoss": functional.mse_loss,
    "L1Loss": functional.l1_loss,
    "SmoothL1Loss": functional.smooth_l1_loss,
    "HuberLoss": functional.huber_loss,
}
"""Losses of ``torch.nn`` for a row of numbers an example."""


def lesson(request: TrainModel, learned: Part, scores: "NDArray[Any]") -> Lesson:
    """Return how ``learned`` is learned by a module that gives ``scores`` so far, a row an example.

    Raises:
        JobError: the loss that the settings name is unknown, or does not fit the targets.
    """
    named = _named(request.settings.loss, learned) if request.settings.loss else None
    if task_of(request, learned.examples.dataset.targets) is Task.REGRESSION:
        return Lesson(named or functional.mse_loss, "mae", functional.l1_loss)
    logits = _logits(request, scores, single=learned.targets.ndim == 1)
    if learned.targets.ndim == 1:
        # Logarithms of probabilities stay as they are under this, so they need no loss of their own.
        loss = functional.cross_entropy if logits else _of_probabilities
        return Lesson(named or loss, "accuracy", _right)
    binary = functional.binary_cross_entropy_with_logits if logits else functional.binary_cross_entropy
    limit = 0.0 if logits else 0.5
    return Lesson(named or binary, "accuracy", lambda given, wanted: _alike(given > limit, wanted > 0.5))


def _logits(request: TrainModel, scores: "NDArray[Any]", *, single: bool) -> bool:
    """Whether outputs are logits: what the settings say, else what the numbers show."""
    if request.output.scale is not None:
        return request.output.scale is OutputScale.LOGITS
    return (scale_of(scores) if single else label_scale_of(scores)) is Scale.LOGITS


def _named(name: str, learned: Part) -> Judge:
    known = CLASSES | TABLES
    if name not in known:
        raise JobError(
            f"torch.nn has no loss '{clean(name, 60)}' that is used here.",
            f"Name one of {', '.join(known)} in [train] loss, or leave it out.",
        )
    fitting = CLASSES if learned.targets.ndim == 1 else TABLES
    if name not in fitting:
        told = "one class an example" if learned.targets.ndim == 1 else "a row of numbers an example"
        raise JobError(
            f"The targets are {told}, which {name} does not take.",
            f"Name one of {', '.join(fitting)} in [train] loss, or leave it out.",
        )
    return known[name]


def _of_probabilities(given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of probabilities, or of sigmoids that are made to add up to 1."""
    smallest = torch.finfo(given.dtype).tiny
    share = given / given.sum(dim=1, keepdim=True).clamp(min=smallest)
    return functional.nll_loss(share.clamp(min=smallest).log(), wanted)


def _right(given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return _alike(given.argmax(dim=1), wanted)


def _alike(given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return (given == wanted).double().mean()
