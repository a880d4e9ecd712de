"""Do the data fit the model? Sentences for people, with the line to paste where there is one.

Owns every comparison of data with what a model takes and gives. It must not convert anything on its own
where a value could change its meaning: an integer image is not silently taken for a float one.
"""

import math
from itertools import product
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.data import preprocessing
from engine.data.proposal import MismatchError, Proposal
from engine.protocols import TensorSpec
from storage.errors import OWN_SETTINGS, JobError
from storage.settings import Preprocess
from storage.text import clean

ELLIPSIS = '"...", "..."'
SKETCHED = 12
"""Class names that a hint spells out: more would push the sentence off the screen."""

AMOUNTS = 20
"""Different whole numbers beyond which they look like amounts to be predicted, where the model gives one number."""

DIGITS = 9
"""Of a class number: no model tells a billion classes apart."""

NOTHING_FITS = (
    f"Prepare the data as the model was trained; [preprocess] in {OWN_SETTINGS} cannot make them fit."
)

"""What brings 8-bit pixels to 0 to 1."""


def check_inputs(
    file: str,
    inputs: "dict[str, NDArray[Any]]",
    preprocess: Preprocess,
    specs: tuple[TensorSpec, ...],
) -> None:
    """Raise where the inputs, preprocessed, are not what the model takes.

    Raises:
        JobError: the message says what is expected and what is there, the hint what to set.
    """
    if specs and len(specs) != len(inputs):
        raise JobError(
            f"The model has {len(specs)} inputs, but {file} has {len(inputs)}.",
            "Save one array for each input, named as the model names it.",
        )
    for spec, (name, array) in zip(specs, inputs.items(), strict=False):
        if array.dtype.kind == "c":
            raise JobError(
                f"{file} has complex numbers under {clean(name, 60)}, which no model takes.",
                "Save their real and imaginary parts, or their magnitudes, as the model was trained on.",
            )
        try:
            given = _first(file, name, array, preprocess)
        except JobError as error:
            raise _mismatch(
                error.message, error.template, _proposal(specs, inputs, preprocess), preprocess
            ) from None
        if fits(spec, given):
            continue
        there = f"{file} has {clean(name, 60)} {_describe(array)}"
        if preprocess != Preprocess():
            there += f", which [preprocess] makes {_describe(given, len(array))}"
        message = f"The model expects {spec.describe()}; {there}."
        raise _mismatch(message, NOTHING_FITS, _proposal(specs, inputs, preprocess), preprocess)


def _mismatch(message: str, hint: str, proposal: Proposal | None, preprocess: Preprocess) -> MismatchError:
    return MismatchError(message, proposal.sentence(preprocess) if proposal else hint, proposal)


def _first(file: str, name: str, array: "NDArray[Any]", preprocess: Preprocess) -> "NDArray[Any]":
    """Return the first example as the model would see it."""
    try:
        return preprocessing.apply(preprocess, array[:1])
    except (TypeError, ValueError):
        # numpy's own words name its functions, not the setting.
        raise JobError(
            f"[preprocess] cannot be applied to {clean(name, 60)} {_describe(array)} of {file}.",
            preprocessing.KEY,
        ) from None


def fits(spec: TensorSpec, array: "NDArray[Any]") -> bool:
    """Return whether an array (first axis the examples) is what an input takes."""
    return _dtype_fits(spec.dtype, array.dtype) and _shape_fits(spec.shape, array.shape)


def convert(spec: TensorSpec, chunk: "NDArray[Any]") -> "NDArray[Any]":
    """Return ``chunk`` in the very dtype of an input that it fits, in this machine's byte order.

    Raises:
        JobError: an integer is too large for the model's integers.
    """
    wanted = np.dtype(spec.dtype) if spec.dtype else chunk.dtype.newbyteorder("=")
    if chunk.dtype == wanted:
        return chunk
    if wanted.kind in "iu" and chunk.size and not np.can_cast(chunk.dtype, wanted):
        limits = np.iinfo(wanted)
        if int(chunk.min()) < limits.min or int(chunk.max()) > limits.max:
            raise JobError(
                f"An input holds {int(chunk.max())}, but the model takes {wanted.name}.",
                "Save the data in the model's dtype.",
            )
    return chunk.astype(wanted)


def check_classes(
    file: str, targets: "NDArray[Any]", labels: tuple[str, ...], classes: int
) -> "NDArray[np.int64]":
    """Return the class of each example: integers, names from ``labels``, or one column per class.

    Raises:
        JobError: the targets do not fit a model with so many classes.
    """
    if labels and len(labels) != classes:
        raise JobError(
            f"model.toml names {len(labels)} labels, but the model tells {classes} classes apart.",
            f"Correct labels in {OWN_SETTINGS}, or put a model there that fits.",
        )
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim == 2:
        targets = _from_columns(file, targets, classes)
    if targets.ndim != 1:
        raise JobError(
            f"The targets y of {file} are {_describe(targets)}, not one class per example.",
            "Save y as one integer per example.",
        )
    if targets.dtype.kind in "US":
        return _from_names(file, targets, labels)
    numbers = _as_integers(file, targets)
    wrong = np.flatnonzero((numbers < 0) | (numbers >= classes))
    if len(wrong):
        raise JobError(
            f"{file} has label {numbers[wrong[0]]} in row {wrong[0]}, but the model has {classes} classes: "
            f"0 to {classes - 1}{f' ({len(wrong)} such rows)' if len(wrong) > 1 else ''}.",
            _correction(numbers, classes),
        )
    return numbers


