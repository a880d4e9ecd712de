"""The rows of a list that is looked at again and again: they rank, they are kept, and they are what they would be anew."""

import msgspec
import pytest

from storage.records import Version
from storage.vocabulary import JobState
from tests.unit.tui.shown import COMING, NOW, READY, evaluation, job, model, snapshot, version
from tui.listing import USUAL, Listing, ModelRows, listed


def test_models_that_need_somebody_come_first_and_work_moves_no_row() -> None:
    """The order is by need, then by name, and does not change while something is evaluated."""
    quiet, troubled, working = model("b"), model("z", faults=1), model("m")
    order = [
        row.name for row in listed(snapshot(quiet, troubled, working, jobs=(job(JobState.RUNNING),)), NOW)
    ]
    assert order == ["z", "b", "m"]
    assert order == [row.name for row in listed(snapshot(quiet, troubled, working), NOW)]


def test_work_moves_no_row_and_hides_no_trouble() -> None:
    """While a model with faults is evaluated it stays first, counts as before, and keeps its sign."""
    sick, well = model(name="sick", faults=1), model(name="a-well-one")
    running = (job(JobState.RUNNING, model="sick", done=1, total=4), job(JobState.QUEUED, model="a-well-one"))
    made = ModelRows()
    for seen in (snapshot(sick, well), snapshot(sick, well, jobs=running)):
        assert [row.name for row in made.read(seen, NOW, USUAL)] == ["sick", "a-well-one"]
        assert made.needing == 1
        assert made.read(seen, NOW, USUAL)[0].health.glyph == "!"


def test_a_list_looks_into_no_version() -> None:
    """Rows of thousands of models are made, ordered and filtered by what lies beside the versions, which stay packed."""
    whole = (model("a"), model("b", **READY), model("c", current=None), model("d", faults=1))
    closed = [msgspec.structs.replace(one, held=b"") for one in whole]
    with pytest.raises(msgspec.DecodeError):
        assert closed[0].current
    for listing in (USUAL, Listing(order=2), Listing(typed="v1 !faults keras")):
        made, expected = (listed(snapshot(*models), NOW, listing) for models in (closed, whole))
        assert made
        assert [(row.name, row.health, dict(row.cells), row.figures) for row in made] == [
            (row.name, row.health, dict(row.cells), row.figures) for row in expected
        ]


def test_who_needs_somebody_is_counted_among_all() -> None:
    """What is filtered away counts, too."""
    made = ModelRows()
    found = made.read(
        snapshot(model("a", faults=1), model("b", **READY), model("c")), NOW, Listing(typed="model:c")
    )
    assert ([row.name for row in found], made.needing) == (["c"], 2)
    made.read(snapshot(model("a"), model("c")), NOW, Listing(typed="model:c"))
    assert made.needing == 0


def test_ages_of_all_rows_change_together() -> None:
    """Models that were evaluated at different seconds grow older at the same one, with the clock: one picture a minute."""
    made = ModelRows()
    seen = snapshot(
        *(model(f"m{second}", current=measured_at(NOW - 300 - second)) for second in range(0, 60, 7))
    )
    shown = [
        [row.cells["evaluated"] for row in made.read(seen, NOW + second, USUAL)] for second in range(180)
    ]
    changes = {(NOW + second) % 60 for second in range(1, 180) if shown[second] != shown[second - 1]}
    assert changes == {0.0}


def measured_at(at: float) -> Version:
    """Return a version that was evaluated then."""
    return msgspec.structs.replace(version(1), evaluation=msgspec.structs.replace(evaluation(), at=at))


def test_rows_of_models_to_which_nothing_happened_are_the_same_ones() -> None:
    """Ages go on in rows that are kept; a model that changed, works or is ordered otherwise shows so at once."""
    made = ModelRows()
    quiet, other = model("a"), model("b")
    first = made.read(snapshot(quiet, other), NOW, USUAL)
    assert [row.cells["evaluated"] for row in first] == ["5m", "5m"]
    again = made.read(snapshot(quiet, other), NOW + 60, USUAL)
    assert again is first
    assert [row.cells["evaluated"] for row in again] == ["6m", "6m"]
    changed = snapshot(quiet, msgspec.structs.replace(other, faults=1))
    assert made.read(changed, NOW, USUAL)[1] is first[0]
    for seen, listing in (
        (changed, USUAL),
        (snapshot(quiet, jobs=(job(JobState.RUNNING),)), USUAL),
        (snapshot(quiet, other, arrivals=(COMING,)), Listing(order=4, reverse=True)),
    ):
        kept, anew = made.read(seen, NOW, listing), listed(seen, NOW, listing)
        assert [(row.name, row.health, dict(row.cells), row.figures) for row in kept] == [
            (row.name, row.health, dict(row.cells), row.figures) for row in anew
        ]
