"""Running a model over all examples, batch by batch.

Owns the size of a batch (a model's own where it is fixed, what was asked for, or what calibration finds; its
trial batches count, so no work is wasted), the padding of a last short one, what is looked at together, and the
sentence when a model fails. It must not know any metric.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from engine.data.examples import Examples, Picked
from engine.data.proposal import BYTE_SCALE
from engine.evaluation.calibration import Calibration
from engine.protocols import LoadedModel
from storage.errors import OWN_SETTINGS, JobError
from storage.text import clean

TOGETHER_ROWS = 2048
TOGETHER_BYTES = 1024 * 1024
TOGETHER_S = 0.05
"""Answers that are looked at together: what it costs to look at all is then little beside a fast model, they are still
in the processor's cache, and nobody waits long for a slow model's."""

TORCHSCRIPT = "The following operation failed in the TorchScript interpreter."
"""How TorchScript begins two tracebacks of its own; what was wrong stands in the line after them."""

CHANNELS = (1, 3, 4)
"""Lengths of the last axis of pictures as files hold them: grey, coloured, and with transparency."""

Arrays = tuple["NDArray[Any]", ...]


class Pace(NamedTuple):
    """How a model is run: what decides in which order numbers are added up, and so the last bit of a figure."""

    size: int
    together: int
    """Examples whose answers are looked at together."""


_paces: "WeakKeyDictionary[LoadedModel, dict[int | None, Pace]]" = WeakKeyDictionary()
"""By the size that was asked for, what the first evaluation in this process came to: a repeated one repeats it exactly."""


class Answer(NamedTuple):
    """What a model answered on the examples from ``start`` to before ``stop``."""

    start: int
    stop: int
    outputs: Arrays


class Rows(NamedTuple):
    """What of a model's answers counts, on the examples from ``start`` to before ``stop``: one row each."""

    start: int
    stop: int
    rows: "NDArray[Any]"


class Runs:
    """Iterates over a model's answers to all examples; ``size`` is the batch size that was settled on.

    ``together`` is how many answers are looked at together, ``None`` where that is still to be found.
    """

    def __init__(self, model: LoadedModel, examples: Examples | Picked, asked: int | None) -> None:
        self._model = model
        self._examples = examples
        self._fixed = fixed_size(model)
        if self._fixed is not None and asked not in {None, self._fixed}:
            raise JobError(
                f"The model takes batches of exactly {self._fixed}, not {asked}.",
                "Leave the batch size out, or save the model with a free first axis.",
            )
        self._asked = asked
        pace = _paces.get(model, {}).get(asked)
        known = self._fixed or asked or (pace.size if pace else None)
        self._calibration = Calibration() if known is None else None
        self.size = known or Calibration().size
        self.together = pace.together if pace else None

    def __iter__(self) -> Iterator[Answer]:
        rows, start, spent = self._examples.rows, 0, 0.0
        while start < rows:
            tried = self._calibration.propose(rows - start) if self._calibration else None
            stop = min(start + (tried or self.size), rows)
            began = time.perf_counter()
            try:
                outputs = self._run(start, stop)
            except JobError:
                if self._calibration is None or tried is None or tried <= self.size:
                    raise
                # The larger batch may have been too much; the smaller one is known to work.
                self._calibration.stop()
                continue
            took = time.perf_counter() - began
            spent += took
            if self._calibration and tried is not None:
                self._calibration.note(tried, took)
                self.size = self._calibration.size
            yield Answer(start, stop, outputs)
            start = stop
        if self.together is None and rows:
            at_once = round(rows * TOGETHER_S / max(spent, 1e-9))
            paces = _paces.setdefault(self._model, {})
            paces[self._asked] = Pace(self.size, max(1, min(TOGETHER_ROWS, at_once)))

    def _run(self, start: int, stop: int) -> Arrays:
        arrays = self._examples.batch(start, stop)
        missing = self._fixed - (stop - start) if self._fixed else 0
        if missing:
            return self._filled(arrays, missing, start, stop)
        return ask(self._model, arrays, lambda: self._which(start, stop))

    def _filled(self, arrays: Arrays, missing: int, start: int, stop: int) -> Arrays:
        """Fill a fixed batch with its last example, repeated, and drop the answers to that."""
        full = tuple(np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) for array in arrays)
        outputs = ask(self._model, full, lambda: self._which(start, stop))
        return tuple(output[: stop - start] for output in outputs)

    def _which(self, start: int, stop: int) -> str:
        return f"examples {start} to {stop - 1} of {self._examples.dataset.name}"