def _correction(numbers: "NDArray[np.int64]", classes: int) -> str:
    """Return what to do about labels that are no classes: the two usual slips are named."""
    low, high = int(numbers.min()), int(numbers.max())
    if (low, high) == (1, classes):
        return f"They run from 1 to {classes}, and the model counts from 0: save y - 1."
    if classes == 2 and len(np.unique(numbers)) > AMOUNTS:
        return f'Where they are amounts and not classes, set task = "regression" in {OWN_SETTINGS}.'
    return "Use the data that the model was trained for, or correct their labels."


def tells_labels(targets: "NDArray[Any]") -> bool:
    """Whether each example has any number of labels: a column of 0 and 1 for each, not just one 1 in every row."""
    if targets.ndim != 2 or targets.shape[1] < 2 or targets.dtype.kind not in "buif":
        return False
    binary = bool(np.all((targets == 0) | (targets == 1)))
    return binary and not bool(np.all(targets.sum(axis=1) == 1))


def check_labels(
    file: str, targets: "NDArray[Any]", labels: tuple[str, ...], width: int
) -> "NDArray[np.bool_]":
    """Return which labels each example has: [rows, labels].

    Raises:
        JobError: the model, the data and the settings do not have as many labels.
    """
    columns = targets.shape[1]
    if columns != width:
        raise JobError(
            f"The targets y of {file} have {columns} labels, but the model has {width}.",
            "Save y with one column of 0 and 1 for each of the model's outputs.",
        )
    if labels and len(labels) != columns:
        raise JobError(
            f"model.toml names {len(labels)} labels, but {file} has {columns}.",
            f"Correct labels in {OWN_SETTINGS}, or put data there that fit.",
        )
    return np.asarray(targets != 0)


def check_values(file: str, targets: "NDArray[Any]") -> "NDArray[np.float64]":
    """Return the values of each example for regression: [rows, values].

    Raises:
        JobError: the targets are not one finite number, or one row of them, per example.
    """
    if targets.ndim == 1:
        targets = targets[:, np.newaxis]
    if targets.ndim != 2 or targets.dtype.kind not in "iufb":
        raise JobError(
            f"The targets y of {file} are {_describe(targets)}, not one number or row of numbers per example.",
            "Save y as one number per example, or as one row of numbers where the model gives several.",
        )
    values = targets.astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(wrong):
        raise JobError(f"{file} has no number as target in row {wrong[0]}.", "Leave such examples out.")
    return values


def check_width(file: str, targets: "NDArray[np.float64]", width: int) -> None:
    """Raise where a model gives another number of values per example than there are targets.

    Raises:
        JobError: they differ.
    """
    if targets.shape[1] != width:
        raise JobError(
            f"The model gives {width} values per example, but {file} has {targets.shape[1]} targets.",
            "Save y with one column for each value that the model gives.",
        )


def rows_without_number(inputs: "tuple[NDArray[Any], ...]") -> int:
    """Return how many examples have a NaN among their inputs."""
    rows = np.zeros(len(inputs[0]), dtype=bool)
    for array in inputs:
        if array.dtype.kind == "f":
            rows |= np.isnan(array).reshape(len(array), -1).any(axis=1)
    return int(rows.sum())


def _dtype_fits(wanted: str, given: np.dtype[Any]) -> bool:
    if not wanted or given.newbyteorder("=") == np.dtype(wanted):
        return True
    kind = np.dtype(wanted).kind
    # A change of width keeps the meaning; integers to floats may not (0 to 255 or 0 to 1?).
    return given.kind == kind or (given.kind in "biu" and kind in "iu")


def _shape_fits(wanted: tuple[int | None, ...] | None, given: tuple[int, ...]) -> bool:
    if wanted is None:
        return True
    return len(wanted) == len(given) and all(
        size is None or size == there for size, there in zip(wanted[1:], given[1:], strict=True)
    )


