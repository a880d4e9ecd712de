"""The screens' tables as figures: whole, unrounded, and harmless in a spreadsheet."""

import csv
import io

import pytest

from storage import snapshot
from storage.database import Reader, Writer
from storage.snapshot import Snapshot
from storage.tables import faults
from tests.console.stage import NOW, Played, add_model, fill
from tui import sheets
from tui.sheets import FORMULA, Sheet


@pytest.fixture
def shown(writer: Writer, reader: Reader) -> Snapshot:
    """Return a busy day's records."""
    with writer.transaction() as connection:
        fill(connection)
        faults.open_fault(connection, "changed", "it changed", at=NOW, model="seg-unet", version=1)
    return snapshot.read(reader)


def parsed(sheet: Sheet) -> list[dict[str, str]]:
    """Return a sheet as a program reads its CSV."""
    return list(csv.DictReader(io.StringIO(sheet.as_csv())))


def test_figures_are_whole(shown: Snapshot) -> None:
    """A model's row has its figure with the interval and what it was measured on, unrounded, and its latency."""
    rows = {row["model"]: row for row in parsed(sheets.of_models(shown.models, shown.jobs, NOW))}
    mnist = rows["mnist"]
    assert (mnist["version"], mnist["candidate"], mnist["metric"]) == ("2", "3", "accuracy")
    current = next(model for model in shown.models if model.name == "mnist").current
    assert current is not None
    assert current.evaluation is not None
    metric = current.evaluation.metric("accuracy")
    assert metric is not None
    assert (float(mnist["value"]), float(mnist["low"])) == (metric.value, metric.low)
    assert int(mnist["examples"]) == metric.n
    assert mnist["evaluated_at"].endswith("Z")
    assert rows["text-intent"]["value"] == ""


@pytest.mark.parametrize("make", ["models", "versions", "jobs", "devices", "faults", "events"])
def test_every_row_has_every_column(shown: Snapshot, reader: Reader, make: str) -> None:
    """No sheet is empty here, and each row is as long as the headings."""
    detail = snapshot.read_detail(reader, "mnist")
    assert detail is not None
    found = {
        "models": sheets.of_models(shown.models, shown.jobs, NOW),
        "versions": sheets.of_versions(detail.versions),
        "jobs": sheets.of_jobs(shown.jobs),
        "devices": sheets.of_devices(shown.devices),
        "faults": sheets.of_faults(shown.faults),
        "events": sheets.of_events(shown.events),
    }[make]
    assert found.rows
    assert {len(row) for row in found.rows} == {len(found.headings)}
    assert len(parsed(found)) == len(found.rows)


@pytest.mark.parametrize("begin", FORMULA)
def test_no_cell_is_a_formula(begin: str) -> None:
    """A text that a spreadsheet would compute is made a text to it, wherever it comes from."""
    [row] = parsed(Sheet(("name",), ((f"{begin}HYPERLINK(1)",),)))
    assert not row["name"].startswith(FORMULA)
    assert "HYPERLINK(1)" in row["name"]


def test_a_negative_figure_stays_one() -> None:
    """What is a number is written as one: only texts are guarded."""
    assert Sheet(("change",), ((-0.25,),)).as_csv() == "change\n-0.25\n"


def test_hostile_names_stay_in_their_cells(writer: Writer, reader: Reader) -> None:
    """Quotes, commas, line ends and escape sequences in a name neither make another cell nor steer a terminal."""
    name = '=cmd|"/C calc",\r\n\x1b[2J\x07x'
    with writer.transaction() as connection:
        add_model(connection, name, Played(1, (0.9,)))
    shown = snapshot.read(reader)
    text = sheets.of_models(shown.models, shown.jobs, NOW).as_csv()
    [row] = parsed(sheets.of_models(shown.models, shown.jobs, NOW))
    assert len(text.splitlines()) == 2
    assert row["model"].startswith("'=cmd")
    assert row["version"] == "1"
    assert "\x1b" not in text
    assert "\x07" not in text
