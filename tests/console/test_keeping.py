"""What is taken away from the console: values for the clipboard, views as files."""

import csv
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from storage.database import Writer
from storage.tables import faults
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import Console, shows, text, told
from tests.console.stage import NOW, Played, add_model
from tests.console.test_actions import SIZE, asked, select
from tests.console.test_screens import OPENS, TITLES
from tui.key import Where


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the console is opened in."""
    made = tmp_path / "reports"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


async def keep(pilot: Console, form: str, folder: Path, count: int = 1) -> Path:
    """Keep the view in a form, and return its file."""
    await pilot.press("w")
    shown = await shows(pilot, "Save this view in")
    offered = [line for line in shown.splitlines() if "(." in line]
    await pilot.press(*["down"] * next(n for n, line in enumerate(offered) if f"(.{form})" in line), "enter")
    await told(pilot, "Saved: ")
    return newest(folder, form, count)


def rows_of(file: Path) -> list[dict[str, str]]:
    """Return the rows of a sheet."""
    return list(csv.DictReader(file.read_text().splitlines()))


def newest(folder: Path, form: str, count: int = 1) -> Path:
    """Return the last of the views that were kept in a form."""
    files = sorted(folder.glob(f"*.{form}"), key=lambda file: file.stat().st_mtime_ns)
    assert len(files) == count
    return files[-1]


async def test_y_offers_what_is_selected_and_hands_it_over(open_console: Open, staged: Workspace) -> None:
    """The choices are those of the model under the cursor; what was chosen is shown, as no terminal answers."""
    console = open_console(staged)
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await select(pilot, "mnist")
        await pilot.press("y")
        shown = await shows(pilot, "⏎ copies")
        assert "mnist@2" in shown
        await pilot.press("down", "enter")
        await told(pilot, "mnist@2")
        assert console.clipboard == "mnist@2"
        await shows(pilot, "Handed to the terminal's clipboard")


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (Where.DETAIL, "seg-unet"),
        (Where.DEVICES, "cpu"),
        (Where.JOBS, "J3"),
        (Where.EVENTS, "modeltender repair seg-unet"),
    ],
)
async def test_every_screen_has_something_to_copy(
    open_console: Open, faulty: Workspace, where: Where, value: str
) -> None:
    """On each screen y and Enter copy what is most wanted of the chosen row."""
    console = open_console(faulty)
    async with console.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press(OPENS[where])
        await shows(pilot, TITLES[where])
        await pilot.press("y")
        await shows(pilot, "⏎ copies")
        await pilot.press("enter")
        await told(pilot, value)
        assert console.clipboard == value


async def test_esc_copies_nothing(open_console: Open, staged: Workspace) -> None:
    """Who closes the choice has copied nothing."""
    console = open_console(staged)
    async with console.run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("y")
        await shows(pilot, "⏎ copies")
        await pilot.press("escape")
        await shows(pilot, lambda shown: "⏎ copies" not in shown)
    assert console.clipboard == ""


async def test_text_is_what_the_screen_shows(open_console: Open, staged: Workspace, folder: Path) -> None:
    """The file holds the lines of the screen, without the question that asked for it."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "v1 0.7713")
        before = text(pilot)
        kept = (await keep(pilot, "txt", folder)).read_text()
    assert kept.splitlines() == [line.rstrip() for line in before.splitlines()]


async def test_picture_is_whole_and_fetches_nothing(
    open_console: Open, staged: Workspace, folder: Path
) -> None:
    """The picture is well-formed, shows the models, and names no address to load anything from."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "v1 0.7713")
        picture = (await keep(pilot, "svg", folder)).read_text()
    ET.fromstring(picture)
    assert "seg-unet" in picture
    assert "Save this" not in picture
    assert "url(" not in picture.replace("url(#", "")


async def test_figures_are_those_of_the_filtered_list(
    open_console: Open, staged: Workspace, folder: Path
) -> None:
    """The sheet has the listed models, and a second one of the same second does not replace it."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        everything = rows_of(await keep(pilot, "csv", folder))
        await pilot.press("slash", *"mnist", "enter")
        await shows(pilot, "Models 1 of 6")
        pilot.app.clear_notifications()
        second = await keep(pilot, "csv", folder, count=2)
    assert len(everything) == 6
    assert second.name.endswith("-2.csv")
    assert [row["model"] for row in rows_of(second)] == ["mnist"]


@pytest.mark.parametrize("where", list(TITLES))
async def test_every_list_is_kept_as_figures(
    open_console: Open, faulty: Workspace, folder: Path, where: Where
) -> None:
    """Each screen with a table gives it away as a sheet named after the screen."""
    async with open_console(faulty).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press(OPENS[where])
        await shows(pilot, TITLES[where])
        file = await keep(pilot, "csv", folder)
    assert file.name.startswith(f"modeltender-{where}-")
    assert rows_of(file)


async def test_hostile_names_do_no_harm_in_any_form(
    open_console: Open, staged: Workspace, writer: Writer, folder: Path
) -> None:
    """A name that is a formula, markup and an escape sequence is text in every form."""
    with writer.transaction() as connection:
        add_model(connection, "=1+1<script>&[/]\x1b[2J", Played(1, (0.9,)))
        faults.open_fault(connection, "x", "bad", at=NOW, model="=1+1<script>&[/]\x1b[2J")
    async with open_console(staged).run_test(size=(120, 32), notifications=True) as pilot:
        await shows(pilot, "Models 7")
        for form in ("txt", "svg", "csv"):
            content = (await keep(pilot, form, folder)).read_text()
            pilot.app.clear_notifications()
            assert "\x1b" not in content
            if form == "svg":
                ET.fromstring(content)
                assert "<script" not in content
            if form == "csv":
                assert not any(row["model"].startswith("=") for row in csv.DictReader(content.splitlines()))


async def test_where_nothing_can_be_written_it_is_said(
    open_console: Open, staged: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is gone by then, as one without rights, is told with what to do."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("w")
        await shows(pilot, "Save this view in")
        os.rmdir(folder)  # noqa: PTH106 - at once, in a coroutine
        await pilot.press("enter")
        await told(pilot, "The view cannot be kept in")


async def test_read_only_hands_out_too(
    open_console: Open, staged: Workspace, writer: Writer, folder: Path
) -> None:
    """Who may only look may still take a view along; nothing is asked of the engine."""
    async with open_console(staged, read_only=True).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        assert "mnist" in (await keep(pilot, "txt", folder)).read_text()
    assert asked(writer) == []