def _proposal(
    specs: tuple[TensorSpec, ...], inputs: "dict[str, NDArray[Any]]", preprocess: Preprocess
) -> Proposal | None:
    """Return the smallest change of settings that makes every input fit, tried on the data themselves, or ``None``.

    Only changes that lose nothing: numbers become floats or wider, never whole numbers of floats or numbers of texts.
    """
    samples = [array[:1] for array in inputs.values()]
    spec, sample = specs[0], samples[0]
    wanted = {
        one.dtype for one, there in zip(specs, samples, strict=True) if _loses_nothing(there.dtype, one.dtype)
    }
    dtypes = (preprocess.dtype, *sorted(wanted - {preprocess.dtype}))
    arrangements: list[dict[str, Any]] = [
        {"layout": layout, "flatten": False} for layout in ("", "NHWC", "NCHW")
    ]
    arrangements += [{"layout": "", "flatten": True}, *_reshapes(spec, sample)]
    for dtype, arrangement in product(dtypes, arrangements):
        tried = msgspec.structs.replace(preprocess, dtype=dtype, **arrangement)
        if all(_would_fit(one, there, tried) for one, there in zip(specs, samples, strict=True)):
            floats = np.dtype(dtype or "uint8").kind == "f"
            return Proposal(tried, from_bytes=sample.dtype == np.uint8 and floats and tried.scale is None)
    return None


def _loses_nothing(given: "np.dtype[Any]", wanted: str) -> bool:
    """Whether numbers of one kind can be given as another that a model wants."""
    if not wanted or given.kind not in "buif":
        return False
    return np.dtype(wanted).kind == "f" or np.can_cast(given, wanted, "safe")


def _would_fit(spec: TensorSpec, sample: "NDArray[Any]", tried: Preprocess) -> bool:
    try:
        return fits(spec, preprocessing.apply(tried, sample))
    except (JobError, ValueError, TypeError):
        # This proposal does not even apply to the data; the next one may.
        return False


def _reshapes(spec: TensorSpec, array: "NDArray[Any]") -> "list[dict[str, Any]]":
    """Return how rows of numbers could become what the model takes: in their order, as tables of pixels are."""
    shape = spec.shape[1:] if spec.shape is not None else ()
    known = [size for size in shape if size is not None]
    if array.ndim != 2 or len(shape) < 2 or len(known) < len(shape) or math.prod(known) != array.shape[1]:
        return []
    return [{"reshape": tuple(known), "layout": "", "flatten": False}]


def _from_columns(file: str, targets: "NDArray[Any]", classes: int) -> "NDArray[Any]":
    """One column per class: every row must say one class, plainly."""
    if targets.shape[1] != classes:
        raise JobError(
            f"The targets y of {file} have {targets.shape[1]} columns, but the model has {classes} classes.",
            "Save y as one integer per example.",
        )
    if not bool(np.all((targets == 0) | (targets == 1))):
        raise JobError(
            f"The targets y of {file} have {classes} columns that hold other numbers than 0 and 1.",
            f'Where they are amounts and not classes, set task = "regression" in {OWN_SETTINGS}; else save y as one integer '
            "per example, or as columns of 0 and 1 where an example may have several labels.",
        )
    return np.asarray(targets.argmax(axis=1), dtype=np.int64)


def _from_names(file: str, targets: "NDArray[Any]", labels: tuple[str, ...]) -> "NDArray[np.int64]":
    names = targets.astype(str)
    known, positions = np.unique(names, return_inverse=True)
    if not labels and all(map(_is_class_number, known)):
        # Folders that are called 0 to 9, a column of texts that are all numbers: they say what they are.
        return known.astype(np.int64)[positions]
    unknown = [name for name in known if name not in labels]
    if unknown:
        raise JobError(
            f"{file} has the label {clean(str(unknown[0]), 60)}, which model.toml does not name.",
            f"Name every class in {OWN_SETTINGS}, in the order of the model's outputs: "
            f"labels = [{_sketch(known) if not labels else ELLIPSIS}].",
        )
    return np.array([labels.index(name) for name in known], dtype=np.int64)[positions]


def _is_class_number(name: str) -> bool:
    """Whether a text is a class number as programs write it."""
    return name.isascii() and name.isdigit() and len(name) <= DIGITS and (name == "0" or name[0] != "0")


def _sketch(names: "NDArray[np.str_]") -> str:
    """Return class names as they are written in a list, by name: the order in which most programs number them."""
    if len(names) > SKETCHED:
        return ELLIPSIS
    return ", ".join(f'"{clean(str(name), 60)}"' for name in names)


def _as_integers(file: str, targets: "NDArray[Any]") -> "NDArray[np.int64]":
    if targets.dtype.kind in "biu":
        return targets.astype(np.int64)
    if targets.dtype.kind == "f" and not bool(np.all(np.isfinite(targets))):
        row = int(np.flatnonzero(~np.isfinite(targets))[0])
        raise JobError(f"{file} has no class in row {row}, but NaN or infinity.", "Leave such examples out.")
    if targets.dtype.kind == "f" and bool(np.all(targets % 1 == 0)):
        return targets.astype(np.int64)
    raise JobError(
        f"The targets y of {file} are {_describe(targets)}, not classes.",
        f'Save y as integers, or set task = "regression" in {OWN_SETTINGS}.',
    )


def _describe(array: "NDArray[Any]", rows: int | None = None) -> str:
    """Say an array as `TensorSpec.describe` does."""
    shape = (len(array) if rows is None else rows, *array.shape[1:])
    return f"{array.dtype.name} [{', '.join(map(str, shape))}]"
