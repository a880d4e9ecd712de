"""What the console says of what was refused: why, what was found, and how its owner allows it, at 80 columns too."""

import pytest

from storage.database import Writer
from storage.records import Refusal
from storage.tables import models, quarantine
from storage.vocabulary import Custody, Format, Status
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import shows
from tests.console.stage import NOW
from tests.console.test_actions import select

REASON = "model.keras asks Keras to run code of its own (Lambda layer 'scale')"


@pytest.fixture
def refused(staged: Workspace, writer: Writer) -> Workspace:
    """Return the stage with a refused version of one model, and something kept of another one's inbox."""
    with writer.transaction() as connection:
        newest = models.versions(connection, "mnist")[0]
        models.set_version(
            connection,
            newest.id,
            status=Status.QUARANTINED,
            reason=REASON,
            refusal=Refusal(at=NOW, evidence=("Lambda layer 'scale'", "keras.utils.get_file"), liftable=True),
        )
        entry = quarantine.intend(
            connection,
            model="digits-onnx",
            name="[bold]evil[/].keras",
            sha256="a" * 64,
            kind=Format.KERAS,
            size=1000,
            reason="evil.keras unpacks to 300 MiB from 0.3 MiB, as only a zip bomb does",
            evidence=(),
            liftable=False,
            at=NOW,
        )
        quarantine.set_state(connection, entry, Custody.KEPT)
    return staged


async def test_a_refused_version_says_why_and_how_to_allow_it(open_console: Open, refused: Workspace) -> None:
    """The table marks the model; its screen has the whole reason, the evidence and the command to type."""
    async with open_console(refused).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "v3 QUARANT.")
        await select(pilot, "mnist")
        await pilot.press("enter")
        shown = await shows(pilot, "Why v3 is in quarantine")
        flat = " ".join(shown.replace("│", " ").split())
        for part in (
            "(Lambda layer 'scale')",
            "keras.utils.get_file",
            "modeltender trust mnist@3 --reason …",
        ):
            assert part in flat
        assert "r evaluates" not in shown.split("Why v3")[1].split("Latency")[0]


async def test_what_is_in_quarantine_marks_its_model(open_console: Open, refused: Workspace) -> None:
    """The table counts it, and the model's screen names it, its markup shown and not obeyed."""
    async with open_console(refused).run_test(size=(160, 45)) as pilot:
        await shows(pilot, "digits-onnx")
        await select(pilot, "digits-onnx")
        await pilot.press("enter")
        shown = await shows(pilot, "[bold]evil[/].keras")
        assert "quarantined: evil.keras unpacks" in shown
