"""The one thing to do next about a model: what is broken, then what is missing, then what would be good to have."""

import pytest
from msgspec.structs import replace

from storage import jobs, snapshot
from storage.database import Reader, Writer
from storage.fault_records import Remedy
from storage.tables import faults, models
from storage.vocabulary import JobKind, JobState, RepairKind, Status
from tests.console.stage import NOW, PASSED, REFUSED, Played, add_model, deploy
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
        faults.open_fault(connection, "no-data", "There are no test data.", at=NOW, model=NAME)
    assert of_model(seen(reader, no_settings=True)) == "5 shows what helps: There are no test data"
    with writer.transaction() as connection:
        [fault] = faults.all_open(connection)
        connection.execute("UPDATE faults SET state = 'acknowledged' WHERE id = ?", (fault.id,))
    assert "e shows one" in of_model(seen(reader, no_settings=True))


def test_files_that_can_be_restored_name_their_key(
    ids: dict[int, int], writer: Writer, reader: Reader
) -> None:
    """Where a key mends it, it is that key."""
    with writer.transaction() as connection:
        faults.open_fault(
            connection, "changed", "v1 changed", at=NOW, model=NAME, repair="modeltender repair digits"
        )
    assert of_model(seen(reader)) == "f restores the files: v1 changed"
    assert of_model(seen(reader)._replace(read_only=True)) == "v1 changed"


def test_a_fault_with_repairs_begins_with_the_key(
    ids: dict[int, int], writer: Writer, reader: Reader
) -> None:
    """What a key mends comes before what none does, and the key before the figures, which may be cut off."""
    with writer.transaction() as connection:
        faults.open_fault(connection, "below", "v1 is below 0.9.", at=NOW, model=NAME)
        faults.open_fault(connection, "no-data", "There are no test data.", at=NOW + 1, model=NAME)
        fault = next(one for one in faults.all_open(connection) if one.code == "below")
        ways = (Remedy(RepairKind.ROLLBACK, "deploys version 0"), Remedy(RepairKind.RETRAIN, "trains it"))
        faults.set_remedies(connection, fault.id, ways)
    view = seen(reader)
    assert of_model(view) == "f mends it (roll back or retrain): v1 is below 0.9"
    assert labels(view)["app.repair"] == "mend"
    with writer.transaction() as connection:
        faults.acknowledge(connection, fault.id, by="ann")
    assert of_model(seen(reader)) == "5 shows what helps: There are no test data"
    assert "app.repair" not in labels(seen(reader))


def test_broken_settings_come_first(ids: dict[int, int], writer: Writer, reader: Reader) -> None:
    """What keeps a model from being measured at all is said before anything else."""
    with writer.transaction() as connection:
        [row] = models.model_rows(connection)
        models.set_settings(connection, row["id"], task=None, problem="model.toml: task: unknown")
        faults.open_fault(connection, "changed", "v1 changed", at=NOW, model=NAME)
    assert of_model(seen(reader)) == "7 shows the settings: model.toml: task: unknown"


def test_what_is_broken_names_the_key_that_brings_it_back(
    ids: dict[int, int], writer: Writer, reader: Reader
) -> None:
    """A deployed version that is gone is restored by a key, which comes first; who only reads is told no key."""
    with writer.transaction() as connection:
        models.set_version(connection, ids[1], status=Status.MISSING, reason="its files are gone")
    assert of_model(seen(reader)) == "f restores it: v1 is missing: its files are gone"
    assert of_model(seen(reader)._replace(read_only=True)) == "v1 is missing: its files are gone"


def test_the_way_back_is_named_where_there_is_one(writer: Writer, reader: Reader) -> None:
    """What cannot be loaded any more is replaced by what was deployed before it; without that nothing is promised."""
    with writer.transaction() as connection:
        made = add_model(connection, NAME, Played(1, (0.9,)), Played(2, (0.91,)))
        deploy(connection, made, current=2, previous=1, at=NOW - 60)
        models.set_version(connection, made[2], status=Status.FAILED, reason="It is truncated.")
    assert of_model(seen(reader)) == "u rolls back: v2 failed: It is truncated."


def test_a_fault_comes_before_what_is_held_back(writer: Writer, reader: Reader) -> None:
    """What is wrong with what is deployed is said before a candidate that is no better, and after one that may take its place."""
    with writer.transaction() as connection:
        made = add_model(connection, NAME, Played(1, (0.9,)), Played(2, (0.91,)))
        deploy(connection, made, current=1, previous=None, at=NOW - 60)
        models.set_gate(connection, made[2], REFUSED)
    assert of_model(seen(reader)) == "v2 is held back (inferior): p shows why"
    with writer.transaction() as connection:
        faults.open_fault(
            connection, "changed", "v1 changed.", at=NOW, model=NAME, repair="modeltender repair digits"
        )
    assert of_model(seen(reader)) == "f restores the files: v1 changed"
    with writer.transaction() as connection:
        models.set_gate(connection, made[2], replace(PASSED, against=1))
    assert of_model(seen(reader)) == "5 shows the fault; v2 passed the gate (superior): p promotes it"
    assert (
        of_model(seen(reader)._replace(read_only=True)) == "5 shows the fault; v2 passed the gate (superior)"
    )


def test_a_candidate_is_being_evaluated_only_while_a_job_does_it(writer: Writer, reader: Reader) -> None:
    """Whose evaluation has failed is no candidate that comes: its fault is told, and without one the key that evaluates it."""
    with writer.transaction() as connection:
        add_model(connection, NAME, Played(1, (0.9,)))
        asked = jobs.add(connection, JobKind.EVALUATE, NAME, 1, requested_by="ann", now=NOW)
    assert of_model(seen(reader)) == "v1 is a candidate and is being evaluated"
    with writer.transaction() as connection:
        jobs.finish(connection, asked.id, JobState.FAILED, now=NOW, error="It holds texts.")
    assert (
        of_model(seen(reader)) == "v1 is a candidate without a verdict: r on the model's screen evaluates it"
    )
    assert of_model(seen(reader)._replace(read_only=True)) == "v1 is a candidate without a verdict"
    with writer.transaction() as connection:
        faults.open_fault(connection, "evaluation-failed", "It holds texts.", at=NOW, model=NAME, version=1)
    assert of_model(seen(reader)) == "5 shows what helps: It holds texts"
