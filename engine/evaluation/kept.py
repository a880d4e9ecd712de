"""What each example came to, kept so that two versions can later be compared on the same examples.

Owns which numbers of an example are kept and how they are written. Runs in a model process. It must not compare
anything, and no figure is computed from what it keeps while the model is evaluated.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.metrics import each_function, label_metrics, metrics_for
from engine.evaluation.metrics.ece import confidences
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.ranking import ranked_scores
from storage.records import ExampleValues, ValueKind
from storage.vocabulary import Column, Task

EXAMPLES: Final = 200_000
"""More are not kept: of so many a paired comparison knows little more than one without pairs, and six numbers each
still fit into a message and a database. Whether each was answered rightly is kept of all."""

_EACH = {
    task: {spec.name: each_function(spec.each) for spec in metrics_for(task) if spec.each} for task in Task
}
"""Resolved when this module is imported: a model process behind its walls may not import any more."""

_LABEL_EACH = {spec.name: each_function(spec.label_each) for spec in label_metrics() if spec.label_each}


class Kept:
    """Gathers the numbers of each example, batch by batch."""

    def __init__(self, rows: int, task: Task, *, labels: bool = False) -> None:
        """Begin; ``labels`` says that an example may have several of them."""
        self._wanted = rows <= EXAMPLES
        self._classes = task is Task.CLASSIFICATION and not labels
        self._each: dict[str, Callable[[Outcomes], NDArray[Any]]] = _LABEL_EACH if labels else _EACH[task]
        self._kept: dict[str, list[NDArray[Any]]] = {}

    def add(self, outcomes: Outcomes) -> None:
        """Take in some examples."""
        if not self._wanted:
            return
        distribution = not self._classes or outcomes.scale is not Scale.SCORES
        for name, each in self._each.items() if distribution else ():
            values = each(outcomes)
            self._keep(name, values.mean(axis=1) if values.ndim == 2 else values)
        if self._classes:
            self._keep(Column.TARGET, outcomes.targets)
            self._keep(Column.PREDICTED, outcomes.predicted)
            if distribution:
                self._keep(Column.CONFIDENCE, confidences(outcomes))
            if outcomes.scores.shape[1] == 2:
                self._keep(Column.SCORE, ranked_scores(outcomes)[-1])
        elif not outcomes.scores.size and outcomes.targets.shape[1] == 1:
            self._keep(Column.TARGET, outcomes.targets[:, 0])

    def values(self) -> tuple[ExampleValues, ...]:
        """Return what was kept; numbers of which one is not finite are no good for any comparison."""
        found = []
        for name, parts in self._kept.items():
            values = np.concatenate(parts)
            kind = _kind(values)
            with np.errstate(over="ignore"):
                written = values.astype(f"<{kind}")
            if kind != "f4" or np.isfinite(written).all():
                found.append(ExampleValues(name, kind, written.tobytes()))
        return tuple(found)

    def _keep(self, name: str, values: "NDArray[Any]") -> None:
        self._kept.setdefault(name, []).append(values)


def _kind(values: "NDArray[Any]") -> ValueKind:
    """Return the smallest kind of number that holds the values."""
    if values.dtype.kind == "f":
        return "f4"
    most = int(values.max(initial=0))
    return "u1" if most < 2**8 else "u2" if most < 2**16 else "u4"
