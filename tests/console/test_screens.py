"""The way from screen to screen, devices, the filter, the order, the span and the palette, on a real database."""

import random

import pytest

from storage import jobs
from storage.database import Writer
from storage.fault_records import Fault
from storage.tables import faults
from storage.vocabulary import FaultState, JobKind
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import shows, text, told
from tests.console.stage import NOW
from tests.console.test_actions import asked, select
from tui.key import Where
from tui.keys import KEYS
from tui.widgets.model_table import ModelTable

SMALL, LARGE = (80, 24), (160, 45)

OPENS = {
    Where.OVERVIEW: "1",
    Where.DETAIL: "2",
    Where.DEVICES: "3",
    Where.JOBS: "4",
    Where.EVENTS: "5",
    Where.COMPARE: "6",
    Where.SETTINGS: "7",
}
"""The key of each screen."""

LEAVING = {"q", "ctrl+c", "enter"}
"""Keys that end the console, one of them by way of the actions that are found by words."""

TITLES = {
    Where.OVERVIEW: "Models 6",
    Where.DETAIL: "Versions",
    Where.DEVICES: "Devices 3",
    Where.JOBS: "Jobs 4",
    Where.EVENTS: "Events 6",
    Where.COMPARE: "Figures 10",
    Where.SETTINGS: "─ Settings ",
}


def _faults(writer: Writer) -> dict[str, Fault]:
    with writer.transaction() as connection:
        return {fault.code: fault for fault in faults.all_open(connection)}


