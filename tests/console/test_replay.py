"""The console in the past: stepping, going to a time, what is switched off, and the way back."""

import random

import pytest

from storage.database import Writer
from storage.tables import events
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import Console, shows, text, told
from tests.console.stage import NOW
from tests.console.test_actions import asked, select
from tests.console.test_screens import LEAVING, OPENS, TITLES
from tui.keys import KEYS

SMALL, LARGE = (80, 24), (160, 45)


async def _back(pilot: Console, clock: str) -> str:
    """Step back once and wait for the moment."""
    await pilot.press("left_curly_bracket")
    return await shows(pilot, f"REPLAY 2025-11-24 {clock} UTC")


async def test_stepping_stops_where_something_happened(open_console: Open, staged: Workspace) -> None:
    """Each step back is one more recorded moment away, each step forth one less, and beyond the last it is live again."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        shown = await shows(pilot, "J4    evaluate churn-mlp v1")
        assert "REPLAY" not in shown
        assert "J4    evaluate churn-mlp v1" in await _back(pilot, "14:22:57")
        shown = await _back(pilot, "14:22:42")
        assert "J4  " not in shown
        assert "J3    evaluate speech-cmd v4" in shown
        await _back(pilot, "14:22:37")
        await pilot.press("right_curly_bracket")
        await shows(pilot, "REPLAY 2025-11-24 14:22:42 UTC")
        await pilot.press("right_curly_bracket", "right_curly_bracket")
        await shows(pilot, lambda shown: "REPLAY" not in shown and "14:23 UTC" in shown)


async def test_every_screen_has_the_mark_and_the_way_back(open_console: Open, staged: Workspace) -> None:
    """In the past each screen says which moment it shows, and one key ends it wherever it is pressed."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        for where, key in OPENS.items():
            await _back(pilot, "14:22:57")
            await pilot.press(key)
            shown = await shows(pilot, TITLES[where])
            assert "REPLAY 2025-11-24 14:22:57 UTC" in shown.splitlines()[0]
            assert "The past: L ends it." in shown.splitlines()[1]
            assert "L live" in shown.splitlines()[-1]
            await pilot.press("L")
            await shows(pilot, lambda shown: "REPLAY" not in shown)


async def test_figures_and_versions_are_those_of_then(open_console: Open, staged: Workspace) -> None:
    """Two days ago another version was deployed, the newest one had not been found, and ages count from then."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await select(pilot, "mnist")
        assert " v2 " in next(line for line in text(pilot).splitlines() if "mnist " in line)
        await pilot.press("at", *"2025-11-22 16:00", "enter")
        shown = await shows(pilot, "REPLAY 2025-11-22 16:00:00 UTC")
        row = next(line for line in shown.splitlines() if "mnist " in line)
        assert " v1 " in row
        await pilot.press("2")
        shown = await shows(pilot, "Versions")
        assert "● current" in next(line for line in shown.splitlines() if "v1 " in line and "0.9" in line)
        assert "v3 " not in shown


async def test_larger_steps_are_an_hour(open_console: Open, staged: Workspace) -> None:
    """( and ) go by an hour, and not before the first record."""
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("left_parenthesis")
        await shows(pilot, "REPLAY 2025-11-24 13:23:07 UTC")
        await pilot.press("left_parenthesis")
        await shows(pilot, "REPLAY 2025-11-24 12:23:07 UTC")
        await pilot.press("right_parenthesis")
        await shows(pilot, "REPLAY 2025-11-24 13:23:07 UTC")
        await pilot.press("at", *"2020-01-01", "enter")
        await shows(pilot, "REPLAY 2025-11-20 20:23:07 UTC")
        await told(pilot, "Nothing was recorded before 2025-11-20 20:23:07 UTC: this is the first moment.")
        await pilot.press("left_curly_bracket")
        await told(pilot, "Nothing was recorded before 2025-11-20 20:23:07 UTC.")


async def test_a_time_that_is_none_is_not_gone_to(open_console: Open, staged: Workspace) -> None:
    """What cannot be read as a time, or is not over yet, is answered below the line, and esc stays where one is."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("at", *"soon", "enter")
        await shows(pilot, "'soon' is neither an age")
        await pilot.press("ctrl+u", *"2030-01-01", "enter")
        await shows(pilot, "That is not over yet.")
        await pilot.press("escape")
        shown = await shows(pilot, lambda shown: "Show how things stood" not in shown)
        assert "REPLAY" not in shown


