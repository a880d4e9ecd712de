"""What rows promise: they fit, they rank, and they say what is not known."""

from typing import Any

import msgspec
import pytest

from storage.fault_records import Event
from storage.promotion_records import LATENCY, GateCheck, GateReport, Probation
from storage.records import (
    Arrival,
    Device,
    Evaluation,
    Job,
    JobParameters,
    LatencyReport,
    Metric,
    Model,
    Shown,
    Version,
)
from storage.snapshot import Snapshot
from storage.tables import assembly
from storage.vocabulary import (
    CheckVerdict,
    DeviceKind,
    Format,
    JobKind,
    JobState,
    ProbationState,
    Scenario,
    Severity,
    Status,
    Verdict,
)
from tui import about, activity, detail_rows, health, rows
from tui.listing import USUAL, Listing

NOW = 1_700_000_000.0


def evaluation(accuracy: float = 0.95, *, confusion: tuple[tuple[int, ...], ...] | None = None) -> Evaluation:
    """Return an evaluation of five minutes ago."""
    latency = LatencyReport(
        scenario=Scenario.SINGLE_STREAM,
        batch_size=1,
        n=100,
        p50_ms=0.7,
        p90_ms=0.8,
        p95_ms=0.9,
        p99_ms=None,
        mean_ms=0.7,
        stdev_ms=0.1,
        throughput=10_000.0,
        stable=True,
    )
    return Evaluation(
        id=1, version_id=1, job_id=None, at=NOW - 300, requested_by="ann", dataset_name="test", dataset_rows=2000, dataset_sha256="", artefact_sha256="",
        preprocessing_sha256="", runtime="keras", runtime_version="3", device="cpu", batch_size=64, isolation="full", duration_s=0.1, confusion=confusion,
        metrics=(Metric("accuracy", accuracy, accuracy - 0.01, accuracy + 0.01, 2000),), latency=latency,
    )  # fmt: skip


def version(
    number: int, *, status: Status = Status.READY, reason: str = "", gate: GateReport | None = None
) -> Version:
    """Return a version of a model."""
    return Version(
        id=number, model="m", number=number, format=Format.KERAS, status=status, reason=reason, role=None, sha256="a", bytes=10, artefact="model.keras",
        source="", found_at=NOW, parameters=5, evaluation=evaluation(), gate=gate,
    )  # fmt: skip


def model(name: str = "m", **changes: Any) -> Model:
    """Return a model that is well, apart from ``changes``."""
    values: dict[str, Any] = {
        "id": 1, "name": name, "task": None, "problem": "", "versions": 1, "current": version(1), "previous": None, "candidate": None,
        "newest": version(1), "faults": 0, "trend": (0.9, 0.95),
    } | changes  # fmt: skip
    shown = Shown(**{place: values.pop(place) for place in Shown._fields})
    return assembly.model(shown, **values)


def job(state: JobState, **changes: Any) -> Job:
    """Return a job of model m."""
    values: dict[str, Any] = {
        "id": 7, "kind": JobKind.EVALUATE, "model": "m", "version": 1, "parameters": JobParameters(), "requested_by": "ann", "requested_at": NOW, "state": state,
        "done": 0, "total": 0, "message": "", "started_at": NOW - 10, "finished_at": None, "code": "", "error": "", "hint": "", "result": "",
    }  # fmt: skip
    return Job(**(values | changes))


def gate(verdict: CheckVerdict) -> GateReport:
    """Return a gate's report with one check."""
    return GateReport(
        against=1,
        verdict=Verdict.SUPERIOR if verdict is CheckVerdict.PASS else Verdict.INFERIOR,
        checks=(GateCheck("accuracy", verdict, ""),),
    )


UNMEASURED = GateReport(
    1,
    Verdict.INCONCLUSIVE,
    (GateCheck("accuracy", CheckVerdict.PASS, ""), GateCheck(LATENCY, CheckVerdict.INCONCLUSIVE, "")),
    unmeasured=True,
)


def judged(report: GateReport) -> dict[str, Any]:
    """Return a newest version that is a candidate, and of which the gate says this."""
    return dict.fromkeys(("candidate", "newest"), version(2, gate=report))


OPEN, READY = judged(UNMEASURED), judged(gate(CheckVerdict.PASS))


