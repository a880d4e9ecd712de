"""Parts of the examples, the worst first."""

from storage.records import Metric
from tui.commands.parts import SHOWN, parts, parts_text


def metric(name: str, value: float, where: str, n: int = 50) -> Metric:
    """Return a figure of a part."""
    return Metric(name, value, value - 0.01, value + 0.01, n, where)


def test_the_worst_part_comes_first() -> None:
    """By accuracy for a column of the data, by F1 for classes; one without an F1 is worst of all."""
    found = parts(
        [
            metric("accuracy", 0.9, "shop=a=b"),
            metric("accuracy", 0.8, "shop=south"),
            metric("precision", 0.9, "class=cat"),
            metric("f1", 0.9, "class=cat"),
            metric("f1", 0.5, "class=dog"),
            metric("recall", 0.0, "class=eel"),
        ]
    )
    assert list(found) == ["shop", "class"]
    assert list(found["shop"]) == ["south", "a=b"]
    assert list(found["class"]) == ["eel", "dog", "cat"]


def test_of_errors_the_largest_is_the_worst() -> None:
    """Regression has no accuracy; where r2 is not there the mean absolute error decides."""
    found = parts([metric("mae", 1.0, "year=1"), metric("mae", 3.0, "year=2")])
    assert list(found["year"]) == ["2", "1"]


def test_a_column_is_a_table() -> None:
    """One figure with its interval for a column of the data, several for the classes."""
    lines = parts_text(
        [
            metric("accuracy", 0.9, "shop=north"),
            metric("f1", 0.75, "class=cat"),
            metric("recall", 0.5, "class=cat"),
            metric("recall", 0.25, "class=dog"),
        ]
    ).splitlines()
    assert [line.split() for line in lines] == [
        ["SHOP", "ACCURACY"],
        ["north", "0.9000", "±0.0100", "n=50"],
        ["CLASS", "F1", "RECALL"],
        ["dog", "n/a", "0.2500"],
        ["cat", "0.7500", "0.5000"],
    ]


def test_only_the_worst_of_many_are_shown() -> None:
    """With how many there are besides."""
    text = parts_text([metric("f1", number / 100, f"class={number}") for number in range(90)])
    assert text.splitlines()[-1] == f"... and {90 - SHOWN} better ones: --json has all."
    assert parts_text([]) == ""
