"""Which columns of a data set are a model's inputs, and which one is the target.

Pure: names and types go in, a choice comes out, the same for every format. What is not said in model.toml is
chosen only where there is one way to choose.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from engine.data.readers.source import ARRAY, COLUMN, TEXT, Column, Source
from engine.protocols import TensorSpec
from storage.errors import OWN_SETTINGS, JobError
from storage.settings import Data
from storage.text import clean

SINGLE_INPUT: Final = "x"

TARGETS: Final = ("y", "label", "target", "class")
"""Names that mean the target where exactly one of them is there."""

SHOWN: Final = 8
"""Columns that a sentence lists: enough to recognise one's file."""


class Input(msgspec.Struct, frozen=True):
    """One input of a model, made of one column as it is, or of numbers put together: ``[rows, columns]``."""

    name: str
    columns: tuple[Column, ...]
    stacked_as: str = ""
    """The dtype of numbers put together; empty for a single column as it is."""


class Choice(msgspec.Struct, frozen=True):
    """What the columns of a file are to a model."""

    inputs: tuple[Input, ...]
    """In the order in which the model takes them."""
    target: Column
    slices: tuple[Column, ...] = ()
    """Columns by whose values figures are told apart."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that is needed, once."""
        inputs = (column.name for found in self.inputs for column in found.columns)
        return tuple(dict.fromkeys([*inputs, self.target.name, *(column.name for column in self.slices)]))


def choose(source: Source, specs: tuple[TensorSpec, ...], settings: Data) -> Choice:
    """Return the columns that a model with these inputs (none: its format does not tell) is evaluated on.

    Raises:
        JobError: a column is missing or could be several, or one that is needed has rows without a value.
    """
    known = {column.name: column for column in source.columns}
    words = _Words(source.name, tuple(known), source.called, _save(specs, source.called))
    target = _target(known, settings, words)
    others = {name: column for name, column in known.items() if name != target.name}
    found = (
        _named(known, specs, settings, words)
        if settings.inputs
        else _found(others, specs, words, settings.slices)
    )
    for column in (target, *(column for _name, together in found for column in together)):
        _check_complete(source.name, column)
    padded: tuple[TensorSpec | None, ...] = specs or (None,)
    inputs = tuple(
        Input(name, together, _stacked_as(spec, together, called=source.called))
        for spec, (name, together) in zip(padded, found, strict=True)
    )
    missing = [name for name in settings.slices if name not in known]
    if missing:
        raise words.missing(missing, f"Correct data.slices in {OWN_SETTINGS}.")
    return Choice(inputs, target, tuple(known[name] for name in settings.slices))


def _stacked_as(spec: TensorSpec | None, columns: tuple[Column, ...], *, called: str) -> str:
    """Return the dtype in which columns are put together, or nothing where one column stands as it is.

    A table's single column of numbers is put together too, for a model that takes rows of one number; an
    array says itself what its axes and its dtype are.
    """
    if not all(column.is_number for column in columns):
        return ""
    takes_rows = spec is None or spec.shape is None or len(spec.shape) == 2
    if len(columns) == 1 and not (called == COLUMN and takes_rows):
        return ""
    wants_integers = spec is not None and bool(spec.dtype) and np.dtype(spec.dtype).kind in "iu"
    has_integers = all(np.dtype(column.dtype).kind in "biu" for column in columns)
    return "int64" if wants_integers and has_integers else "float32"


class _Words(msgspec.Struct, frozen=True):
    """What sentences about one file have in common."""

    file: str
    names: tuple[str, ...]
    called: str
    save: str

    def missing(self, names: Sequence[str], hint: str = "") -> JobError:
        listed = ", ".join(clean(name, 60) for name in names)
        return JobError(f"{self.file} has no {self.called} {listed}: {self.found()}.", hint or self.save)

    def found(self) -> str:
        """Say what is there, so that a person sees at once what to rename."""
        return f"it has {_listed(self.names) or 'none'}"


def _save(specs: tuple[TensorSpec, ...], called: str) -> str:
    named = [clean(spec.name, 60) for spec in specs] if len(specs) > 1 else [SINGLE_INPUT]
    if called == ARRAY:
        arrays = ", ".join(f"{name}=..." for name in named) if len(specs) > 1 else "x=inputs"
        save = f"numpy.savez(file, {arrays}, y=targets)"
        if len(specs) > 1:
            return f"The model has {len(specs)} inputs; save each under its name: {save}."
        return f"Save it with {save}."
    listed = ", ".join(f'"{name}"' for name in named)
    return f'Say in {OWN_SETTINGS} which columns they are: data = {{ inputs = [{listed}], target = "y" }}'


def _target(known: dict[str, Column], settings: Data, words: _Words) -> Column:
    if settings.target:
        if settings.target not in known:
            raise words.missing([settings.target], f"Correct data.target in {OWN_SETTINGS}.")
        return known[settings.target]
    found = [name for name in TARGETS if name in known]
    if not found:
        raise words.missing([TARGETS[0]], _target_hint(known, words))
    if len(found) > 1:
        raise JobError(
            f"{words.file} has the {words.called}s {' and '.join(found)}, and each could be the target.",
            f'Say which one in {OWN_SETTINGS}: data = {{ target = "{found[0]}" }}',
        )
    return known[found[0]]


