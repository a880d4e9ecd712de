"""Jobs, faults and events, devices, the filter, the order, the span and the palette, on a real database."""

import random

import pytest

from storage import jobs
from storage.database import Writer
from storage.fault_records import Fault
from storage.tables import engine, events, faults
from storage.vocabulary import FaultState, JobKind, JobState
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import read_it, shows, text, told
from tests.console.stage import NOW
from tests.console.test_actions import answered, asked, select
from tui.keys import KEYS, Where
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


async def test_job_under_the_cursor_is_told_in_full(open_console: Open, staged: Workspace) -> None:
    """What runs has its rate and the time left; what failed, its error and its hint."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        shown = await shows(pilot, "6,820 of 11,005")
        assert "J3" in shown
        assert "0:15 left" in shown
        await pilot.press("j", "j")
        shown = await shows(pilot, "J2 evaluate seg-unet v2")
        assert "seg-unet@2 cannot be loaded: the archive is truncated." in shown
        assert "Copy it again." in shown


async def test_c_cancels_the_job_under_the_cursor(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """The job that is named in the question is the one that is cancelled, whatever model is selected."""
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        await pilot.press("j", "c")
        await shows(pilot, "Cancel J4?")
        await read_it(pilot)
        await pilot.press("y")
        await told(pilot, "J4 cancelled: evaluate churn-mlp v1")
        await shows(pilot, "CANCELLED")
    with writer.transaction() as connection:
        found = {job.id: job.state for job in jobs.read(connection, limit=9)}
    assert (found[4], found[3]) == (JobState.CANCELLED, JobState.RUNNING)


async def test_r_runs_a_job_again(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """What ended is asked for once more, exactly as it was; what has not is not."""
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        await pilot.press("r")
        await told(pilot, "J3 has not ended yet.")
        await pilot.press("j", "j", "r")
        [job] = await answered(writer)
        await told(pilot, f"J{job.id} queued: evaluate seg-unet v2")
    assert (job.kind, job.model, job.version) == (JobKind.EVALUATE, "seg-unet", 2)


async def test_the_footer_offers_what_can_be_done_with_the_job(open_console: Open, staged: Workspace) -> None:
    """Cancelling is offered for what runs or waits, running again for what has ended, and neither for no job at all."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        shown = await shows(pilot, "c cancel")
        assert "r run again" not in shown
        await pilot.press("j", "j")
        shown = await shows(pilot, "r run again")
        assert "c cancel" not in shown
        await pilot.press("slash", *"nothing", "enter")
        await shows(pilot, lambda shown: "c cancel" not in shown and "r run again" not in shown)


async def test_a_promotion_is_not_run_again_by_a_key(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """What changed what is deployed is asked for anew, with the question that shows it."""
    with writer.transaction() as connection:
        job = jobs.add(connection, JobKind.PROMOTE, "mnist", 3, requested_by="ann", now=NOW)
        jobs.finish(connection, job.id, JobState.FAILED, now=NOW, error="refused")
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, "Jobs 5")
        await pilot.press("slash", *"promote", "enter")
        await shows(pilot, "Jobs 1 of 5")
        await pilot.press("r")
        await told(pilot, f"J{job.id} changed what is deployed")
    assert [found.id for found in asked(writer)] == [job.id]


async def test_cursor_stays_on_its_job(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """A job that comes or ends never moves the cursor to another one."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        await pilot.press("j")
        await shows(pilot, "J4 evaluate churn-mlp v1")
        with writer.transaction() as connection:
            jobs.finish(connection, 3, JobState.SUCCEEDED, now=NOW, message="well")
            jobs.add(connection, JobKind.LATENCY, "mnist", 2, requested_by="ann", now=NOW)
        shown = await shows(pilot, "Jobs 5")
        assert "> J4 " in shown


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


async def test_enter_opens_the_model_of_a_row(open_console: Open, staged: Workspace) -> None:
    """Enter on a job opens the model that it is about."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        await pilot.press("enter")
        await shows(pilot, "modeltender > speech-cmd")


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


async def test_without_engine_no_time_is_left_for_a_job(
    open_console: Open, forsaken: Workspace, writer: Writer
) -> None:
    """What was left of a job is told as it was at the engine's last beat: the clock alone neither slows it nor ends it."""
    with writer.passing() as connection:
        engine.beat(connection, now=NOW - 5, rss_bytes=1, cpu_percent=1.0, hosts=())
    async with open_console(forsaken).run_test(size=SMALL) as pilot:
        await shows(pilot, "ENGINE DOWN")
        await pilot.press("4")
        await shows(pilot, "6,820 of 11,005, 341 a second, about 0:12 left")