@pytest.mark.parametrize(
    ("changes", "jobs", "word", "needs"),
    [
        ({}, [], "ok", False),
        ({"current": None, "newest": None}, [], "not deployed", False),
        ({"current": version(1, status=Status.FAILED, reason="cut short")}, [], "LOAD ERR", True),
        ({"current": version(1, status=Status.MISSING)}, [job(JobState.RUNNING)], "MISSING", True),
        ({}, [job(JobState.RUNNING, done=6197, total=10_000)], "eval 62%", False),
        ({}, [job(JobState.QUEUED)], "queued", False),
        ({"problem": "model.toml: bad"}, [], "SETTINGS", True),
        ({"faults": 2}, [], "2 FAULTS", True),
        ({"faults": 2}, [job(JobState.RUNNING, done=620, total=1000)], "eval 62%", True),
        (READY, [job(JobState.QUEUED)], "queued", True),
        (judged(gate(CheckVerdict.FAIL)), [job(JobState.QUEUED)], "queued", False),
        ({"newest": version(2, status=Status.FAILED)}, [], "v2 FAILED", True),
        ({"newest": version(2, status=Status.CHECKING)}, [], "v2 checking", False),
        (READY, [], "v2 READY", True),
        (OPEN, [], "v2 READY", True),
        (judged(gate(CheckVerdict.FAIL)), [], "v2 held", False),
    ],
)
def test_the_worst_that_is_true_is_said(
    changes: dict[str, Any], jobs: list[Job], word: str, *, needs: bool
) -> None:
    """Each state has its word, and only those that want somebody count as needing one."""
    found = health.of_model(model(**changes), jobs)
    assert (found.word, found.needs_person) == (word, needs)
    assert len(found.word) <= rows.STATE.width


def test_work_moves_no_row_and_hides_no_trouble() -> None:
    """While a model with faults is evaluated it stays first, counts as before, and keeps its sign."""
    sick, well = model(name="sick", faults=1), model(name="a-well-one")
    running = (job(JobState.RUNNING, model="sick", done=1, total=4), job(JobState.QUEUED, model="a-well-one"))
    made = rows.ModelRows()
    for seen in (snapshot(sick, well), snapshot(sick, well, jobs=running)):
        assert [row.name for row in made.read(seen, NOW, USUAL)] == ["sick", "a-well-one"]
        assert made.needing == 1
        assert made.read(seen, NOW, USUAL)[0].health.glyph == "!"


def test_a_sentence_names_the_key_that_helps() -> None:
    """What can be done is said with its key."""
    assert health.sentence(model(**READY), (), NOW) == "v2 passed the gate (superior): p promotes it"
    open_one = health.sentence(model(**OPEN), (), NOW)
    assert open_one == "v2 passes but for its latency: p measures and promotes it"
    assert health.sentence(model(), (), NOW) == ""
    assert "cut short" in health.sentence(
        model(newest=version(2, status=Status.FAILED, reason="cut short")), (), NOW
    )


def arrival(name: str, status: Status, reason: str) -> Arrival:
    """Return a file of the model's inbox."""
    return Arrival(model="m", name=name, status=status, reason=reason, bytes=1, seen_at=NOW)


COMING = arrival("large.onnx", Status.SETTLING, "arriving: 412 MiB so far, 12 MiB/s")


def test_what_is_on_its_way_shows_where_nothing_else_does() -> None:
    """A model at rest says that something arrives, and how fast; one that needs somebody says that instead."""
    seen = snapshot(model(), arrivals=(COMING,))
    assert rows.model_rows(seen, NOW)[0].health.word == "arriving"
    assert health.coming("m", seen.arrivals) == "large.onnx arriving: 412 MiB so far, 12 MiB/s"
    troubled = snapshot(model(faults=2), arrivals=(COMING,))
    assert rows.model_rows(troubled, NOW)[0].health.word == "2 FAULTS"
    refused = snapshot(model(), arrivals=(arrival("a.txt", Status.UNSUPPORTED, "is a text file"),))
    assert rows.model_rows(refused, NOW)[0].health.word == "ok"
    assert health.coming("m", refused.arrivals) == ""