def _target_hint(known: dict[str, Column], words: _Words) -> str:
    """Say how the target of a table is named, on the example of its last column: that is where most have it."""
    if words.called != COLUMN or not known:
        return ""
    name, column = list(known.items())[-1]
    amount = ' (and task = "regression" where that is an amount)' if column.dtype.startswith("float") else ""
    return f'Say in {OWN_SETTINGS} which {words.called} is to be predicted, such as the last one: data = {{ target = "{clean(name, 60)}" }}{amount}'


def _named(
    known: dict[str, Column], specs: tuple[TensorSpec, ...], settings: Data, words: _Words
) -> tuple[tuple[str, tuple[Column, ...]], ...]:
    """Return the inputs that model.toml names: one each for several inputs, all together for a single one."""
    missing = [name for name in settings.inputs if name not in known]
    if missing:
        raise words.missing(missing, f"Correct data.inputs in {OWN_SETTINGS}.")
    columns = tuple(known[name] for name in settings.inputs)
    if len(specs) > 1:
        if len(columns) != len(specs):
            raise JobError(
                f"data.inputs names {len(columns)} columns, but the model has {len(specs)} inputs.",
                f"Name one for each, in this order: {', '.join(clean(spec.name, 60) for spec in specs)}.",
            )
        return tuple((spec.name, (column,)) for spec, column in zip(specs, columns, strict=True))
    unfit = [column.name for column in columns if not column.is_number]
    if len(columns) > 1 and unfit:
        raise JobError(
            f"The {words.called} {clean(unfit[0], 60)} of {words.file} has no single number a row, so it cannot be "
            "one of several inputs that are put together.",
            f"Leave it out of data.inputs in {OWN_SETTINGS}, or save it as numbers.",
        )
    return ((_single(specs), columns),)


def _found(
    others: dict[str, Column], specs: tuple[TensorSpec, ...], words: _Words, slices: Sequence[str]
) -> tuple[tuple[str, tuple[Column, ...]], ...]:
    wanted = [spec.name for spec in specs]
    if len(specs) <= 1 and SINGLE_INPUT in others:
        return ((_single(specs), (others[SINGLE_INPUT],)),)
    if wanted and all(name in others for name in wanted):
        return tuple((name, (others[name],)) for name in wanted)
    if len(specs) > 1:
        raise words.missing([name for name in wanted if name not in others])
    numbers = tuple(column for column in others.values() if column.is_number)
    if numbers:
        return ((_single(specs), _of_width(numbers, others, specs, words, slices)),)
    if len(others) == 1:
        return ((_single(specs), tuple(others.values())),)
    if others and all(column.dtype == TEXT for column in others.values()):
        raise JobError(
            f"{words.file} has no {words.called} of numbers: {_listed(tuple(others))} hold texts.",
            "Write numbers as 1234.5, without a comma, a unit or a separator of thousands.",
        )
    raise words.missing([SINGLE_INPUT])


def _of_width(
    numbers: tuple[Column, ...],
    others: dict[str, Column],
    specs: tuple[TensorSpec, ...],
    words: _Words,
    slices: Sequence[str],
) -> tuple[Column, ...]:
    """Return the columns of numbers that a model of one row of numbers takes: all, or all but those that tell slices apart.

    Raises:
        JobError: there are more or fewer than it takes.
    """
    shape = specs[0].shape if specs else None
    wanted = shape[1] if shape is not None and len(shape) == 2 else None
    if wanted is None or len(numbers) == wanted or words.called != COLUMN:
        return numbers
    without = tuple(column for column in numbers if column.name not in slices)
    if len(without) == wanted:
        return without
    texts = [name for name, column in others.items() if column.dtype == TEXT and name not in slices]
    left_out = f"; {_listed(texts)} {'holds' if len(texts) == 1 else 'hold'} texts" if texts else ""
    raise JobError(
        f"The model takes {wanted} numbers an example, and {words.file} has {len(numbers)} columns of numbers: "
        f"{_listed([column.name for column in numbers])}{left_out}.",
        f"Say in {OWN_SETTINGS} which ones it takes, in its order: data = {{ inputs = [...] }}"
        if len(numbers) > wanted
        else "Save every input of the model as a column of numbers.",
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(clean(name, 60) for name in names[:SHOWN])
    return f"{shown}{' and more' if len(names) > SHOWN else ''}"


def _single(specs: tuple[TensorSpec, ...]) -> str:
    return specs[0].name if specs else SINGLE_INPUT


def _check_complete(file: str, column: Column) -> None:
    if not column.missing:
        return
    more = f" ({column.missing} such rows)" if column.missing > 1 else ""
    raise JobError(
        f"The column {clean(column.name, 60)} of {file} has no value in row {column.first_missing}{more}.",
        "Fill the gaps or leave such rows out; where the model takes NaN, write nan.",
    )