def together(
    answers: Iterable[Answer], read: "Callable[[Arrays], NDArray[Any]]", rows: int | None = None
) -> Iterator[Rows]:
    """Put what ``read`` takes from answers together, several batches at a time.

    Args:
        answers: what the model said.
        read: what of it counts, a row an example.
        rows: how many examples at least; ``None`` goes by the clock, so that nobody waits long for a slow model's.

    Raises:
        JobError: rows differ in length.
    """
    waiting: list[NDArray[Any]] = []
    first = held = 0
    since = time.monotonic()
    for start, stop, outputs in answers:
        found = read(outputs)
        if waiting and found.shape[1] != waiting[0].shape[1]:
            raise JobError(
                f"The model gave {waiting[0].shape[1]} numbers for one example and {found.shape[1]} for another.",
                "Save it so that it answers each example alike.",
            )
        first = first if waiting else start
        waiting.append(found)
        held += found.nbytes
        late = rows is None and time.monotonic() - since >= TOGETHER_S
        if stop - first >= (rows or TOGETHER_ROWS) or held >= TOGETHER_BYTES or late:
            yield Rows(first, stop, _joined(waiting))
            waiting, held, since = [], 0, time.monotonic()
        last = stop
    if waiting:
        yield Rows(first, last, _joined(waiting))


def _joined(parts: "list[NDArray[Any]]") -> "NDArray[Any]":
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def fixed_size(model: LoadedModel) -> int | None:
    """Return the batch size that a model insists on, or ``None`` where its first axis is free or unknown."""
    for spec in model.inputs:
        if spec.shape:
            return spec.shape[0]
    return None


def ask(model: LoadedModel, arrays: Arrays, which: Callable[[], str]) -> Arrays:
    """Run one batch and return its outputs; ``which`` says what it was, should it fail.

    Raises:
        JobError: the model failed, or did not give one answer per example.
    """
    try:
        outputs = model.run(arrays)
    except JobError:
        raise
    except Exception as error:
        raise failure(error, arrays, which()) from error
    rows = len(arrays[0])
    # A plain loop: this runs between any two batches, and fast models answer one in a tenth of a millisecond.
    for output in outputs:
        if output.ndim == 0 or len(output) != rows:
            break
    else:
        if outputs:
            return outputs
    counts = ", ".join(str(len(output) if output.ndim else 1) for output in outputs) or "no"
    raise JobError(
        f"The model gave {counts} answers for {rows} examples.",
        "Save it so that the first axis of inputs and outputs is the batch.",
    )


def failure(error: Exception, arrays: Arrays, which: str) -> JobError:
    """Return what a framework raised as a sentence, with what the model was given as the hint."""
    shapes = ", ".join(f"{array.dtype.name} [{', '.join(map(str, array.shape))}]" for array in arrays)
    words = clean(_reason(error), 250).rstrip(".")
    return JobError(f"The model failed on {which}: {words}.", f"It was given {shapes}; {_remedy(arrays)}")


def _reason(error: Exception) -> str:
    told = str(error)
    if told.startswith(TORCHSCRIPT):
        return told.rstrip().rsplit("\n", 1)[-1].removeprefix("RuntimeError: ")
    return told or type(error).__name__


def _remedy(arrays: Arrays) -> str:
    """Say what could be changed about inputs, for pictures with the settings that most networks want them by."""
    if len(arrays) == 1 and arrays[0].dtype == np.uint8 and arrays[0].ndim == 4:
        layout = ', layout = "NCHW"' if arrays[0].shape[-1] in CHANNELS else ""
        return (
            f"where the model was trained on pixels from 0 to 1, put this line at the top of {OWN_SETTINGS}: "
            f'preprocess = {{ dtype = "float32", scale = {BYTE_SCALE!r}{layout} }}'
        )
    return f"[preprocess] in {OWN_SETTINGS} can change that."
