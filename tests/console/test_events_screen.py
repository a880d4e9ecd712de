"""The screen of faults and events, on a real database: what its keys ask for, and how it follows the log."""

from storage.database import Writer
from storage.tables import events, faults
from storage.vocabulary import JobKind
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import read_it, shows, told
from tests.console.stage import NOW
from tests.console.test_actions import answered
from tests.console.test_screens import LARGE, SMALL


async def test_a_acknowledges_the_fault(open_console: Open, faulty: Workspace, writer: Writer) -> None:
    """A asks the engine to record that a fault is known."""
    async with open_console(faulty).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "1 FAULT")
        await pilot.press("5")
        await shows(pilot, "2 open faults")
        await shows(pilot, "> ")
        await pilot.press("a")
        [job] = await answered(writer)
    with writer.transaction() as connection:
        known = faults.read_one(connection, job.parameters.fault or 0)
    assert (job.kind, job.model) == (JobKind.ACKNOWLEDGE, "seg-unet")
    assert known is not None
    assert known.code == "changed"


async def test_f_mends_the_fault(open_console: Open, faulty: Workspace, writer: Writer) -> None:
    """F asks, then has the files restored where that mends a fault; of another one it says what does."""
    async with open_console(faulty).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "1 FAULT")
        await pilot.press("5")
        await shows(pilot, "what helps: modeltender repair seg-unet")
        await pilot.press("f")
        await shows(pilot, "Restore seg-unet?")
        await read_it(pilot)
        await pilot.press("y")
        [job] = await answered(writer)
        await pilot.press("j")
        await shows(pilot, "what helps: Add some.")
        await pilot.press("f")
        await told(pilot, "Add some.")
    assert (job.kind, job.model, job.version) == (JobKind.REPAIR, "seg-unet", 1)


async def test_newest_event_is_followed_until_one_looks_back(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """The cursor goes on to each new event, stays on an older one that was chosen, and end follows again."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("5")
        await shows(pilot, "Events 6  live")
        with writer.transaction() as connection:
            events.add(connection, "told", "a first new thing", at=NOW)
        await shows(pilot, lambda shown: shown.count("a first new thing") == 2)
        await pilot.press("j")
        await shows(pilot, "end follows")
        with writer.transaction() as connection:
            events.add(connection, "told", "a second new thing", at=NOW)
        shown = await shows(pilot, "a second new thing")
        assert shown.count("a second new thing") == 1
        await pilot.press("end")
        await shows(pilot, lambda shown: shown.count("a second new thing") == 2 and "live" in shown)


async def test_log_reaches_further_back_than_the_overview(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """While it is open the screen of events has hundreds of them."""
    with writer.transaction() as connection:
        for number in range(300):
            events.add(connection, "told", f"thing {number}", at=NOW)
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("5")
        await shows(pilot, "Events 306")
        await pilot.press("G")
        await shows(pilot, "the engine works on 6 models")