def test_a_version_that_is_copied_into_place_says_how_far_it_is() -> None:
    """What is known of a copy under way is in the model's sentence."""
    copied = version(2, status=Status.SETTLING, reason="arriving: 3 MiB so far")
    assert health.sentence(model(newest=copied), (), NOW) == "v2 arriving: 3 MiB so far"


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (COMING, "◐ large.onnx  arriving: 412 MiB so far, 12 MiB/s"),
        (arrival("a.onnx", Status.READY, "same as version 3"), "= a.onnx  same as version 3"),
        (arrival("a.txt", Status.UNSUPPORTED, "is a text file"), "✗ a.txt  is a text file"),
    ],
)
def test_only_what_was_refused_looks_refused(found: Arrival, line: str) -> None:
    """What arrives, what is known already and what is no model each have a mark of their own."""
    assert about.arrived(found).plain == line


def snapshot(*models: Model, jobs: tuple[Job, ...] = (), arrivals: tuple[Arrival, ...] = ()) -> Snapshot:
    """Return a snapshot of models."""
    return Snapshot(
        engine=None,
        models=models,
        arrivals=arrivals,
        devices=(),
        jobs=jobs,
        queued=0,
        running=0,
        events=(),
        faults=(),
    )


def test_models_that_need_somebody_come_first_and_work_moves_no_row() -> None:
    """The order is by need, then by name, and does not change while something is evaluated."""
    quiet, troubled, working = model("b"), model("z", faults=1), model("m")
    order = [
        row.name
        for row in rows.model_rows(snapshot(quiet, troubled, working, jobs=(job(JobState.RUNNING),)), NOW)
    ]
    assert order == ["z", "b", "m"]
    assert order == [row.name for row in rows.model_rows(snapshot(quiet, troubled, working), NOW)]


@pytest.mark.parametrize("width", range(58, 200, 3))
def test_columns_always_fit_and_leave_room_for_the_name(width: int) -> None:
    """At every width the state is whole and the name has at least twelve cells."""
    shown = rows.columns(width)
    name = rows.model_width(width, shown, longest=width)
    assert name >= rows.MODEL_LEAST
    assert rows.PREFIX + name + sum(column.width + 1 for column in shown) + 1 + rows.STATE.width == width


def test_figures_stay_near_the_names() -> None:
    """On a very wide terminal a name has as many cells as the longest needs, and no more than a few beyond."""
    shown = rows.columns(300)
    listed = rows.ModelRows()
    for names, cells in (
        (("a", "b"), rows.MODEL_MOST),
        (("a", "n" * 50), 50),
        (("a", "\u6570\u5b57" * 10), 40),
    ):
        listed.read(snapshot(*map(model, names)), NOW, USUAL)
        assert rows.model_width(300, shown, listed.longest) == cells


def test_what_is_not_measured_is_said() -> None:
    """A percentile without enough queries is n/a, never a number."""
    (row,) = rows.model_rows(snapshot(model()), NOW)
    assert (row.cells["p50"], row.cells["p99"], row.cells["evaluated"]) == ("0.700", "n/a", "5m")


HOSTILE = "\ufffd[2J[/]er" * 30


@pytest.mark.parametrize("width", [20, 38, 80, 158])
def test_no_line_is_wider_than_its_panel(width: int) -> None:
    """Long names, reasons and messages are cut with an ellipsis."""
    devices = [
        Device(
            id="cuda:0",
            kind=DeviceKind.GPU,
            name="x",
            usable_by=(),
            note="",
            memory_total_bytes=None,
            at=NOW,
            utilisation=None,
            history=(0.1,) * 60,
        )
    ]
    jobs = [
        job(state, model=HOSTILE, error=HOSTILE, message=HOSTILE, done=1, total=3, finished_at=NOW)
        for state in JobState
    ]
    events = [
        Event(id=1, at=NOW, severity=severity, code="", model=HOSTILE, version=1, message=HOSTILE)
        for severity in Severity
    ]
    lines = [
        *rows.device_lines(devices, width),
        *activity.job_lines(jobs, width, NOW),
        *rows.event_lines(events, width, NOW),
        *rows.latency_lines(evaluation().latency, width),
    ]
    matrix = tuple(tuple(90 if row == column else 1 for column in range(10)) for row in range(10))
    lines += detail_rows.confusion_lines(evaluation(confusion=matrix), (HOSTILE,) * 10, width, 8)
    assert lines
    assert all(line.cell_len <= width for line in lines)


