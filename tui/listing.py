"""Which models are shown, and in which order: what a person typed and the column that they chose. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from storage.records import Model
from tui.matching import Searchable, finder, searchable

if TYPE_CHECKING:
    from tui.rows import ModelRow


class Order(NamedTuple):
    """What a table is sorted by."""

    figure: str
    """Of `ModelRow.figures`, or empty where it is not by a figure."""
    word: str
    descending: bool = False
    """Whether the largest comes first in the usual direction."""


ORDERS = (
    Order("", "state"),
    Order("", "name"),
    Order("score", "score"),
    Order("p95", "p95 latency", descending=True),
    Order("evaluated", "last evaluation"),
)
"""The first is the usual one: what needs somebody, then by name."""


class Listing(NamedTuple):
    """How the models are chosen and ordered."""

    order: int = 0
    reverse: bool = False
    typed: str = ""

    def words(self, shown: int, known: int) -> str:
        """Return how it is said in the table's title: ``3 of 8  /net  by accuracy``."""
        count = f"{shown}" if shown == known else f"{shown} of {known}"
        order = "" if not self.order and not self.reverse else f"by {ORDERS[self.order].word}"
        parts = (count, f"/{self.typed}" if self.typed else "", order, "reversed" if self.reverse else "")
        return "  ".join(part for part in parts if part)


USUAL = Listing()


class Arranged:
    """Rows in the order that was wanted last: another filter is a look at each of them, and sorts nothing."""

    def __init__(self, rows: Sequence["ModelRow"]) -> None:
        self._rows = rows
        self._order: tuple[int, bool] | None = None
        self._ordered: tuple[ModelRow, ...] = ()
        self._searchable: list[Searchable] = []
        """Of each ordered row, made when somebody filters."""

    def read(self, listing: Listing) -> tuple["ModelRow", ...]:
        """Return the rows that are wanted, in their order; equal ones by name."""
        if (listing.order, listing.reverse) != self._order:
            self._order, self._searchable = (listing.order, listing.reverse), []
            self._ordered = _ordered(sorted(self._rows, key=lambda row: row.name), listing)
        if not listing.typed:
            return self._ordered
        if not self._searchable:
            self._searchable = [searchable(_parts(row)) for row in self._ordered]
        keeps = finder(listing.typed)
        return tuple(row for row, words in zip(self._ordered, self._searchable, strict=True) if keeps(words))


def _parts(row: "ModelRow") -> dict[str, str]:
    """Return what a filter looks at."""
    return {
        "model": row.name,
        "state": row.health.word,
        "format": row.cells.get("format", ""),
        "device": row.cells.get("device", ""),
        "version": row.cells.get("version", ""),
    }


def _ordered(found: list["ModelRow"], listing: Listing) -> tuple["ModelRow", ...]:
    order = ORDERS[listing.order]
    if order.figure:
        known = [row for row in found if order.figure in row.figures]
        known.sort(key=lambda row: row.figures[order.figure], reverse=order.descending is not listing.reverse)
        # What is not known has no place in an order: it comes last in either direction.
        return (*known, *(row for row in found if order.figure not in row.figures))
    if order is ORDERS[0]:
        # Work comes and goes every few seconds: it must not move rows, so only what needs somebody ranks.
        found.sort(key=lambda row: -row.health.level if row.health.needs_person else 0)
    return tuple(reversed(found)) if listing.reverse else tuple(found)


def figures(model: Model) -> dict[str, float]:
    """Return what a table can be sorted by, where it is known."""
    line = model.glance.line
    if line is None or line.evaluated_at is None:
        return {}
    known = {
        "score": line.score,
        "p95": line.p95_ms,
        # The latest first, as by age, which would be another one at each look.
        "evaluated": -line.evaluated_at,
    }
    return {name: value for name, value in known.items() if value is not None}
