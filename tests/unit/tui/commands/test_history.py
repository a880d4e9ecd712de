"""The history of a figure, for eyes, scripts and spreadsheets."""

import csv
import io

from storage.database import Writer
from storage.tables.thinning import MOST
from storage.vocabulary import ExitCode
from tests.unit.tui.commands.conftest import Run
from tests.unit.tui.commands.rows import NOW, add_evaluation


def test_values_come_oldest_first_over_all_versions(ask: Run) -> None:
    """A metric's values are in the order of time, each with its version and interval."""
    found = ask("history", "mnist", "accuracy", "--json").json
    assert [(point["version"], point["value"], point["n"]) for point in found] == [
        (1, 0.95, 2000),
        (1, 0.94, 2000),
        (2, 0.96, 2000),
    ]
    assert [point["at"] for point in found] == [
        "2025-06-15T15:06:40Z",
        "2025-06-15T15:07:40Z",
        "2025-06-15T15:08:40Z",
    ]


def test_without_a_metric_every_one_is_listed(ask: Run) -> None:
    """Leaving the metric out lists all of them, still in the order of time."""
    found = ask("history", "mnist", "--json").json
    assert [point["metric"] for point in found] == ["accuracy", "log_loss"] * 3


def test_latency_has_a_history_too(ask: Run) -> None:
    """A latency figure is asked for by its field's name; one that was never measured has no values."""
    assert [point["value"] for point in ask("history", "mnist", "p50_ms", "--json").json] == [0.41] * 3
    assert ask("history", "mnist", "p99_ms", "--json").json == []


def test_since_leaves_out_what_is_older(ask: Run) -> None:
    """Only values from the moment on are listed."""
    found = ask("history", "mnist", "accuracy", "--since", "2025-06-15T15:08:00", "--json").json
    assert [point["version"] for point in found] == [2]


def test_csv_holds_what_json_holds(ask: Run) -> None:
    """The columns are the document's fields, and a spreadsheet's reader gets the same values."""
    rows = list(csv.DictReader(io.StringIO(ask("history", "mnist", "accuracy", "--csv").out)))
    assert rows[0] == {
        "at": "2025-06-15T15:06:40+00:00",
        "version": "1",
        "metric": "accuracy",
        "value": "0.95",
        "low": str(0.95 - 0.01),
        "high": "0.96",
        "n": "2000",
    }
    assert len(rows) == 3


def test_an_unknown_metric_is_told_with_the_nearest(ask: Run) -> None:
    """A mistyped metric is answered with the one that was meant and with those that there are."""
    said = ask("history", "mnist", "acuracy")
    assert said.status == ExitCode.USAGE
    assert "Did you mean 'accuracy'?" in said.err
    assert "It has: accuracy, log_loss" in said.err


def test_two_forms_at_once_are_a_usage_error(ask: Run) -> None:
    """--json and --csv exclude each other, and so does a time that is none."""
    assert ask("history", "mnist", "--json", "--csv").status == ExitCode.USAGE
    assert ask("history", "mnist", "--since", "yesterday").status == ExitCode.USAGE


def test_a_person_gets_a_table(ask: Run) -> None:
    """Without a form asked for, the values stand in columns."""
    lines = ask("history", "mnist", "accuracy").out.splitlines()
    assert lines[0].split() == ["AT", "(UTC)", "VERSION", "METRIC", "VALUE", "LOW", "HIGH", "N"]
    assert lines[1].split() == [
        "2025-06-15",
        "15:06:40",
        "1",
        "accuracy",
        "0.9500",
        "0.9400",
        "0.9600",
        "2000",
    ]
    assert "No figures of digits in that time." in ask("history", "digits").out


def test_until_leaves_out_what_is_younger(ask: Run) -> None:
    """Only values before the moment are listed."""
    found = ask("history", "mnist", "accuracy", "--until", "2025-06-15T15:08:00", "--json").json
    assert [point["value"] for point in found] == [0.95, 0.94]
    said = ask("history", "mnist", "--since", "1h", "--until", "2h")
    assert said.status == ExitCode.USAGE


def test_a_step_keeps_the_last_value_of_each_version(ask: Run) -> None:
    """What is listed was measured: nothing is averaged over evaluations."""
    found = ask("history", "mnist", "accuracy", "--step", "1d", "--json").json
    assert [(point["version"], point["value"]) for point in found] == [(1, 0.94), (2, 0.96)]


def test_a_figure_is_drawn(ask: Run) -> None:
    """The chart has its title, its values and its time in 80 columns, and a figure without values says so."""
    lines = ask("history", "mnist", "accuracy", "--plot").out.splitlines()
    assert lines[0] == "accuracy, versions 1 to 2"
    assert max(map(len, lines)) <= 80
    assert lines[-1].split() == ["2025-06-15", "15:06:40", "2025-06-15", "15:08:40"]
    assert ask("history", "mnist", "p99_ms", "--plot").out == "No figures of mnist in that time.\n"


def test_a_table_of_thousands_of_values_is_thinned_and_says_so(ask: Run, writer: Writer) -> None:
    """Eyes get the last value of each step and are told so; scripts get every value."""
    with writer.transaction() as connection:
        version = connection.execute("SELECT id FROM versions ORDER BY id DESC LIMIT 1").fetchone()[0]
        for number in range(MOST + 1):
            add_evaluation(connection, version, None, accuracy=0.9, at=NOW + 3600 + 10.0 * number)
    said = ask("history", "digits", "accuracy", "--since", "2025-06-01")
    assert "of each 15s the last one of each version is told" in said.err
    assert 1000 < len(said.out.splitlines()) < MOST
    for form in ("--json", "--csv"):
        every = ask("history", "digits", "accuracy", "--since", "2025-06-01", form)
        assert every.err == ""
        assert (len(every.json) if form == "--json" else len(every.out.splitlines()) - 1) == MOST + 1
    assert len(ask("history", "digits", "accuracy", "--plot").out.splitlines()[-1]) <= 80