def test_a_running_job_tells_how_much_time_is_left() -> None:
    """A quarter done in ten seconds leaves half a minute."""
    (line,) = activity.job_lines([job(JobState.RUNNING, done=25, total=100)], 80, NOW)
    assert "25%" in line.plain
    assert "0:30 left" in line.plain


def test_the_worst_classes_come_first() -> None:
    """A large confusion is told by the classes that suffer, with what they are taken for."""
    matrix = tuple(tuple(100 if row == column else 0 for column in range(10)) for row in range(10))
    matrix = (*matrix[:3], (0, 30, 0, 70, 0, 0, 0, 0, 0, 0), *matrix[4:])
    lines = detail_rows.confusion_lines(
        evaluation(confusion=matrix), [str(number) for number in range(10)], 60, 5
    )
    assert lines[1].plain.split()[:3] == ["3", "70.0%", "!"]
    assert "1 (30)" in lines[1].plain
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("left", "looks", "said"),
    [
        (42 * 60, 1, "v1 is on probation, 42m left (looked at once): u rolls back"),
        (50, 3, "v1 is on probation, 50s left (looked at 3 times): u rolls back"),
        (
            -1,
            5,
            "v1 is on probation, until it has been looked at often enough (looked at 5 times): u rolls back",
        ),
    ],
)
def test_a_version_on_probation_says_for_how_long(left: float, looks: int, said: str) -> None:
    """How much is left, how often it was looked at, and the key that ends it; a candidate can wait."""
    probation = Probation(
        id=1,
        model="m",
        number=1,
        sha256="a",
        begun_at=NOW - 60,
        ends_at=NOW + left,
        every_s=600,
        looks=looks,
        looked_at=NOW - 60,
        state=ProbationState.OPEN,
        reason="",
    )
    assert health.sentence(model(probation=probation, **READY), (), NOW) == said


def test_a_job_that_waits_for_another_one_says_so() -> None:
    """What keeps it is more than that it waits."""
    waits = job(JobState.QUEUED, message="waits for evaluation J9 of version 1")
    assert "waits for evaluation J9" in activity.job_lines([waits, job(JobState.QUEUED)], 80, NOW)[0].plain
    assert activity.job_lines([job(JobState.QUEUED)], 80, NOW)[0].plain.endswith("waiting")


def test_a_list_looks_into_no_version() -> None:
    """Rows of thousands of models are made, ordered and filtered by what lies beside the versions, which stay packed."""
    whole = (model("a"), model("b", **READY), model("c", current=None), model("d", faults=1))
    closed = [msgspec.structs.replace(one, held=b"") for one in whole]
    with pytest.raises(msgspec.DecodeError):
        assert closed[0].current
    for listing in (USUAL, Listing(order=2), Listing(typed="v1 !faults keras")):
        made, expected = (rows.model_rows(snapshot(*models), NOW, listing) for models in (closed, whole))
        assert made
        assert [(row.name, row.health, dict(row.cells), row.figures) for row in made] == [
            (row.name, row.health, dict(row.cells), row.figures) for row in expected
        ]


def test_who_needs_somebody_is_counted_among_all() -> None:
    """What is filtered away counts, too."""
    made = rows.ModelRows()
    found = made.read(
        snapshot(model("a", faults=1), model("b", **READY), model("c")), NOW, Listing(typed="model:c")
    )
    assert ([row.name for row in found], made.needing) == (["c"], 2)
    made.read(snapshot(model("a"), model("c")), NOW, Listing(typed="model:c"))
    assert made.needing == 0


def test_ages_of_all_rows_change_together() -> None:
    """Models that were evaluated at different seconds grow older at the same one, with the clock: one picture a minute."""
    made = rows.ModelRows()
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
    made = rows.ModelRows()
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
        kept, anew = made.read(seen, NOW, listing), rows.model_rows(seen, NOW, listing)
        assert [(row.name, row.health, dict(row.cells), row.figures) for row in kept] == [
            (row.name, row.health, dict(row.cells), row.figures) for row in anew
        ]
