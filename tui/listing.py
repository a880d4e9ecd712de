"""Which models are shown, and in which order: what a person typed and the column that they chose. Pure, as `tui.rows` is."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from storage.records import Job, Model
from storage.snapshot import Snapshot
from storage.vocabulary import Status
from tui import health
from tui.matching import Searchable, finder, searchable
from tui.model_rows import Cells, ModelRow, Moment, figures


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

    def __init__(self, rows: Sequence[ModelRow]) -> None:
        self._rows = rows
        self._order: tuple[int, bool] | None = None
        self._ordered: tuple[ModelRow, ...] = ()
        self._searchable: list[Searchable] = []
        """Of each ordered row, made when somebody filters."""

    def read(self, listing: Listing) -> tuple[ModelRow, ...]:
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


def _parts(row: ModelRow) -> dict[str, str]:
    """Return what a filter looks at."""
    return {
        "model": row.name,
        "state": row.health.word,
        "format": row.cells.get("format", ""),
        "device": row.cells.get("device", ""),
        "version": row.cells.get("version", ""),
    }


def _ordered(found: list[ModelRow], listing: Listing) -> tuple[ModelRow, ...]:
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


def listed(snapshot: Snapshot, now: float, listing: Listing = USUAL) -> tuple[ModelRow, ...]:
    """Return the models as rows, as a person chose and ordered them: those that need somebody first, unless told otherwise."""
    return ModelRows().read(snapshot, now, listing)


class ModelRows:
    """The models as rows as they were last made: of those to which nothing happened, only their ages change."""

    def __init__(self) -> None:
        self.needing = 0
        """How many of all models want something of a person."""
        self.longest = 0
        """Cells of the longest of all models' names."""
        self._moment = Moment(0.0)
        self._basis: object = None
        self._made: dict[str, tuple[object, ModelRow]] = {}
        self._arranged = Arranged(())
        self._listing: Listing | None = None
        self._rows: tuple[ModelRow, ...] = ()

    def read(self, snapshot: Snapshot, now: float, listing: Listing) -> tuple[ModelRow, ...]:
        """Return the rows of a snapshot, as `listed` does."""
        self._moment.now = now
        basis = (snapshot.models, snapshot.jobs, snapshot.arrivals)
        if basis != self._basis:
            self._basis, self._made, self._listing = basis, self._all(snapshot), None
            self._arranged = Arranged([row for _, row in self._made.values()])
            self.needing = sum(row.health.needs_person for _, row in self._made.values())
            self.longest = max(map(_cells, self._made), default=0)
        if listing != self._listing:
            self._listing = listing
            self._rows = self._arranged.read(listing)
        return self._rows

    def _all(self, snapshot: Snapshot) -> dict[str, tuple[object, ModelRow]]:
        arriving = {arrival.model for arrival in snapshot.arrivals if arrival.status is Status.SETTLING}
        jobs: dict[str, tuple[Job, ...]] = {}
        for job in snapshot.jobs:
            jobs[job.model] = (*jobs.get(job.model, ()), job)
        made = {}
        for model in snapshot.models:
            basis = (model, jobs.get(model.name, ()), model.name in arriving)
            known = self._made.get(model.name)
            made[model.name] = known if known and known[0] == basis else (basis, self._row(*basis))
        return made

    def _row(self, model: Model, jobs: Sequence[Job], arriving: bool) -> ModelRow:  # noqa: FBT001 - a fact, not a switch
        state = health.with_arrivals(health.of_model(model, jobs), arriving=arriving)
        return ModelRow(model.name, state, Cells(model, self._moment), figures(model))


def _cells(name: str) -> int:
    # Of thousands of names nearly every one is plain: to look that up takes a tenth of the time.
    return len(name) if name.isascii() else cell_len(name)
