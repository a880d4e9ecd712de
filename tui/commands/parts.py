"""Figures of parts of the examples for the command line: the classes, and what ``[data] slices`` tells apart.

Pure. The worst part comes first: it is what a person looks for.
"""

from collections.abc import Iterable

from storage.records import Metric
from storage.settings import CLASS_SLICE
from storage.tables.evaluations import HEADLINE_METRICS
from tui.commands.figures import NOT_KNOWN, number, with_interval
from tui.commands.tables import table

CLASS_FIGURES = ("f1", "precision", "recall", "roc_auc")
"""What is shown of a class; the first decides which is the worst."""

PART_FIGURES = (*HEADLINE_METRICS, "mae")
"""What can stand for a part; of regression r2 stands for it where all parts have one."""

SHOWN = 12
"""Parts of one kind that a person reads; --json has all."""

Parts = dict[str, dict[str, Metric]]


def parts(slices: Iterable[Metric]) -> dict[str, Parts]:
    """Return the figures by column, by value within it, and by name; of each column the worst value first."""
    columns: dict[str, Parts] = {}
    for metric in slices:
        column, _, value = metric.slice.partition("=")
        columns.setdefault(column, {}).setdefault(value, {})[metric.name] = metric
    return {
        column: {value: found[value] for value in sorted(found, key=lambda one: _rank(column, found[one]))}
        for column, found in columns.items()
    }


def parts_text(slices: Iterable[Metric]) -> str:
    """Return a table for each column, or nothing where the examples were not told apart."""
    texts = []
    for column, found in parts(slices).items():
        names = CLASS_FIGURES if column == CLASS_SLICE else _one_name(found)
        names = tuple(name for name in names if any(name in figures for figures in found.values()))
        rows = [[value, *_cells(found[value], names)] for value in list(found)[:SHOWN]]
        text = table([column.upper(), *(name.upper() for name in names), ""], rows)
        if len(found) > SHOWN:
            text += f"\n... and {len(found) - SHOWN} better ones: --json has all."
        texts.append(text)
    return "\n".join(texts)


def _rank(column: str, figures: dict[str, Metric]) -> float:
    """Return what sorts a part: the lower, the worse."""
    for name in CLASS_FIGURES if column == CLASS_SLICE else PART_FIGURES:
        if name in figures:
            value = figures[name].value
            return -value if name == "mae" else value
    # A class that was never right nor predicted has no F1: nothing could be worse.
    return float("-inf")


def _one_name(found: Parts) -> tuple[str, ...]:
    """Return the figure that stands for every part of a column."""
    return next(((name,) for name in PART_FIGURES if all(name in figures for figures in found.values())), ())


def _cells(figures: dict[str, Metric], names: tuple[str, ...]) -> list[str]:
    several = len(names) > 1
    shown = [
        (number(figures[name].value) if several else with_interval(figures[name]))
        if name in figures
        else NOT_KNOWN
        for name in names
    ]
    n = next((figures[name].n for name in names if name in figures), 0)
    return [*shown, "" if several else f"n={n}"]
