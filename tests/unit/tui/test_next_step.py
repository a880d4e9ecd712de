"""The one thing to do next about a model: what is broken, then what is missing, then what would be good to have."""

import pytest

from storage import snapshot
from storage.database import Reader, Writer
from storage.fault_records import Remedy
from storage.tables import events, models
from storage.vocabulary import RepairKind
from tests.console.stage import NOW, Played, add_model, deploy
from tui.feed import News
from tui.footers import labels
from tui.next_step import of_model
from tui.view import View

NAME = "digits"


@pytest.fixture
def ids(writer: Writer) -> dict[int, int]:
    """Return the version of a model that is well."""
    with writer.transaction() as connection:
        made = add_model(connection, NAME, Played(1, (0.9,)))
        deploy(connection, made, current=1, previous=None, at=NOW - 60)
    return made


def seen(reader: Reader, *, no_settings: bool = False) -> View:
    """Return what a screen is given to show."""
    news = News(
        snapshot.read(reader),
        snapshot.read_detail(reader, NAME),
        engine_running=True,
        no_settings=no_settings,
    )
    return View(news, NOW, "gpu-box-1", "/srv/models", NAME)


def test_nothing_is_said_when_all_is_well(ids: dict[int, int], reader: Reader) -> None:
    """A model with figures and settings needs nobody."""
    assert of_model(seen(reader)) == ""
    assert of_model(seen(reader)._replace(selected=None)) == ""


def test_missing_settings_are_offered(ids: dict[int, int], reader: Reader) -> None:
    """Where nobody wrote settings the key that shows them is named."""
    assert "e shows one" in of_model(seen(reader, no_settings=True))
    assert of_model(seen(reader, no_settings=True)._replace(read_only=True)) == "no model.toml yet"


def test_a_fault_comes_before_what_is_missing(ids: dict[int, int], writer: Writer, reader: Reader) -> None:
    """An open fault is told with the way to what helps; one that is known is not."""
    with writer.transaction() as connection:
        events.open_fault(connection, "no-data", "There are no test data.", at=NOW, model=NAME)
    assert of_model(seen(reader, no_settings=True)) == "There are no test data: 5 says what helps"
    with writer.transaction() as connection:
        [fault] = events.faults(connection)
        connection.execute("UPDATE faults SET state = 'acknowledged' WHERE id = ?", (fault.id,))
    assert "e shows one" in of_model(seen(reader, no_settings=True))


def test_files_that_can_be_restored_name_their_key(
    ids: dict[int, int], writer: Writer, reader: Reader
) -> None:
    """Where a key mends it, it is that key."""
    with writer.transaction() as connection:
        events.open_fault(
            connection, "changed", "v1 changed", at=NOW, model=NAME, repair="modeltender repair digits"
        )
    assert of_model(seen(reader)) == "v1 changed: f restores the files"
    assert of_model(seen(reader)._replace(read_only=True)) == "v1 changed"


def test_a_fault_with_repairs_begins_with_the_key(
    ids: dict[int, int], writer: Writer, reader: Reader
) -> None:
    """What a key mends comes before what none does, and the key before the figures, which may be cut off."""
    with writer.transaction() as connection:
        events.open_fault(connection, "below", "v1 is below 0.9.", at=NOW, model=NAME)
        events.open_fault(connection, "no-data", "There are no test data.", at=NOW + 1, model=NAME)
        fault = next(one for one in events.faults(connection) if one.code == "below")
        ways = (Remedy(RepairKind.ROLLBACK, "deploys version 0"), Remedy(RepairKind.RETRAIN, "trains it"))
        events.set_remedies(connection, fault.id, ways)
    view = seen(reader)
    assert of_model(view) == "f mends it (roll back or retrain): v1 is below 0.9"
    assert labels(view)["app.repair"] == "mend"
    with writer.transaction() as connection:
        events.acknowledge(connection, fault.id, by="ann")
    assert of_model(seen(reader)) == "There are no test data: 5 says what helps"
    assert "app.repair" not in labels(seen(reader))


def test_broken_settings_come_first(ids: dict[int, int], writer: Writer, reader: Reader) -> None:
    """What keeps a model from being measured at all is said before anything else."""
    with writer.transaction() as connection:
        [row] = models.model_rows(connection)
        models.set_settings(connection, row["id"], task=None, problem="model.toml: task: unknown")
        events.open_fault(connection, "changed", "v1 changed", at=NOW, model=NAME)
    assert of_model(seen(reader)) == "model.toml: task: unknown"
