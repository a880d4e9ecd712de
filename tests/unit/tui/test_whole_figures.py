"""Figures are whole or they are not there: what has no room gives way, and what is missing says what it lacks."""

from collections.abc import Sequence

import msgspec
import pytest
from rich.cells import cell_len

from storage.histories import NOTHING
from storage.records import Evaluation, LatencyReport, Metric, Version, Versions
from storage.snapshot import Detail
from storage.vocabulary import JobState, Status
from tests.unit.tui.shown import NOW, evaluation, job, model, snapshot, version
from tui import activity, detail_rows, rows
from tui.commands.compare_text import changed
from tui.commands.figures import with_interval
from tui.dialogs.promote import Change, body
from tui.listing import listed
from tui.model_rows import ModelRow
from tui.widgets.model_table import ModelTable

WIDTH = 68
"""Columns of a question in a terminal of eighty."""

CLASSES = tuple(tuple(70 if row == column else 10 for column in range(4)) for row in range(4))


def latency(**changes: float | bool | None) -> LatencyReport:
    """Return the latency of an evaluation, apart from ``changes``."""
    report = evaluation().latency
    assert report is not None
    return msgspec.structs.replace(report, **changes)


def measured(number: int, confusion: tuple[tuple[int, ...], ...], p95_ms: float) -> Evaluation:
    """Return an evaluation of a version with this confusion and this latency."""
    return msgspec.structs.replace(
        evaluation(confusion=confusion), id=number, version_id=number, latency=latency(p95_ms=p95_ms)
    )


def test_a_percentile_that_is_missing_says_what_it_takes() -> None:
    """Of too few queries it is told how many there were, and how many which percentile needs."""
    (line,) = rows.latency_lines(latency(), 120)
    assert "p99 n/a: 100 of 459 queries" in line.plain
    (line,) = rows.latency_lines(latency(n=662, p99_ms=1.2), 120)
    assert "662 queries" in line.plain
    assert "n/a" not in line.plain
    (line,) = rows.latency_lines(latency(n=40, p90_ms=None, p95_ms=None), 120)
    assert "p90, p95, p99 n/a: 40 of 44 queries" in line.plain


def test_what_is_not_stable_is_said_before_what_may_be_cut() -> None:
    """In eighty columns the doubt is read, and a throughput is whole or not there."""
    (line,) = rows.latency_lines(latency(stable=False, throughput=1_234_567.0), 78)
    assert "not stable  p99 n/a: 100 of 459 queries" in line.plain
    assert "…" not in line.plain
    assert "examples/s" not in line.plain
    assert "1,234,567 examples/s" in rows.latency_lines(latency(throughput=1_234_567.0), 120)[0].plain


@pytest.mark.parametrize(
    ("width", "told"), [(60, "1 (10), 2 (10), 3 (10)"), (42, "1 (10), 2 (10)"), (36, "1 (10)")]
)
def test_what_a_class_is_taken_for_is_whole(width: int, told: str) -> None:
    """Entries that have no room are left out, none is cut."""
    shown = detail_rows.confusion_lines(evaluation(confusion=CLASSES), (), width, 3)[1].plain
    assert shown.endswith(told)


@pytest.mark.parametrize("width", [37, 56, 94])
def test_classes_stand_below_each_other_however_wide_their_names_are(width: int) -> None:
    """Characters of two cells move no column, neither in a matrix nor in a list of classes."""
    names = ("上がる", "下がる", "変わらない", "stays")
    for height in (4, 9):
        lines = detail_rows.confusion_lines(evaluation(confusion=CLASSES), names, width, height)
        recalls = [line for line in lines if line.plain.startswith(names)]
        assert len({cell_len(line.plain[: line.plain.index("%")]) for line in recalls}) == 1
        assert all(line.cell_len <= width for line in lines)


def test_classes_with_long_names_are_told_apart_where_there_is_room() -> None:
    """A name is whole on a wide terminal, ends with an ellipsis on a narrow one, and never takes away how often it was meant."""
    names = tuple(f"class-with-a-long-name-{number}" for number in range(4))
    found = evaluation(confusion=CLASSES)
    wide = [line.plain for line in detail_rows.confusion_lines(found, names, 94, 3)]
    assert wide[1].startswith("class-with-a-long-name-0   70.0% !  class-with-a-long-name-1 (10)")
    narrow = [line.plain for line in detail_rows.confusion_lines(found, names, 37, 3)]
    assert narrow[1].startswith("class-with-a-l…")
    assert narrow[1].endswith("… (10)")


