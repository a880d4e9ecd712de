"""The settings on the screen: what holds, where that is said, and that a changed file is seen."""

from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import Console, shows
from tests.console.test_actions import select

SMALL = (80, 24)


async def _open(pilot: Console) -> str:
    await select(pilot, "mnist")
    await pilot.press("7")
    return await shows(pilot, "modeltender > settings")


async def test_settings_say_where_they_come_from(open_console: Open, settled: Workspace) -> None:
    """Problems come first with their line, then what somebody wrote, then what holds by default."""
    async with open_console(settled).run_test(size=SMALL) as pilot:
        await _open(pilot)
        shown = await shows(pilot, "2 problems")
        lines = [" ".join(line.strip("│> ").split()) for line in shown.splitlines()]
        assert any(
            line.startswith("✗ gate.confidence mnist expected") and line.endswith("model.toml:5")
            for line in lines
        )
        assert 'schedule.evaluate mnist "15m" modeltender.toml:2' in lines
        assert 'objectives.accuracy mnist ">= 0.9" model.toml:2' in lines
        assert shown.index("limits.warm") < shown.index("schedule.evaluate") < shown.index("task")
        await shows(pilot, "How sure it must be that no candidate worse by the margin passes")
        await shows(pilot, "what is wrong: expected 0.5 to below 1, got 2")


async def test_a_changed_file_is_read_again(open_console: Open, settled: Workspace) -> None:
    """Who mends the file sees that at once, and who breaks it, too."""
    async with open_console(settled).run_test(size=SMALL) as pilot:
        await _open(pilot)
        await shows(pilot, "2 problems")
        settled.model_settings("mnist").write_text("[gate]\nconfidence = 0.9\n")
        await shows(pilot, "1 problem ")
        settled.settings_file.write_text('[schedule]\nevaluate = "15m"\n')
        await shows(pilot, "  3 set")
        settled.settings_file.write_text("[schedule\n")
        await shows(pilot, "1 problem ")
        await pilot.press("g")
        await shows(pilot, "what is wrong: not valid TOML")


async def test_settings_are_filtered(open_console: Open, settled: Workspace) -> None:
    """A word finds settings by their key, their value, or where they come from."""
    async with open_console(settled).run_test(size=SMALL) as pilot:
        await _open(pilot)
        await shows(pilot, "2 problems")
        await pilot.press("slash", *"from:model.toml", "enter")
        await shows(pilot, "Settings 2 of ")
        await pilot.press("escape")
        await shows(pilot, "limits.warm")


async def test_the_past_says_that_settings_are_of_now(open_console: Open, settled: Workspace) -> None:
    """Nobody records settings: in the past the screen says so."""
    async with open_console(settled).run_test(size=(80, 24)) as pilot:
        await _open(pilot)
        await pilot.press("left_curly_bracket")
        await shows(pilot, "as they are now: their past is not recorded")
