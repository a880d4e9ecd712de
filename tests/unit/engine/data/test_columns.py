"""Which columns are a model's inputs and which one is the target."""

from pathlib import Path

import numpy as np
import pytest

from engine.data.columns import choose
from engine.data.readers.source import ARRAY, COLUMN, TEXT, Column
from engine.data.readers.stream import Rows
from engine.protocols import TensorSpec
from storage.errors import JobError
from storage.settings import Data

ONE = (TensorSpec("features", (None, None), "float32"),)
THREE = (TensorSpec("features", (None, 3), "float32"),)
TWO = (TensorSpec("left", (None, 1), "float32"), TensorSpec("right", (None, 1), "float32"))


class Table:
    """Columns without data: choosing must not read any."""

    name = "test.csv"
    files: tuple[Path, ...] = ()
    rows = 5

    def __init__(self, *columns: Column, called: str = COLUMN) -> None:
        self.columns = columns
        self.called = called

    def read(self, start: int, stop: int, names: object = None) -> Rows:
        """Fail."""
        raise AssertionError("choosing reads nothing")

    def sha256(self) -> str:
        """Fail."""
        raise AssertionError("choosing reads nothing")

    def close(self) -> None:
        """Fail."""
        raise AssertionError("choosing closes nothing")


def table(*names: str, called: str = COLUMN, **kinds: str) -> Table:
    """Return a table of numbers, and columns of other dtypes."""
    numbers = (Column(name, "int64" if name in {"y", "label"} else "float64") for name in names)
    return Table(*numbers, *(Column(name, dtype) for name, dtype in kinds.items()), called=called)


def chosen(
    source: Table, specs: tuple[TensorSpec, ...] = ONE, **settings: object
) -> tuple[list[list[str]], str]:
    """Return the columns of each input, and the target."""
    found = choose(source, specs, Data(**settings))  # type: ignore[arg-type]
    return [[column.name for column in inputs.columns] for inputs in found.inputs], found.target.name


@pytest.mark.parametrize("target", ["y", "label", "target", "class"])
def test_the_target_has_one_of_four_names(target: str) -> None:
    """Where exactly one of them is there, nothing need be said."""
    assert chosen(table("a", "b", target)) == ([["a", "b"]], target)


@pytest.mark.parametrize(
    ("source", "specs", "settings", "expected"),
    [
        (table("a", "b", "y"), (), {}, ([["a", "b"]], "y")),
        (table("b", "a", "y", name=TEXT), ONE, {}, ([["b", "a"]], "y")),
        (table("x", "a", "y"), ONE, {}, ([["x"]], "y")),
        (table("features", "a", "y"), ONE, {}, ([["features"]], "y")),
        (table("right", "a", "left", "y"), TWO, {}, ([["left"], ["right"]], "y")),
        (table("a", "b", "c", "y"), ONE, {"inputs": ("c", "a")}, ([["c", "a"]], "y")),
        (table("a", "b", "y"), TWO, {"inputs": ("b", "a")}, ([["b"], ["a"]], "y")),
        (table("a", "y", "label"), ONE, {"target": "label", "inputs": ("a",)}, ([["a"]], "label")),
        (Table(Column("image", "uint8", (8, 8)), Column("y", "int64")), ONE, {}, ([["image"]], "y")),
        (Table(Column("flag", "bool"), Column("y", "int64")), ONE, {}, ([["flag"]], "y")),
    ],
)
def test_inputs_are_named_or_all_other_numbers(
    source: Table,
    specs: tuple[TensorSpec, ...],
    settings: dict[str, object],
    expected: tuple[list[list[str]], str],
) -> None:
    """What model.toml says, else x, else the model's own names, else every other column of numbers in its order."""
    assert chosen(source, specs, **settings) == expected


