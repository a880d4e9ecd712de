"""What was found in data sets and what became of them, in words: pure."""

from engine.data.descriptions import ClassCount, ColumnDescription, PartDescription
from engine.data_documents import DescribedPart, SharedExamples, SplitDocument

COLUMNS = 20
CLASSES = 12
"""Columns and classes that a person reads; --json has all."""

NOT_KNOWN = "-"

NAME_CHARACTERS = 32
"""Of a name in a table."""


def described_in_words(parts: tuple[DescribedPart, ...], shared: tuple[SharedExamples, ...]) -> str:
    """Return what was found, a paragraph a part."""
    told = [_part_in_words(part) for part in parts]
    told += [
        f"{one.parts[0]} and {one.parts[1]} share {counted(one.n, 'example')}: figures on one of them flatter a model "
        "that was fitted to the other."
        for one in shared
    ]
    if len(parts) > 1 and not shared:
        told.append("The parts share no example.")
    return "\n\n".join(told)


def split_in_words(document: SplitDocument) -> str:
    """Return how a data set was divided, a line a part."""
    width = max(len(part.part) for part in document.parts)
    lines = [f"{part.part:<{width}}  {part.rows:>9,} examples  {part.file}" for part in document.parts]
    if document.together:
        lines.append(
            f"{document.together:,} examples have the inputs of another one and went where that one went."
        )
    lines.append(
        f"The parts share {counted(document.leaks, 'example')}: do not rely on them."
        if document.leaks
        else "The parts share no example."
    )
    return "\n".join(lines)


def _part_in_words(part: DescribedPart) -> str:
    found = part.description
    heading = f"{part.part + ': ' if part.part else ''}{counted(found.rows, 'example')}  {part.file}"
    rows = [_column_row(column, found) for column in found.columns[:COLUMNS]]
    lines = [heading, *_table(["  column", "dtype", "shape", "missing", "min", "max", "mean"], rows)]
    if len(found.columns) > COLUMNS:
        lines.append(f"  ... and {len(found.columns) - COLUMNS} more columns: --json has all.")
    lines += _classes_in_words(found.classes, found.rows)
    if found.repeated:
        lines.append(f"  {counted(found.repeated, 'example')} with the inputs of an earlier one")
    if found.contradicting:
        lines.append(
            f"  {counted(found.contradicting, 'input')} with different targets: at least one of each is wrong"
        )
    return "\n".join(lines)


def _column_row(column: ColumnDescription, part: PartDescription) -> list[str]:
    name = column.name if len(column.name) <= NAME_CHARACTERS else column.name[: NAME_CHARACTERS - 1] + "…"
    mark = " (target)" if column.name == part.target else ""
    shape = "x".join(map(str, column.shape)) or "1"
    numbers = (column.low, column.high, column.mean)
    return [f"  {name}{mark}", column.dtype, shape, f"{column.missing:,}", *map(_number, numbers)]


def _classes_in_words(classes: tuple[ClassCount, ...], rows: int) -> list[str]:
    if not classes:
        return []
    smallest, largest = min(classes, key=lambda one: one.n), max(classes, key=lambda one: one.n)
    lines = [
        f"  {len(classes)} classes, from {counted(smallest.n, 'example')} ({smallest.label}) to {largest.n:,} ({largest.label})"
    ]
    shown = [f"{one.label} {one.n / rows:.1%}" for one in classes[:CLASSES]]
    more = f", and {len(classes) - CLASSES} more" if len(classes) > CLASSES else ""
    return [*lines, f"  {', '.join(shown)}{more}"]


def counted(n: int, what: str) -> str:
    """Return a number of things."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _number(value: float | None) -> str:
    return NOT_KNOWN if value is None else f"{value:.6g}"


def _table(headings: list[str], rows: list[list[str]]) -> list[str]:
    grid = [headings, *rows]
    widths = [max(len(row[place]) for row in grid) for place in range(len(headings))]
    return [
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in grid
    ]
