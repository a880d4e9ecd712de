"""What devices read over time, for eyes, scripts and spreadsheets."""

import csv
import io
from datetime import datetime
from pathlib import Path

import pyarrow.parquet
import pytest

from storage import sketch
from storage.database import Writer
from storage.tables import rollups
from storage.tables.rollups import DAY, HOUR, RAW, Bucket
from storage.vocabulary import ExitCode
from tests.readings import MIDNIGHT, record
from tests.unit.tui.commands.conftest import Run
from tui.commands import device_history
from tui.commands.device_history import Series

FIRST_HOURS = ("--since", "2025-11-26T00:00:00", "--until", "2025-11-26T02:00:00")


@pytest.fixture
def two_hours(writer: Writer, ask: Run) -> Run:
    """Return a command line whose card was busy in the first of two hours, read every ten seconds."""
    values = [0.5 + number % 2 / 4 for number in range(360)] + [0.0] * 360
    with writer.passing() as connection:
        record(connection, values, since=MIDNIGHT, step_s=10.0)
        while (wanted := rollups.due(connection, now=MIDNIGHT + DAY)) is not None:
            rollups.make(connection, wanted)
    return lambda *words: ask("history", "--device", "cuda:0", *words)


def test_a_device_is_told_by_the_minute(two_hours: Run) -> None:
    """Each minute has its least, mean and greatest reading, its percentiles, and how many readings there were."""
    found = two_hours("utilisation", *FIRST_HOURS, "--json").json
    assert len(found) == 120
    assert found[0] == {
        "at": "2025-11-26T00:00:00Z",
        "device": "cuda:0",
        "reading": "utilisation",
        "step_s": 60.0,
        "n": 6,
        "min": 0.5,
        "mean": 0.625,
        "max": 0.75,
        "p50": pytest.approx(0.5, rel=0.01),
        "p90": pytest.approx(0.75, rel=0.01),
        "p99": pytest.approx(0.75, rel=0.01),
    }
    assert found[-1]["max"] == 0.0


def test_steps_are_put_together(two_hours: Run) -> None:
    """A longer step tells of everything in it, and a finer one than the minute of single readings."""
    assert [
        (point["n"], point["mean"])
        for point in two_hours("utilisation", *FIRST_HOURS, "--step", "1h", "--json").json
    ] == [(360, 0.625), (360, 0.0)]
    quarters = two_hours("utilisation", *FIRST_HOURS, "--step", "15m", "--json").json
    assert [point["n"] for point in quarters] == [90] * 8
    assert {point["step_s"] for point in quarters} == {900.0}
    halves = two_hours("utilisation", *FIRST_HOURS, "--step", "30s", "--json").json
    assert [point["n"] for point in halves] == [3] * 240


def test_what_is_past_its_time_is_told_by_the_next_level(writer: Writer, two_hours: Run) -> None:
    """Where the single readings are gone the minutes answer, and say that they are minutes."""
    with writer.passing() as connection:
        while rollups.drop(connection, RAW, before=MIDNIGHT + DAY):
            pass
    found = two_hours("utilisation", *FIRST_HOURS, "--step", "30s", "--json").json
    assert {point["step_s"] for point in found} == {60.0}
    assert len(found) == 120


def test_years_are_told_by_the_day(two_hours: Run) -> None:
    """However long the time, there are never more than some thousand points."""
    found = two_hours("utilisation", "--since", "2018-01-01", "--json").json
    assert [(point["step_s"], point["n"]) for point in found] == [(DAY, 720)]
    assert {
        point["step_s"]
        for point in two_hours("--since", "2025-09-01", "--until", "2025-12-01", "--json").json
    } == {HOUR}


def test_more_points_than_anybody_reads_are_refused(two_hours: Run) -> None:
    """A step that is too fine for the time is a usage error that says what helps."""
    said = two_hours("utilisation", "--since", "2018-01-01", "--step", "1m")
    assert said.status == ExitCode.USAGE
    assert "take a longer --step or a shorter time" in said.err