def test_a_heading_says_on_how_many_examples_and_what_its_mark_means() -> None:
    """On how many examples a confusion rests is always said; what marks a class gives way in a narrow panel."""
    assert detail_rows.confused(evaluation(confusion=CLASSES), 38) == "  n=2000  ! below 90%"
    assert detail_rows.confused(evaluation(confusion=CLASSES), 26) == "  n=2000"
    assert detail_rows.confused(None, 38) == ""


@pytest.mark.parametrize(("seconds", "told"), [(0.067, "   67ms"), (7.24, "   7.2s"), (246.0, "4:06min")])
def test_how_long_an_evaluation_took_is_in_a_unit_that_fits(seconds: float, told: str) -> None:
    """Neither sixty-seven thousandths nor four minutes are written in the other's unit."""
    assert f"{detail_rows.took(seconds):>7}" == told


def test_two_jobs_of_a_model_are_told_apart() -> None:
    """Of a job whose name is too long the version is still read."""
    long = [job(JobState.QUEUED, model="a-model-with-a-long-name", version=number) for number in (1, 2)]
    first, second = (line.plain for line in activity.with_jobs([], long, 30, 5))
    assert first.endswith("v1 queued")
    assert second.endswith("v2 queued")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (10.0, 12.4, ("24%", "longer")),
        (10.0, 5.0, ("50%", "shorter")),
        (10.0, 10.01, ("", "the same")),
        (1.0, 12.0, ("12.0x", "longer")),
        (None, 1.0, ("", "")),
        (1.0, None, ("", "")),
        (0.0, 1.0, ("", "")),
    ],
)
def test_a_change_of_speed_says_its_direction(
    before: float | None, after: float | None, told: tuple[str, str]
) -> None:
    """More is not better of everything: a word says which way it went."""
    assert changed(before, after, "longer", "shorter") == told


def test_a_promotion_says_what_gets_worse() -> None:
    """The class that loses most, the latency and the size are in the question, with the change of each."""
    better = ((90, 10), (30, 70))
    old = msgspec.structs.replace(version(1), evaluation=measured(1, ((80, 20), (20, 80)), 10.0), bytes=100)
    new = msgspec.structs.replace(version(2), evaluation=measured(2, better, 12.4), bytes=50)
    said = "\n".join(line.plain for line in body(Change(old, new), WIDTH))
    assert "worst: class 1" in said
    assert "-0.1000 worse" in said
    assert "24% longer" in said
    assert "50% smaller" in said
    named = "\n".join(line.plain for line in body(Change(old, new, labels=("legit", "fraud")), WIDTH))
    assert "worst: fraud" in named


def test_a_first_promotion_is_not_about_two_versions() -> None:
    """Where nothing is deployed that is what the heading says, whole, and the gate has one version to judge."""
    lines = [line.plain for line in body(Change(None, msgspec.structs.replace(version(1), gate=None)), WIDTH)]
    assert lines[0].split()[-5:] == ["none", "deployed", "candidate", "v1", "change"]
    assert "? gate  has not judged it yet; r evaluates the candidate" in lines


@pytest.mark.parametrize("width", [54, 61, 67, 68])
def test_a_promotion_is_asked_for_in_lines_that_fit(width: int) -> None:
    """From a terminal of sixty columns on no figure is cut, no line is broken by its frame, and each change has its word."""
    worse = measured(2, ((90, 10), (30, 70)), 12.4)
    old = msgspec.structs.replace(version(1), evaluation=measured(1, ((80, 20), (20, 80)), 10.0), bytes=100)
    new = msgspec.structs.replace(version(2), evaluation=worse, bytes=50, gate=None)
    lines = [line.plain for line in body(Change(old, new), width)]
    assert all(len(line) <= width for line in lines)
    table = lines[: lines.index("")]
    assert all(len(line) == width and "…" not in line for line in table)
    assert [line.split()[-1] for line in table[-3:]] == ["worse", "longer", "smaller"]
    assert "0.9500 ±0.0100" in table[1]
    assert table[0].split() == ["n=2000", "current", "v1", "candidate", "v2", "change"]


def test_a_state_is_the_end_of_a_sentence() -> None:
    """A version failed, is in quarantine, or is missing: none ``is failed``."""
    assert [status.fate for status in (Status.FAILED, Status.QUARANTINED, Status.MISSING)] == [
        "failed",
        "is in quarantine",
        "is missing",
    ]


REGRESSION = (Metric("r2", 0.7824, 0.7524, 0.8124, 1200), Metric("mae", 31250.5, 30_450.5, 32_050.5, 1200))


