"""Classification: which class, or which labels, each example was given.

Owns how rows of scores become predictions, and that all rows are read alike. It must not compute any figure.
"""

from math import log
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data import checks
from engine.data.dataset import Dataset
from engine.evaluation import outcomes
from engine.evaluation.outcomes import Outcomes, Scale
from storage.errors import JobError
from storage.settings import Output
from storage.vocabulary import OutputScale

SCALES: Final = {
    OutputScale.PROBABILITIES: Scale.PROBABILITIES,
    OutputScale.SCORES: Scale.SCORES,
    OutputScale.LOGITS: Scale.LOGITS,
}

WORDS: Final = {scale: word for word, scale in SCALES.items()}


class ScaleError(Exception):
    """A later batch shows that the first ones were read wrongly."""

    def __init__(self, scale: Scale) -> None:
        super().__init__(scale)
        self.scale = scale


class Classes:
    """Turns rows of scores into predictions, and compares them with the targets of a data set."""

    def __init__(self, dataset: Dataset, names: tuple[str, ...], output: Output, scale: Scale) -> None:
        """Begin.

        Args:
            dataset: the examples.
            names: of the classes or labels; empty where they have none.
            output: how the settings want outputs to be read.
            scale: how they are to be read at least, where the settings do not say.
        """
        self._dataset = dataset
        self._names = names
        self._output = output
        self._known = SCALES[output.scale] if output.scale else None
        self.scale = self._known if self._known is not None else scale
        self._begun = False
        self.several = checks.tells_labels(dataset.targets)
        """Whether an example may have several labels."""
        self._targets: NDArray[Any] = np.empty(0, dtype=np.int64)

    @property
    def word(self) -> OutputScale:
        """How the outputs are read."""
        return WORDS[self.scale]

    def read(self, start: int, scores: "NDArray[Any]") -> Outcomes:
        """Return what the examples from ``start`` on came to, as `read_at` does."""
        return self.read_at(slice(start, start + len(scores)), scores)

    def read_at(self, places: "slice | NDArray[Any]", scores: "NDArray[Any]") -> Outcomes:
        """Return what the examples at some places came to; ``scores`` has a row for each.

        Raises:
            ScaleError: earlier rows should have been read otherwise.
            JobError: the targets do not fit the outputs.
        """
        self._check(scores.shape[1])
        self._settle(scores)
        targets = self._targets[places]
        if self.several:
            return Outcomes(targets, scores > self._limit(), scores, self.scale)
        scores = outcomes.with_both_classes(scores, self.scale)
        return Outcomes(targets, self._predicted(scores), scores, self.scale)

    def _check(self, width: int) -> None:
        if self._begun:
            return
        name, targets = self._dataset.name, self._dataset.targets
        if self.several:
            self._targets = checks.check_labels(name, targets, self._names, width)
        else:
            self._targets = checks.check_classes(name, targets, self._names, max(2, width))
            if self._output.threshold is not None and width > 2:
                raise JobError(
                    f"model.toml sets output.threshold, but the model tells {width} classes apart.",
                    "A threshold decides between two classes, or whether a label is given: take it out.",
                )

    def _settle(self, scores: "NDArray[Any]") -> None:
        """Learn from some rows how all are to be read."""
        if self._known is None:
            seen = (outcomes.label_scale_of if self.several else outcomes.scale_of)(scores)
            if seen > self.scale and self._begun:
                raise ScaleError(seen)
            self.scale = max(self.scale, seen)
        self._begun = True

    def _predicted(self, scores: "NDArray[Any]") -> "NDArray[np.int64]":
        if self._output.threshold is None:
            return np.asarray(scores.argmax(axis=1))
        if self.scale is Scale.LOGITS:
            return np.asarray(scores[:, 1] - scores[:, 0] > self._limit(), dtype=np.int64)
        return np.asarray(scores[:, 1] > self._limit() * scores.sum(axis=1), dtype=np.int64)

    def _limit(self) -> float:
        """Return the score above which the second class or a label is predicted."""
        threshold = 0.5 if self._output.threshold is None else self._output.threshold
        return log(threshold / (1 - threshold)) if self.scale is Scale.LOGITS else threshold