def test_without_a_reading_all_are_told(two_hours: Run) -> None:
    """Readings that the device does not expose are left out; there is nothing for them."""
    assert {point["reading"] for point in two_hours(*FIRST_HOURS, "--json").json} == {"utilisation"}


def test_a_spreadsheet_gets_the_same(two_hours: Run) -> None:
    """The columns are the document's fields."""
    rows = list(csv.DictReader(io.StringIO(two_hours("utilisation", *FIRST_HOURS, "--csv").out)))
    assert list(rows[0]) == [
        "at",
        "device",
        "reading",
        "step_s",
        "n",
        "min",
        "mean",
        "max",
        "p50",
        "p90",
        "p99",
    ]
    assert (len(rows), rows[0]["mean"]) == (120, "0.625")


def test_a_person_gets_a_table(two_hours: Run) -> None:
    """The title says how long each line's stretch is."""
    lines = two_hours("utilisation", *FIRST_HOURS).out.splitlines()
    assert lines[0] == "cuda:0 utilisation, by the minute"
    assert lines[1].split() == ["AT", "(UTC)", "MIN", "MEAN", "MAX", "P99", "N"]
    assert lines[2].split()[2:] == ["50.0%", "62.5%", "75.0%", "74.8%", "6"]


def test_memory_is_told_in_units() -> None:
    """Nobody reads ten digits: the table and the drawing say GiB."""
    bucket = Bucket(
        at=MIDNIGHT, n=2, least=1 << 30, mean=3 << 29, greatest=2 << 30, sketch=sketch.of([float(2 << 30)])
    )
    series = [Series("cpu", "memory_used_bytes", None, [bucket])]
    assert "1.0 GiB  1.5 GiB  2.0 GiB" in device_history.text(series)
    assert device_history.drawing(series, 80).splitlines()[1].startswith("  2.0 GiB")


def test_a_drawing_fits_every_terminal(two_hours: Run) -> None:
    """The chart has its title, the values at its side and both ends of the time, in 80 columns."""
    lines = two_hours("utilisation", *FIRST_HOURS, "--plot").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "cuda:0 utilisation, by the minute"
    assert lines[1].split()[0] == "100.0%"
    assert lines[-1].split() == ["2025-11-26", "00:00:00", "2025-11-26", "01:59:00"]
    assert any("\u2800" < glyph <= "\u28ff" for line in lines for glyph in line)


def test_an_unknown_word_is_told_with_those_that_are_known(two_hours: Run, ask: Run) -> None:
    """A mistyped device or reading is answered with what there is."""
    said = two_hours("utilization")
    assert "Did you mean 'utilisation'?" in said.err
    said = ask("history", "--device", "cuda:7")
    assert "Did you mean 'cuda:0'?" in said.err
    assert said.status == ExitCode.USAGE


def test_words_that_do_not_go_together_are_a_usage_error(two_hours: Run, ask: Run) -> None:
    """Each is told in a sentence."""
    for said, sentence in (
        (ask("history"), "Name a model, or a device with --device."),
        (two_hours("utilisation", "accuracy"), "one word at most"),
        (two_hours("utilisation", "--since", "1h", "--until", "2h"), "--until is not after --since."),
        (two_hours("utilisation", "--plot", "--csv"), "exclude each other"),
        (two_hours("utilisation", "--step", "0s"), "longer than nothing"),
        (two_hours("utilisation", "--step", "often"), "expected a length of time"),
    ):
        assert said.status == ExitCode.USAGE
        assert sentence in said.err


def test_readings_go_into_a_parquet_file(two_hours: Run, tmp_path: Path) -> None:
    """The file holds what JSON holds, step and percentiles included."""
    file = tmp_path / "card.parquet"
    assert two_hours("utilisation", *FIRST_HOURS, "--parquet", str(file)).status == ExitCode.DONE
    rows = pyarrow.parquet.read_table(file).to_pylist()
    expected = two_hours("utilisation", *FIRST_HOURS, "--json").json
    assert [row | {"at": None} for row in rows] == [row | {"at": None} for row in expected]
    assert [row["at"] for row in rows] == [datetime.fromisoformat(row["at"]) for row in expected]