async def test_a_closed_list_is_opened_as_if_it_were_new(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """It is the same screen, which was not built again: without its filter, the cursor on the first row, with what was written since."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, lambda shown: "Jobs 4" in shown and "> J" in shown)
        first = pilot.app.screen
        cursor = next(line for line in text(pilot).splitlines() if "> J" in line)[:10]
        await pilot.press("slash", *"evaluate", "enter", "j")
        await shows(pilot, "/ evaluate")
        await pilot.press("1")
        await shows(pilot, "Models 6")
        await pilot.press("4")
        shown = await shows(pilot, "Jobs 4 ")
        assert pilot.app.screen is first
        assert "/ evaluate" not in shown
        assert cursor in shown
        await pilot.press("1")
        await shows(pilot, "Models 6")
        jobs_known = "Jobs 5 "
        with writer.transaction() as connection:
            jobs.add(connection, JobKind.CHECK, "mnist", None, requested_by="test", now=NOW)
        await pilot.press("4")
        await shows(pilot, jobs_known)


@pytest.mark.parametrize("start", [Where.OVERVIEW, Where.EVENTS])
async def test_numbers_go_everywhere(open_console: Open, staged: Workspace, start: Where) -> None:
    """Each number opens its screen from the first and from the last one, and none is open twice."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await shows(pilot, "Models 6")
        for where in OPENS:
            for step in (start, where):
                await pilot.press(OPENS[step])
                await shows(pilot, TITLES[step])
        assert len(pilot.app.screen_stack) <= len(OPENS)


async def test_escape_goes_back_to_the_screen_below(open_console: Open, staged: Workspace) -> None:
    """Esc closes one screen at a time, as they were opened."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await shows(pilot, "Models 6")
        for key, title in (
            ("2", "Versions"),
            ("4", "Jobs 4"),
            ("escape", "Versions"),
            ("escape", "Models 6"),
        ):
            await pilot.press(key)
            await shows(pilot, title)


async def test_filter_chooses_at_once_and_esc_shows_all(open_console: Open, staged: Workspace) -> None:
    """Typing leaves out what does not match, Enter keeps that, Esc takes it back before it leaves the screen."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("5")
        await shows(pilot, "Events 6")
        await pilot.press("slash", *"model:mnist", "space", *"!gate")
        await shows(pilot, "Events 3 of 6")
        await pilot.press("enter", "j")
        await shows(pilot, "/ model:mnist !gate")
        await pilot.press("escape")
        await shows(pilot, "Events 6")
        await pilot.press("escape")
        await shows(pilot, "Models 6")


async def test_letters_of_a_filter_are_no_keys(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """What is typed into the filter acts on nothing: not even q, r or c."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("slash", *"qrcRps1345:?")
        await shows(pilot, "Models 0 of 6")
        await pilot.press("escape")
        await shows(pilot, "Models 6")
        assert len(pilot.app.screen_stack) == 1
    assert asked(writer) == []


async def test_models_are_filtered_and_turned_through(open_console: Open, staged: Workspace) -> None:
    """On the overview / chooses models, and n and N go round among them."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("slash", *"device:cpu", "space", *"!digits", "space", *"!seg", "enter")
        await shows(pilot, "Models 3 of 6")
        table = pilot.app.query_one(ModelTable)
        seen = [table.selected]
        for _ in range(3):
            await pilot.press("n")
            seen.append(table.selected)
        assert seen[0] == seen[3]
        assert len(set(seen)) == 3
        await pilot.press("N")
        assert table.selected == seen[2]


async def test_models_are_sorted_by_a_column(open_console: Open, staged: Workspace) -> None:
    """The title says what the table is sorted by; the cursor stays on its model; a second key turns it round."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await select(pilot, "mnist")
        await pilot.press("o", "o")
        shown = await shows(pilot, "by score")
        names = [
            line.split()[2] for line in shown.splitlines() if " v" in line and "0." in line and "│" in line[0]
        ]
        assert pilot.app.query_one(ModelTable).selected == "mnist"
        await pilot.press("O")
        shown = await shows(pilot, "reversed")
        assert shown.index("digits-onnx") < shown.index("seg-unet")
        assert names


async def test_span_of_the_charts(open_console: Open, staged: Workspace) -> None:
    """[ shows less time and says how much, down to nothing measured; ] shows more again."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await select(pilot, "mnist")
        for word in ("30 d", "7 d", "1 d", "1 h", "15 min"):
            await pilot.press("left_square_bracket")
            await shows(pilot, f"mnist  accuracy  {word}")
        await pilot.press("left_square_bracket")
        await shows(pilot, "mnist  accuracy  15 min")
        for _ in range(5):
            await pilot.press("right_square_bracket")
        await shows(pilot, lambda shown: "mnist  accuracy ─" in shown)


async def test_cursor_reads_exact_values(open_console: Open, staged: Workspace) -> None:
    """Comma goes back from the latest value, one measurement a time; a full stop beyond the last shows the latest again."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await select(pilot, "mnist")
        await pilot.press("2")
        await shows(pilot, "v3 0.9740 ±.0068 ─╯")
        await pilot.press("comma")
        await shows(pilot, "n=2000  v3 0.9740 ±.0068")
        await pilot.press("comma", "comma")
        await shows(pilot, "n=2000  v2 0.")
        await pilot.press("full_stop", "full_stop", "full_stop")
        await shows(pilot, lambda shown: "n=2000  v3" not in shown and "v3 0.9740 ±.0068 ─╯" in shown)


async def test_palette_does_what_it_finds(open_console: Open, staged: Workspace) -> None:
    """Any action of the screen is found by its words and done, here on the screen that it was opened from."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("colon")
        await shows(pilot, "Actions: overview")
        await pilot.press(*"faults", "enter")
        await shows(pilot, "Events 6")
        await pilot.press("ctrl+p")
        await shows(pilot, "Actions: events")
        await pilot.press(*"filter", "enter")
        await pilot.press(*"gate")
        await shows(pilot, "Events 1 of 6")


async def test_palette_asks_what_its_key_asks(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """An action that asks does so from the palette, too, and Enter twice confirms nothing."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await select(pilot, "mnist")
        await pilot.press("colon")
        await shows(pilot, "Actions: overview")
        await pilot.press(*"promote", "enter")
        await shows(pilot, "Promote mnist v3?")
        await pilot.press("enter")
        await shows(pilot, lambda shown: "Promote mnist" not in shown)
    assert asked(writer) == []


async def test_devices_say_what_is_known_and_why_the_rest_is_not(
    open_console: Open, staged: Workspace
) -> None:
    """Use with the last minute, memory, temperature, power, the job at work, and a reason for what is missing."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("3")
        shown = await shows(pilot, "Devices 3")
        for part in ("67°C", "412W", "61 of 140 GiB", "no counter", "J3 evaluate speech-cmd v4"):
            assert part in shown
        await pilot.press("G")
        await shows(pilot, "use n/a: no counter")
        await pilot.press("z", "z")
        await shows(pilot, "n/a: use, memory, temperature, power (no counter)")


@pytest.mark.parametrize(("screen", "key"), [("4", "r"), ("4", "c"), ("5", "a"), ("1", "f")])
async def test_read_only_answers(
    open_console: Open, faulty: Workspace, writer: Writer, screen: str, key: str
) -> None:
    """A read-only console leaves acting keys out of its footer and answers them."""
    async with open_console(faulty, read_only=True).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "1 FAULT")
        await pilot.press(screen)
        await shows(pilot, lambda shown: screen == "1" or "esc back" in shown)
        assert "cancel" not in text(pilot).splitlines()[-1]
        await pilot.press(key)
        await told(pilot, "This console is read-only")
    assert asked(writer) == []
    assert {fault.state for fault in _faults(writer).values()} == {FaultState.OPEN}


async def test_random_keys_harm_nothing(open_console: Open, faulty: Workspace, writer: Writer) -> None:
    """Any keys in any order, typed ahead of what they open, on terminals of any size: no crash, and nothing asked for."""
    chance = random.Random(7)
    names = sorted({name for key in KEYS for name in key.keys.split(",")} - LEAVING)
    async with open_console(faulty, read_only=True).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        for _ in range(4):
            await pilot.press(*chance.choices([*names, "x", "escape"], k=10))
            await pilot.resize_terminal(*chance.choice([SMALL, LARGE, (60, 16), (40, 10)]))
        await pilot.resize_terminal(*SMALL)
        await pilot.press(*["escape"] * 12, "1")
        await shows(pilot, lambda shown: "⏎ open" in shown.splitlines()[-1])
        assert len(pilot.app.screen_stack) == 1
    assert asked(writer) == []
    assert {fault.state for fault in _faults(writer).values()} == {FaultState.OPEN}


async def test_the_help_of_a_console_that_only_reads_fits_like_any_other(
    open_console: Open, staged: Workspace
) -> None:
    """That the keys that act are off takes no line from the keys."""
    async with open_console(staged, read_only=True).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Models")
        await pilot.press("question_mark")
        shown = await shows(pilot, "read-only: the keys that act are off   esc closes")
        assert "↓ more" not in shown
        assert "✗ error" in shown
