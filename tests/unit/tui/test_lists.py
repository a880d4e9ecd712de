"""Jobs, faults, events and devices as lines: every one fits, and says what is known and why the rest is not."""

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from storage.device_details import Obstacle
from storage.fault_records import Event, Fault, Remedy
from storage.records import Device, Job, JobParameters
from storage.settings_listing import DEFAULT, Entry
from storage.vocabulary import DeviceKind, FaultState, JobKind, JobState, RepairKind, Severity
from tui import device_rows, event_rows, job_rows, settings_rows

NOW = 1_763_994_187.0

JOB = Job(
    id=31,
    kind=JobKind.EVALUATE,
    model="speech-commands-of-a-long-name",
    version=4,
    parameters=JobParameters(device="cuda:0"),
    requested_by="ann@box",
    requested_at=NOW - 40,
    state=JobState.RUNNING,
    done=250,
    total=1000,
    message="",
    started_at=NOW - 25,
    finished_at=None,
    code="",
    error="",
    hint="",
    result="",
)

DEVICE = Device(
    id="cuda:0",
    kind=DeviceKind.GPU,
    name="NVIDIA H200",
    usable_by=("torchscript",),
    note="",
    memory_total_bytes=140 * 1024**3,
    at=NOW,
    utilisation=0.93,
    memory_used_bytes=61 * 1024**3,
    temperature_c=67.0,
    power_w=412.0,
    history=(0.9,) * 60,
)

FAULT = Fault(
    id=3,
    code="changed",
    model="mnist",
    version=2,
    severity=Severity.ERROR,
    message="it has changed",
    repair="modeltender repair mnist",
    state=FaultState.OPEN,
    first_at=NOW - 4000,
    last_at=NOW,
    count=3,
)

EVENT = Event(
    id=9, at=NOW, severity=Severity.WARNING, code="told", model="mnist", version=2, message="something " * 30
)


def _plain(job: Job, width: int = 120) -> str:
    return job_rows.rows([job], width, NOW)[0].lines[0].plain


def _said(job: Job) -> str:
    return "\n".join(line.plain for line in job_rows.about(job, NOW))


@pytest.mark.parametrize("width", [56, 74, 120, 156])
def test_lines_fit(width: int) -> None:
    """No line is wider than its room, whatever it holds."""
    failed = replace(JOB, state=JobState.FAILED, finished_at=NOW, error="because " * 30)
    rows = [
        *job_rows.rows([JOB, failed, replace(JOB, total=0, message="word " * 40)], width, NOW),
        *event_rows.event_rows([EVENT], width, NOW),
        *event_rows.fault_rows([replace(FAULT, message="wrong " * 40)], width, NOW),
        *device_rows.rows([DEVICE, replace(DEVICE, utilisation=None, note="no " * 60)], [JOB] * 9, width),
    ]
    headings = [job_rows.heading(width), event_rows.heading([EVENT], width, NOW), device_rows.heading(width)]
    assert all(line.cell_len <= width for row in rows for line in row.lines)
    assert all(heading.cell_len <= width for heading in headings)


def test_a_running_job_has_its_rate_and_the_time_left() -> None:
    """A quarter in 25 seconds is ten a second and 75 seconds more."""
    assert (job_rows.rate(JOB, NOW), job_rows.remaining(JOB, NOW)) == (10.0, 75.0)
    assert "25%     10/s   1:15 left" in _plain(JOB)
    assert "250 of 1,000, 10 a second, about 1:15 left" in _said(JOB)


@pytest.mark.parametrize(
    ("done", "total", "passed_s", "row", "said"),
    [
        (3, 20, 2.0, "1.5/s", "1.5 a second"),
        (3, 20, 120.0, "1.5/min", "1.5 a minute"),
        (3, 20, 9.0, "20/min", "20 a minute"),
        (3, 20, 7200.0, "1.5/h", "1.5 an hour"),
        (3, 20, 72_000.0, "0.1/h", "0.1 an hour"),
    ],
)
def test_slow_work_has_a_rate_too(done: int, total: int, passed_s: float, row: str, said: str) -> None:
    """An epoch may take minutes: 0.0 a second tells nothing about it."""
    job = replace(JOB, done=done, total=total, started_at=NOW - passed_s)
    assert f" {row} " in _plain(job)
    assert f"3 of 20, {said}, about " in _said(job)


