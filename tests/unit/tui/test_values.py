"""What can be copied of what is selected: one line each, as it would be typed."""

import pytest
from msgspec.structs import replace

from storage import snapshot
from storage.database import Reader, Writer
from storage.snapshot import Snapshot
from storage.tables import faults
from tests.console.stage import NOW, fill
from tui import values


@pytest.fixture
def shown(writer: Writer, reader: Reader) -> Snapshot:
    """Return a busy day's records."""
    with writer.transaction() as connection:
        fill(connection)
        faults.open_fault(
            connection,
            "changed",
            "it changed",
            at=NOW,
            model="seg-unet",
            repair="modeltender repair seg-unet",
        )
    return snapshot.read(reader)


def test_a_model_offers_what_commands_take(shown: Snapshot) -> None:
    """Its name, its version as commands name it, its figure, the path of its file and the hash."""
    mnist = next(model for model in shown.models if model.name == "mnist")
    found = dict(values.of_model(mnist, mnist.current, "/srv/models"))
    assert (found["model"], found["version"]) == ("mnist", "mnist@2")
    assert found["accuracy"].startswith("0.9")
    assert found["file"].startswith("/srv/models/models/mnist/2/")
    assert found["sha256"] == (mnist.current.sha256 if mnist.current else None)
    assert "problem" not in found


def test_a_failed_job_offers_its_error(shown: Snapshot) -> None:
    """What is looked for elsewhere is the error and what helps."""
    failed = next(job for job in shown.jobs if job.error)
    found = dict(values.of_job(failed))
    assert found["error"] == failed.error
    assert found["what helps"] == failed.hint


def test_a_fault_offers_its_repair_first(shown: Snapshot) -> None:
    """The command that ends it is what one wants to paste."""
    [fault] = shown.faults
    assert values.of_fault(fault)[0] == ("what helps", "modeltender repair seg-unet")


def test_events_and_devices_offer_theirs(shown: Snapshot) -> None:
    """An event offers its sentence, a device its name."""
    assert values.of_event(shown.events[0])[0].text == shown.events[0].message
    assert ("device", "cpu") in values.of_device(next(d for d in shown.devices if d.id == "cpu"))


def test_a_value_is_one_line_that_steers_nothing(shown: Snapshot) -> None:
    """What is pasted into a shell ends no line by itself, and no escape sequence reaches the clipboard."""
    hostile = replace(shown.jobs[0], error="rm -rf /\n\x1b[31mnow\r", message="")
    for value in values.of_job(hostile):
        assert value.text.isprintable()
        assert value.text