def test_a_version_without_classes_shows_its_figures() -> None:
    """A regression has no confusion, and is not asked for one: each figure with its interval stands there."""
    found = msgspec.structs.replace(evaluation(), metrics=REGRESSION, confusion=None)
    lines = [line.plain for line in detail_rows.figure_lines(found, 56, 11)]
    assert [line.split() for line in lines[1:]] == [["r2", "0.7824", ".0300"], ["mae", "31250.5", "800.0"]]
    assert len(detail_rows.figure_lines(found, 56, 2)) == 2
    assert all(len(line.plain) <= 24 for line in detail_rows.figure_lines(found, 24, 9))


def test_a_large_figure_and_its_interval_are_in_the_same_notation() -> None:
    """A mean squared error of prices has millions in both columns, and an interval no more places than its figure."""
    found = msgspec.structs.replace(
        evaluation(), metrics=(Metric("mse", 8.35e9, 7.37e9, 9.33e9, 500),), confusion=None
    )
    assert detail_rows.figure_lines(found, 56, 11)[1].plain.split() == ["mse", "8350M", "980M"]
    assert with_interval(Metric("mae", 73400.44, 68613.31, 78187.57, 500)) == "73400.4 ±4787.1"
    assert with_interval(Metric("accuracy", 0.95, 0.94, 0.96, 500)) == "0.9500 ±0.0100"
    assert with_interval(Metric("mse", 8.35e9, 7.37e9, 9.33e9, 500)) == "8.35e+09 ±9.8e+08"


def test_what_a_confusion_leaves_is_for_the_other_figures() -> None:
    """Below a matrix the other figures stand where there is room for two of them at least."""
    found = msgspec.structs.replace(evaluation(confusion=((90, 10), (30, 70))), metrics=REGRESSION)
    tall = [line.plain for line in detail_rows.confusion_lines(found, (), 60, 9)]
    assert tall[4].startswith("FIGURE")
    assert tall[-1].startswith("mae")
    assert len(detail_rows.confusion_lines(found, (), 60, 6)) == 3


def test_the_column_of_scores_is_named_after_what_is_in_it() -> None:
    """No r2 stands under the name of an accuracy."""
    found = msgspec.structs.replace(evaluation(), metrics=REGRESSION)
    old = msgspec.structs.replace(version(1), evaluation=found)
    assert " R2 " in detail_rows.version_lines(detail(old), 60, 9, 1)[0].plain
    assert " ACC " in detail_rows.version_lines(detail(version(1)), 60, 9, 1)[0].plain


@pytest.mark.parametrize(("width", "named"), [(78, False), (90, True), (118, True)])
def test_models_of_two_tasks_say_what_their_scores_are(width: int, *, named: bool) -> None:
    """An r2 and an accuracy stand in one column, and each says which it is where there is room."""
    found = msgspec.structs.replace(evaluation(), metrics=REGRESSION)
    prices = model("prices", current=msgspec.structs.replace(version(1), evaluation=found))
    lines = drawn(listed(snapshot(model("digits"), prices), NOW), width)
    assert [("ACC 0.9500" in line, "R2  0.7824" in line) for line in lines] == [
        (named, False),
        (False, named),
    ]
    assert [("0.9500" in line, "0.7824" in line) for line in lines] == [(True, False), (False, True)]


def drawn(found: Sequence[ModelRow], width: int) -> list[str]:
    """Return models as lines of a table of so many cells."""
    table = ModelTable()
    return [line.plain for row in found for line in table.lines_of(row, width, chosen=False)]


def test_a_loss_that_falls_is_better() -> None:
    """Of each figure in the question of a promotion a word says whether the change is for the better."""
    old = msgspec.structs.replace(version(1), evaluation=with_loss(0.9, 0.3))
    new = msgspec.structs.replace(version(2), evaluation=with_loss(0.89, 0.2))
    said = "\n".join(line.plain for line in body(Change(old, new), WIDTH))
    assert "-0.0100 worse" in said
    assert "-0.1000 better" in said
    same = body(Change(new, new), WIDTH)
    assert [line.plain.split()[-2:] for line in same[1:3]] == [["the", "same"]] * 2


def detail(of: Version) -> Detail:
    """Return what a model's screen is given of a model with one version."""
    return Detail(
        model=model(),
        versions=Versions.of([of]),
        arrivals=(),
        evaluations=(),
        history=NOTHING,
        latency=NOTHING,
        promotions=(),
        faults=(),
    )


def with_loss(accuracy: float, loss: float) -> Evaluation:
    """Return an evaluation with these two figures."""
    metrics = (Metric("accuracy", accuracy, None, None, 2000), Metric("log_loss", loss, None, None, 2000))
    return msgspec.structs.replace(evaluation(), metrics=metrics)
