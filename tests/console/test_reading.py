"""Sentences that have no room below a list: how they are read in full, and which keys are offered meanwhile."""

import pytest

from storage.database import Writer
from storage.fault_records import Remedy
from storage.tables import faults
from storage.vocabulary import RepairKind
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import shows
from tests.console.stage import NOW
from tests.console.test_actions import select

SMALL = (80, 24)

LONG = " ".join(f"figure {number:02} is worse" for number in range(30))


@pytest.fixture
def wordy(staged: Workspace, writer: Writer) -> Workspace:
    """Return the stage with one fault of many words."""
    with writer.transaction() as connection:
        faults.open_fault(connection, "below", LONG, at=NOW - 60, model="seg-unet", version=1)
        [fault] = faults.all_open(connection)
        faults.set_remedies(connection, fault.id, (Remedy(RepairKind.ROLLBACK, "deploys version 0"),))
    return staged


async def test_a_long_fault_is_read_in_full(open_console: Open, wordy: Workspace) -> None:
    """Lines that have no room name the key that shows them; esc gives the lists back with the cursor where it was."""
    async with open_console(wordy).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("5")
        shown = await shows(pilot, "more lines: z shows them")
        assert "z read all" in shown
        assert "what helps" not in shown
        await pilot.press("z")
        shown = await shows(pilot, lambda shown: "z all panels" in shown and "what helps" in shown)
        assert "Events 6" not in shown
        await pilot.press("escape")
        shown = await shows(pilot, "Events 6")
        assert "> 14:22 ! seg-unet v1" in shown


async def test_more_than_a_page_is_paged_through(open_console: Open, compared: Workspace) -> None:
    """Where all the room is not enough, the frame says how many lines are below, and a page goes on to them and back."""
    async with open_console(compared).run_test(size=(60, 16)) as pilot:
        await select(pilot, "mnist")
        await pilot.press("6")
        await shows(pilot, "more lines: z shows them")
        await pilot.press("z")
        await shows(pilot, "more lines: pg↓")
        await pilot.press("pagedown", "pagedown", "pagedown")
        await shows(pilot, lambda shown: "test-set" in shown and "superior in accuracy" not in shown)
        await pilot.press("pageup", "pageup", "pageup")
        await shows(pilot, lambda shown: "test-set" not in shown and "superior in accuracy" in shown)


async def test_rows_are_gone_through_while_one_is_read(open_console: Open, wordy: Workspace) -> None:
    """With all the room the arrows go on to the next event, tab to the fault, and the filter has its list again."""
    async with open_console(wordy).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("5")
        await shows(pilot, "Faults 1")
        await pilot.press("tab", "z")
        await shows(pilot, lambda shown: "notes.onnx is no model" in shown and "Faults 1" not in shown)
        await pilot.press("j")
        await shows(pilot, "version 2 cannot be loaded: the archive is truncated")
        await pilot.press("tab")
        await shows(pilot, "figure 00")
        await pilot.press("slash", *"gate", "enter")
        await shows(pilot, "Events 1 of 6")


async def test_what_fits_is_not_offered_to_be_read(open_console: Open, faulty: Workspace) -> None:
    """A key that would show nothing else is not in the footer, nor one about a fault while an event is chosen."""
    async with open_console(faulty).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("5")
        shown = await shows(pilot, "f restores the files")
        assert "f mend" in shown
        assert "a ack" in shown
        assert "tab events" in shown
        assert "read all" not in shown
        await pilot.press("j")
        await shows(pilot, "f what helps")
        await pilot.press("tab")
        shown = await shows(pilot, "tab faults")
        assert "f mend" not in shown
        assert "a ack" not in shown


async def test_a_row_about_no_model_opens_none(open_console: Open, staged: Workspace) -> None:
    """Opening is offered where there is something to open."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("5")
        await shows(pilot, "⏎ open")
        await pilot.press("G")
        await shows(pilot, lambda shown: "the engine works on 6 models" in shown and "⏎ open" not in shown)