@pytest.mark.parametrize("changed", [{"done": 0}, {"started_at": None}, {"total": 0, "done": 0}])
def test_no_rate_is_invented(changed: dict[str, int]) -> None:
    """Before anything is done nobody can tell how long the rest takes."""
    job = replace(JOB, **changed)
    assert job_rows.remaining(job, NOW) is None
    assert "left" not in _plain(job)


def test_a_failed_job_says_why_and_what_helps() -> None:
    """The row has the error; below it stand the whole error and the hint."""
    job = replace(
        JOB, state=JobState.FAILED, finished_at=NOW, error="It is truncated.", hint="Copy it again."
    )
    assert "FAILED It is truncated." in _plain(job)
    assert "error      It is truncated.\nwhat helps Copy it again." in _said(job)
    assert "after 25.0 s" in _said(job)


def test_a_job_says_what_it_was_asked_for() -> None:
    """What was asked for beyond the usual is told, overruling the gate above all."""
    asked = JobParameters(force=True, reason="known labels are wrong", against=2)
    said = _said(replace(JOB, parameters=asked))
    assert "against v2, the gate overruled, reason: known labels are wrong" in said


@pytest.mark.parametrize("kind", [JobKind.PROMOTE, JobKind.ROLLBACK, JobKind.COMPARE, JobKind.REPAIR])
def test_a_job_without_a_device_names_none(kind: JobKind) -> None:
    """Only what runs on a device says on which; a promotion has none."""
    assert "device" not in _said(replace(JOB, kind=kind))
    wide = [line.plain for row in job_rows.rows([replace(JOB, kind=kind)], 140, NOW) for line in row.lines]
    assert not any("cuda:0" in line for line in wide)


def test_a_device_says_who_uses_it() -> None:
    """The job that runs on it is named; one that waits, or runs elsewhere, is not."""
    other = replace(JOB, id=32, parameters=JobParameters(device="cpu"))
    waits = replace(JOB, id=33, state=JobState.QUEUED)
    [row] = device_rows.rows([DEVICE], [JOB, other, waits], 120)
    assert "J31 evaluate" in row.lines[1].plain
    assert "J32" not in row.lines[1].plain
    assert "J33" not in row.lines[1].plain


def test_what_a_device_does_not_tell_has_a_reason() -> None:
    """A figure that is missing is n/a, and the sentences below say which ones and why."""
    silent = replace(DEVICE, utilisation=None, power_w=None, note="the driver has no counter.")
    assert "n/a  the driver has no counter" in device_rows.rows([silent], [], 120)[0].lines[0].plain
    said = "\n".join(line.plain for line in device_rows.about(silent, []))
    assert "n/a: use, power (the driver has no counter)" in said


def test_why_a_runtime_cannot_use_a_device() -> None:
    """The reason and the command that helps are told."""
    blocked = replace(DEVICE, obstacles=(Obstacle("keras", "TensorFlow sees no GPU", "pip install x"),))
    said = "\n".join(line.plain for line in device_rows.about(blocked, []))
    assert "not keras: TensorFlow sees no GPU  pip install x" in said


def test_a_fault_says_what_helps() -> None:
    """The whole fault, how often, and its repair."""
    said = "\n".join(line.plain for line in event_rows.about_fault(FAULT, NOW))
    assert "3 times" in said
    assert "what helps: modeltender repair mnist" in said


def test_an_acknowledged_fault_says_so() -> None:
    """It has another sign and word, not only another colour."""
    seen = replace(FAULT, state=FaultState.ACKNOWLEDGED)
    open_line, seen_line = (
        event_rows.fault_rows([fault], 80, NOW)[0].lines[0].plain for fault in (FAULT, seen)
    )
    assert open_line != seen_line
    assert "acknowledged" in event_rows.about_fault(seen, NOW)[0].plain