@pytest.mark.parametrize(
    ("source", "specs", "settings", "words"),
    [
        (table("a", "b"), ONE, {}, "has no column y: it has a, b"),
        (table("a", "y", "label"), ONE, {}, "has the columns y and label, and each could be the target"),
        (table("y", name=TEXT, other=TEXT), ONE, {}, "has no column of numbers: name, other hold texts"),
        (table("left", "y"), TWO, {}, "has no column right"),
        (table("a", "y"), ONE, {"target": "z"}, "has no column z"),
        (table("a", "y"), ONE, {"inputs": ("a", "q")}, "has no column q"),
        (table("a", "y"), ONE, {"slices": ("age",)}, "has no column age"),
        (table("a", "b", "y"), TWO, {"inputs": ("a",)}, "names 1 columns, but the model has 2 inputs"),
        (table("a", "y", t=TEXT), ONE, {"inputs": ("a", "t")}, "column t of test.csv has no single number"),
        (
            Table(Column("a", "int64", (), 3, 7), Column("y", "int64")),
            ONE,
            {},
            "has no value in row 7 .3 such rows",
        ),
        (
            Table(Column("a", "int64"), Column("y", "int64", (), 1, 2)),
            ONE,
            {},
            "column y .* no value in row 2",
        ),
    ],
)
def test_what_cannot_be_chosen_is_told(
    source: Table, specs: tuple[TensorSpec, ...], settings: dict[str, object], words: str
) -> None:
    """With what is there, and what to write."""
    with pytest.raises(JobError, match=words) as caught:
        chosen(source, specs, **settings)
    assert caught.value.hint


def test_the_target_of_a_table_is_named_on_the_example_of_its_last_column() -> None:
    """Where tables mostly have it: the line can be pasted as it stands."""
    with pytest.raises(JobError) as caught:
        chosen(table("rooms", "age", "price"), ONE)
    assert 'data = { target = "price" }' in caught.value.hint
    assert chosen(table("rooms", "age", "price"), ONE, target="price") == ([["rooms", "age"]], "price")
    assert caught.value.hint.endswith('(and task = "regression" where that is an amount)')
    with pytest.raises(JobError) as caught:
        chosen(Table(Column("age", "float64"), Column("ill", "int64")), ONE)
    assert caught.value.hint.endswith('data = { target = "ill" }')


@pytest.mark.parametrize(
    ("source", "spec", "expected"),
    [
        (table("a", "b", "y"), TensorSpec("x", (None, 2), "float32"), "float32"),
        (table("label", "class", "y"), TensorSpec("x", (None, 2), "float64"), "float32"),
        (
            Table(Column("a", "int32"), Column("b", "bool"), Column("y", "int64")),
            TensorSpec("x", None, "int64"),
            "int64",
        ),
        (table("a", "b", "y"), TensorSpec("x", None, "int64"), "float32"),
        (table("a", "y"), TensorSpec("x", (None, 1), "float32"), "float32"),
        (table("a", "y"), TensorSpec("x", (None,), "float32"), ""),
        (table("x", "y", called=ARRAY), TensorSpec("x", (None, 1), "float32"), ""),
    ],
)
def test_numbers_are_put_together_as_floats_or_integers(
    source: Table, spec: TensorSpec, expected: str
) -> None:
    """Integers stay what they are for a model of integers; an array says itself what it is."""
    if "class" in [column.name for column in source.columns]:
        found = choose(source, (spec,), Data(target="y"))
    else:
        found = choose(source, (spec,), Data())
    assert found.inputs[0].stacked_as == expected
    assert np.dtype(expected or "float32").kind in "fi"


def test_a_column_that_tells_slices_apart_is_an_input_only_where_the_model_takes_as_many() -> None:
    """A region's number is left out where the others are what the model takes, and stays where it is one of them."""
    assert chosen(table("a", "b", "c", "region", "y"), THREE, slices=("region",))[0] == [["a", "b", "c"]]
    assert chosen(table("a", "b", "region", "y"), THREE, slices=("region",))[0] == [["a", "b", "region"]]


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        (
            table("id", "a", "b", "c", "y"),
            "The model takes 3 numbers an example, and test.csv has 4 columns of numbers: id, a, b, c.",
            "Say in model.toml which ones it takes, in its order: data = { inputs = [...] }",
        ),
        (
            table("a", "b", "y", price=TEXT),
            "The model takes 3 numbers an example, and test.csv has 2 columns of numbers: a, b; price holds texts.",
            "Save every input of the model as a column of numbers.",
        ),
        (
            table("y", length=TEXT, width=TEXT),
            "test.csv has no column of numbers: length, width hold texts.",
            "Write numbers as 1234.5, without a comma, a unit or a separator of thousands.",
        ),
    ],
)
def test_columns_that_are_not_what_the_model_takes_are_named(source: Table, message: str, hint: str) -> None:
    """A number of each row, a second target or a comma for a point is seen at once."""
    with pytest.raises(JobError) as caught:
        chosen(source, THREE)
    assert (caught.value.message, caught.value.hint) == (message, hint)
