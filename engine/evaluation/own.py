"""A user's own figures: functions of a Python file that lies beside a model's settings.

Owns what such a file must hold and what its functions may return. It runs in the model process, behind the same walls as the
model, and only where the workspace's owner trusts such files; whether that is so is decided before this is asked.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.metrics import METRICS
from engine.evaluation.moments import Moments
from engine.evaluation.outcomes import Outcomes
from engine.own_files import execute, failed
from engine.processes.protocol import OwnMetrics
from storage.errors import JobError
from storage.records import Metric
from storage.text import NAME, clean

FUNCTIONS = 20
"""Figures of one file: nobody reads more."""

HINT = "Each function takes (targets, outputs) of some examples and returns one number for each of them."

Compute = Callable[[Any, Any], Any]


class Function(NamedTuple):
    """A figure's name, and what computes it for each example."""

    name: str
    compute: Compute


def functions(own: OwnMetrics | None) -> tuple[Function, ...]:
    """Run a user's file and return its public functions, in their order.

    Raises:
        JobError: it does not run, or has no function, too many, or one with the name of a figure that exists.
    """
    if own is None:
        return ()
    names = execute(own.file, own.source, hint=HINT)
    found = tuple(
        Function(name, value)
        for name, value in names.items()
        if inspect.isfunction(value) and value.__globals__ is names and not name.startswith("_")
    )
    taken = {spec.name for spec in METRICS} & {function.name for function in found}
    if taken or not 0 < len(found) <= FUNCTIONS:
        what = (
            f"defines {min(taken)}, which is a figure already"
            if taken
            else f"has {len(found)} public functions"
        )
        raise JobError(f"{own.file} {what}.", f"It needs 1 to {FUNCTIONS} with names of their own. {HINT}")
    return found


class Own:
    """Gathers what a user's functions say of each example; each figure is the mean, with Student's interval."""

    def __init__(self, file: str, functions: Sequence[Function]) -> None:
        self._file = file
        self._functions = functions
        self._moments = [Moments() for _ in functions]

    def add(self, outcomes: Outcomes) -> None:
        """Take in some examples."""
        # A copy each: a function that changes what it is given must not change the other figures.
        outputs = outcomes.scores if outcomes.scores.size else outcomes.predicted
        for function, moments in zip(self._functions, self._moments, strict=True):
            moments.add(self._ask(function, outcomes.targets.copy(), outputs.copy()))

    def figures(self) -> tuple[Metric, ...]:
        """Return the mean of each function."""
        return tuple(
            Metric(clean(function.name, NAME), moments.mean, *moments.interval(least=-np.inf), moments.n)
            for function, moments in zip(self._functions, self._moments, strict=True)
            if moments.n
        )

    def _ask(
        self, function: Function, targets: "NDArray[Any]", outputs: "NDArray[Any]"
    ) -> "NDArray[np.float64]":
        rows = len(targets)
        try:
            values = np.asarray(function.compute(targets, outputs), dtype=np.float64)
        except Exception as error:
            raise failed(self._file, f"failed in {function.name}", error, hint=HINT) from error
        if values.shape != (rows,):
            shape = ", ".join(map(str, values.shape))
            raise JobError(f"{function.name} of {self._file} gave [{shape}] for {rows} examples.", HINT)
        if not np.isfinite(values).all():
            raise JobError(f"{function.name} of {self._file} gave NaN or infinity.", HINT)
        return values
