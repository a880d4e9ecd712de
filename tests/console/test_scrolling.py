"""What a cursor that goes through many models shows at once, and what only where it rests."""

import pytest
from rich.text import Text
from textual.color import Color
from textual.dom import DOMNode
from textual.strip import Strip

from storage.database import Writer
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import shows
from tests.console.stage import Played, add_model
from tui import navigation
from tui.screens.jobs import Jobs
from tui.widgets.lines import Lines
from tui.widgets.model_table import ModelTable
from tui.widgets.panel import Panel

SMALL, LARGE = (80, 24), (160, 45)

NEVER_S = 3600.0
"""The hand rests later than any test ends."""


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hand never rest."""
    monkeypatch.setattr(navigation, "RESTED_S", NEVER_S)


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
async def test_no_figures_of_another_model(
    open_console: Open, staged: Workspace, size: tuple[int, int]
) -> None:
    """Until a model is read, its charts have its name and nothing else: neither another's curve, nor that there is none."""
    async with open_console(staged).run_test(size=size) as pilot:
        await shows(pilot, "seg-unet  accuracy")
        await pilot.press("j", "j")
        shown = await shows(pilot, "─ churn-mlp  … ─")
        assert "seg-unet  accuracy ─" not in shown
        assert "mnist  accuracy ─" not in shown
        assert "seg-unet  p50" not in shown
        # The axis of a chart: there is none.
        assert not any("0.9" in line and "│" in line[8:12] for line in shown.splitlines()[12:])
        assert "no evaluations yet" not in shown


@pytest.mark.usefixtures("restless")
async def test_keys_are_about_the_model_under_the_cursor(open_console: Open, staged: Workspace) -> None:
    """What is said below the list and what the keys act on is the model that the cursor is on, read or not."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await shows(pilot, "seg-unet  accuracy")
        await pilot.press("j")
        await shows(pilot, "v3 passed the gate (superior): p promotes it")
        await pilot.press("k")
        await shows(pilot, lambda shown: "v3 is superior" not in shown)
        await pilot.press("j", "p")
        await shows(pilot, "Promote mnist v3?")


async def test_a_single_step_is_read_at_once(
    open_console: Open, staged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who goes to the next model and asks something about it does not wait for the hand to have rested."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await shows(
            pilot, lambda _text: isinstance(pilot.app, navigation.Navigation) and pilot.app._resting is None
        )
        monkeypatch.setattr(navigation, "RESTED_S", NEVER_S)
        await pilot.press("j")
        await shows(pilot, "─ mnist  accuracy ─")


async def test_models_that_a_hand_passes_over_are_not_read(
    open_console: Open, staged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a model's screen the first step is read at once, and those after it where the hand rests; until then no panel has anything."""
    console = open_console(staged)
    async with console.run_test(size=(100, 40)) as pilot:
        await shows(pilot, "seg-unet  accuracy")
        await pilot.press("2")
        await shows(pilot, lambda shown: "modeltender > seg-unet" in shown and console._resting is None)
        monkeypatch.setattr(navigation, "RESTED_S", NEVER_S)
        await pilot.press("right")
        await shows(pilot, lambda shown: "mnist  accuracy" in shown and "superior" in shown)
        await pilot.press("right")
        shown = await shows(pilot, "─ churn-mlp  … ─")
        assert "modeltender > churn-mlp" in shown
        assert console._feed._wanted == "mnist"
        for panel in pilot.app.screen.query(Panel):
            assert [line.plain for line in panel._lines] == ["…"]


async def test_stepping_ends_with_the_figures_of_the_model(open_console: Open, staged: Workspace) -> None:
    """Where the hand rests among models, the last one is read, also after going all the way round."""
    async with open_console(staged).run_test(size=(100, 40)) as pilot:
        await pilot.press("2")
        await pilot.press(*["right"] * 7)
        await shows(pilot, lambda shown: "mnist  accuracy" in shown and "superior" in shown)
        await pilot.press("left", "left")
        await shows(pilot, "text-intent  accuracy")


async def test_figures_come_where_the_cursor_rests(open_console: Open, staged: Workspace) -> None:
    """Of the models that it passed nothing stays."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await pilot.press("j", "j", "k")
        await shows(pilot, "mnist  accuracy")
        await shows(pilot, "v3 0.9740 ±")


async def test_pages(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """A page is as many rows as are in sight, and the ends stop it; so on each screen with a list."""
    with writer.transaction() as connection:
        for number in range(40):
            add_model(connection, f"zoo-{number:02}", Played(1, (0.9,)))
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 46")
        table = pilot.app.query_one(ModelTable)
        # All but the heading.
        rows = table.content_size.height - 1
        await pilot.press("pagedown")
        assert table.position == rows
        await pilot.press("pagedown")
        assert table.position == 2 * rows
        await pilot.press("pageup")
        assert table.position == rows
        await pilot.press("pageup", "pageup")
        assert table.position == 0
        await pilot.press(*["pagedown"] * 46)
        assert table.position == 45
        await pilot.press("4")
        await shows(pilot, lambda shown: "Jobs 4" in shown and "> J" in shown)
        await pilot.press("pagedown")
        last = await shows(pilot, lambda shown: "> J" in shown)
        await pilot.press("pageup")
        await shows(pilot, lambda shown: "> J" in shown and shown != last)


@pytest.mark.usefixtures("restless")
async def test_rows_that_stay_in_sight_are_drawn_once(
    open_console: Open, staged: Workspace, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that goes on by a row draws the one that came and the one that the cursor left, and no other."""
    with writer.transaction() as connection:
        for number in range(40):
            add_model(connection, f"zoo-{number:02}", Played(1, (0.9,)))
    drawn: list[str] = []
    strip_of = Lines._strip_of

    def noted(lines: Lines, line: Text) -> Strip:
        if isinstance(lines, ModelTable):
            drawn.append(line.plain.split()[-1] if not line.plain.startswith(">") else "the cursor")
        return strip_of(lines, line)

    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 46")
        await pilot.press("pagedown", "pagedown")
        last = await shows(pilot, lambda shown: "> ○ zoo-" in shown)
        monkeypatch.setattr(Lines, "_strip_of", noted)
        await pilot.press("j")
        await shows(pilot, lambda shown: shown != last)
    assert sorted(drawn) == ["deployed", "the cursor"]


async def test_a_list_that_was_kept_opens_as_it_looks(
    open_console: Open, staged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its widgets look like is worked out again in another theme only, and then it is."""
    styled: list[str] = []
    update = DOMNode.update_node_styles

    def noted(node: DOMNode, animate: bool = True) -> None:  # noqa: FBT001, FBT002 - Textual's own signature
        if isinstance(node, Jobs):
            styled.append(node.app.theme)
        update(node, animate)

    async with open_console(staged).run_test(size=SMALL) as pilot:
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        await pilot.press("1")
        await shows(pilot, "Models 6")
        monkeypatch.setattr(DOMNode, "update_node_styles", noted)
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        assert styled == []
        before = pilot.app.theme
        await pilot.press("1")
        await shows(pilot, "Models 6")
        await pilot.press("T")
        await shows(pilot, lambda _text: pilot.app.theme != before)
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        assert styled == [pilot.app.theme]
        assert pilot.app.screen.styles.background == Color.parse(pilot.app.current_theme.background or "")


async def test_a_page_of_events_stops_following(open_console: Open, staged: Workspace) -> None:
    """Who goes down by a page among the events stays there while others come."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await pilot.press("5")
        await shows(pilot, "live")
        await pilot.press("pagedown")
        await shows(pilot, "end follows")