async def test_the_moment_of_an_event_is_offered(open_console: Open, staged: Workspace) -> None:
    """On the screen of events @ and Enter go to when the chosen one was written."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("5")
        await shows(pilot, "Events 6")
        await pilot.press("j", "j", "at")
        await shows(pilot, "2025-11-24 14:19:57")
        await pilot.press("enter")
        shown = await shows(pilot, "REPLAY 2025-11-24 14:19:57 UTC")
        assert "cannot be loaded" not in shown


@pytest.mark.parametrize(("screen", "key"), [("1", "p"), ("1", "s"), ("4", "c"), ("5", "a"), ("6", "r")])
async def test_nothing_is_done_in_the_past(
    open_console: Open, faulty: Workspace, writer: Writer, screen: str, key: str
) -> None:
    """Every acting key answers with one sentence, asks for nothing, and is left out of the footer."""
    async with open_console(faulty).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "1 FAULT")
        await _back(pilot, "14:22:57")
        await pilot.press(screen)
        await shows(pilot, lambda shown: screen == "1" or "esc back" in shown)
        offered = {part.strip() for part in text(pilot).splitlines()[-1].split("  ")}
        assert "L live" in offered
        assert not offered.intersection(f"{one.shown} {one.label}" for one in KEYS if one.engine)
        before = len(asked(writer))
        await pilot.press(key)
        await told(pilot, "This is the past")
        assert len(asked(writer)) == before


async def test_what_was_said_of_the_past_goes_with_it(open_console: Open, staged: Workspace) -> None:
    """Live again, no toast says that nothing can be done."""
    async with open_console(staged).run_test(size=LARGE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await _back(pilot, "14:22:57")
        await pilot.press("r")
        await told(pilot, "This is the past")
        await pilot.press("L")
        await shows(pilot, lambda shown: "REPLAY" not in shown and "This is the past" not in shown)


async def test_what_happens_meanwhile_does_not_disturb_the_past(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """News is not shown in the past; live again, it is there."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await shows(pilot, "Models 6")
        await _back(pilot, "14:22:57")
        with writer.transaction() as connection:
            events.add(connection, "told", "something new", at=NOW)
        await pilot.press("3", "1")
        assert "something new" not in await shows(pilot, "REPLAY 2025-11-24 14:22:57 UTC")
        await pilot.press("L")
        await shows(pilot, "something new")


async def test_what_is_not_recorded_is_said(open_console: Open, staged: Workspace) -> None:
    """Readings of before the first one are not made up: the line above the panels names them."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("left_parenthesis")
        shown = await shows(pilot, "REPLAY")
        assert "No engine then. Not recorded: readings" in shown
        await pilot.press("4")
        await shows(pilot, "nothing was recorded then")


async def test_random_keys_in_the_past_harm_nothing(
    open_console: Open, faulty: Workspace, writer: Writer
) -> None:
    """Any keys in any order in and out of the past, on terminals of any size: no crash, and nothing asked for."""
    chance = random.Random(11)
    acting = {name for key in KEYS if key.engine for name in key.keys.split(",")}
    names = sorted({name for key in KEYS for name in key.keys.split(",")} - LEAVING - acting)
    walking = ["left_curly_bracket", "left_parenthesis", "right_curly_bracket", "6", "7", "escape"]
    async with open_console(faulty, read_only=True).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        for _ in range(6):
            await pilot.press(*chance.choices([*names, *walking * 3], k=10))
            await pilot.resize_terminal(*chance.choice([SMALL, LARGE, (60, 16), (40, 10)]))
        await pilot.resize_terminal(*SMALL)
        await pilot.press(*["escape"] * 12, "L", "1")
        await shows(pilot, lambda shown: "REPLAY" not in shown and "⏎ open" in shown.splitlines()[-1])
        assert len(pilot.app.screen_stack) == 1
    assert asked(writer) == []