def test_a_job_says_what_was_recorded_meanwhile() -> None:
    """Below a job stands what happened to its model from its beginning to its end, the oldest first, and nothing else."""
    ended = replace(JOB, model="mnist", state=JobState.SUCCEEDED, started_at=NOW - 60, finished_at=NOW - 20)
    told = [
        replace(EVENT, at=NOW - 10, message="too late"),
        replace(EVENT, at=NOW - 19.5, message="the last"),
        replace(EVENT, at=NOW - 30, message="of another", model="digits"),
        replace(EVENT, at=NOW - 50, message="the first"),
        replace(EVENT, at=NOW - 61, message="too early"),
    ]
    said = [line.plain for line in job_rows.about(ended, NOW, (), told)]
    assert said[-2:] == ["meanwhile  14:22:17  the first", "           14:22:47  the last"]
    assert "meanwhile" not in "\n".join(line.plain for line in job_rows.about(ended, NOW))


def test_a_wide_list_has_the_hour_of_another_day() -> None:
    """Yesterday's event has its date and its hour where there is room, and below it in full in any case."""
    old = replace(EVENT, at=NOW - 86_400, message="it happened")
    [wide] = event_rows.event_rows([old], 96, NOW)
    [narrow] = event_rows.event_rows([old], 74, NOW)
    assert wide.lines[0].plain.startswith("11-23 14:23 ! mnist v2")
    assert narrow.lines[0].plain.startswith("11-23 ! mnist v2")
    assert event_rows.heading([old], 96, NOW).plain.index("MODEL") == wide.lines[0].plain.index("mnist")
    assert event_rows.event_rows([EVENT], 96, NOW)[0].lines[0].plain.startswith("14:23 ! mnist v2")
    old_fault = replace(FAULT, first_at=NOW - 86_400)
    assert "since 11-23 14:23, 3 times, last 14:23" in event_rows.about_fault(old_fault, NOW)[0].plain


def test_a_fault_names_its_key() -> None:
    """Where files are restored by a key, it is named before the sentence that may be long, and stands out."""
    remedied = replace(FAULT, remedies=(Remedy(RepairKind.RETRAIN, "trains it"),))
    for fault in (FAULT, remedied):
        assert event_rows.about_fault(fault, NOW)[1].style == "bold"
    said = [line.plain for line in event_rows.about_fault(FAULT, NOW)]
    assert said[1:3] == ["f restores the files", "it has changed"]
    assert "f " not in event_rows.about_fault(replace(FAULT, repair="Add some."), NOW)[1].plain


def test_a_version_that_has_a_column_is_not_said_again() -> None:
    """In eighty columns a fault's figure is read, and not twice which version it is about."""
    fault = replace(
        FAULT, model="ads-ctr", version=1, message="Version 1: accuracy 0.6987 (n=800) is below 0.99."
    )
    event = replace(EVENT, model="ads-ctr", version=1, message=fault.message)
    [row], [beside] = event_rows.fault_rows([fault], 76, NOW), event_rows.event_rows([event], 76, NOW)
    for line in (row.lines[0].plain, beside.lines[0].plain):
        assert "ads-ctr v1" in line
        assert line.endswith("accuracy 0.6987 (n=800) is below 0.99.")
    [other] = event_rows.fault_rows([replace(fault, version=2)], 76, NOW)
    assert "Version 1: accuracy" in other.lines[0].plain


@pytest.mark.parametrize("width", [78, 98, 158])
def test_a_setting_has_its_model_whole_where_there_is_room(width: int) -> None:
    """Columns stand below their headings; the model's name takes what a wide terminal has to give."""
    entry = Entry("speech-commands-of-a-town", "gate.margin", "0.02", DEFAULT, "0.02")
    [row] = settings_rows.rows([entry], width)
    heading, line = settings_rows.heading(width).plain, row.lines[0].plain
    assert cell_len(line) <= width
    assert line.index("0.02") == heading.index("VALUE")
    assert ("speech-commands-of-a-town" in line) is (width == 158)
