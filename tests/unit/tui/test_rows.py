"""What the lines of panels promise: they fit, and they say what somebody wants to know first."""

import pytest

from storage.fault_records import Event
from storage.records import Arrival, Device
from storage.vocabulary import DeviceKind, JobState, Severity, Status
from tests.unit.tui.shown import COMING, NOW, arrival, evaluation, job
from tui import about, activity, detail_rows, rows

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


def test_a_running_job_tells_how_much_time_is_left() -> None:
    """A quarter done in ten seconds leaves half a minute."""
    (line,) = activity.job_lines([job(JobState.RUNNING, done=25, total=100)], 80, NOW)
    assert "25%" in line.plain
    assert "0:30 left" in line.plain


def test_a_job_that_waits_for_another_one_says_so() -> None:
    """What keeps it is more than that it waits."""
    waits = job(JobState.QUEUED, message="waits for evaluation J9 of version 1")
    assert "waits for evaluation J9" in activity.job_lines([waits, job(JobState.QUEUED)], 80, NOW)[0].plain
    assert activity.job_lines([job(JobState.QUEUED)], 80, NOW)[0].plain.endswith("waiting")


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
