"""The console's end, seen from inside: what still arrives while the widgets go."""

import pytest

from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import shows
from tests.console.test_overview import SMALL
from tui.console_screen import ConsoleScreen
from tui.widgets.key_bar import KeyBar


@pytest.mark.parametrize("keys", [(), ("enter",)], ids=["overview", "detail"])
async def test_news_that_arrives_while_the_console_is_taken_down(
    open_console: Open, staged: Workspace, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]
) -> None:
    """A screen that has lost its widgets is not filled any more."""
    taken_down: list[ConsoleScreen] = []

    def refill(bar: KeyBar) -> None:
        screen = bar.app.screen_stack[-1]
        assert isinstance(screen, ConsoleScreen)
        taken_down.append(screen)
        screen.refill()

    monkeypatch.setattr(KeyBar, "on_unmount", refill, raising=False)
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "need you")
        await pilot.press(*keys)
        if keys:
            await shows(pilot, "modeltender >")
    assert taken_down
