"""Every screen in every theme: looks as approved, and every word of it stands out from what it stands on.

The dark theme's pictures are those of `test_pictures`. After an intended change approve the others as these, with
``pytest --snapshot-update``.
"""

from collections.abc import Sequence

import pytest
from pytest_textual_snapshot import SVGImageExtension
from rich.color import Color
from rich.style import Style
from syrupy.assertion import SnapshotAssertion
from textual.screen import ModalScreen

from storage.vocabulary import Look
from storage.workspace import Workspace, create_workspace
from tests.console.conftest import Open
from tests.console.screen import Console, shows, told
from tests.console.test_actions import select
from tests.contrast import DISCERNIBLE, contrast
from tui.dialogs.confirm import Confirm
from tui.theme import PALETTES, THEMES, after

Dialog = tuple[str, str, tuple[str, ...], str]

SIZES = [(80, 24), (160, 45)]

SCREENS = (
    ("overview", ("1",), "Models 6"),
    ("model", ("2",), "Versions"),
    ("devices", ("3",), " 25.3% "),
    ("jobs", ("4",), "Jobs 4"),
    ("events", ("5",), "what helps:"),
    ("help", ("question_mark",), "Keys: events"),
)
"""What is shown one after another, the keys that lead there, and a text that is there then."""


DIALOGS = (
    ("promote", "mnist", ("p",), "Promote mnist v3?"),
    ("overrule", "digits-onnx", ("p",), "Promote digits-onnx v2?"),
    ("rollback", "mnist", ("u",), "Roll back mnist?"),
    ("restore", "mnist", ("f",), "Restore mnist?"),
    ("cancel", "speech-cmd", ("c",), "Cancel J3?"),
    ("evaluate-all", "mnist", ("R",), "Evaluate all models?"),
    ("palette", "mnist", ("colon", "r", "o", "l"), "modeltender rollback"),
    ("moment", "mnist", ("at",), "Show how things stood at"),
)
"""A dialog, the model that it is about, the keys that open it, and a text that is there then. What copies is none of them:
it shows a path, and the tests' are of no fixed length."""


MAKING = (
    ("train", "mnist", ("t",), "Train mnist?"),
    ("export-ways", "mnist", ("x",), "Export mnist v2 (keras)"),
    ("export", "mnist", ("x", "enter"), "Export mnist v2 to"),
    ("trust", "mnist", ("a",), "Trust mnist v3?"),
    ("quarantine-ways", "digits-onnx", ("i",), "In quarantine:"),
    ("delete", "digits-onnx", ("i", "enter"), "Delete [bold]evil"),
    ("release", "digits-onnx", ("i", "j", "enter"), "Release own.keras?"),
    ("mend-ways", "churn-mlp", ("f",), "Mend churn-mlp"),
    ("mend", "churn-mlp", ("f", "j", "enter"), "Retrain churn-mlp?"),
    ("settings", "digits-onnx", ("e",), "Write models/digits-onnx"),
    ("restore-marked", "mnist", ("M", "f"), "Restore 5 marked models?"),
    ("cancel-marked", "mnist", ("c",), "Cancel 2 jobs of marked models?"),
)
"""The same of what is made, mended and allowed, and last of what is marked, which stays so."""

LOOKS = [(look, SIZES[0]) for look in (Look.DARK, Look.LIGHT, Look.COLOUR_BLIND, Look.TERMINAL)]


def ids(value: object) -> str:
    """Name a case by its size or its theme."""
    return f"{value[0]}x{value[1]}" if isinstance(value, tuple) else str(value)


def unreadable(pilot: Console) -> list[str]:
    """Return the words of the topmost screen that do not stand out; what a dialog covers is dimmed on purpose."""
    screen = pilot.app.screen
    strips = screen._compositor.render_strips()
    if isinstance(screen, ModalScreen):
        x, y, width, height = screen.children[0].region
        strips = [strip.crop(x, x + width) for strip in strips[y : y + height]]
    return [
        f"{segment.text!r}: {_contrast(segment.style):.2f}"
        for strip in strips
        for segment in strip
        if any(character.isalnum() for character in segment.text) and _contrast(segment.style) < DISCERNIBLE
    ]


def _contrast(style: Style | None) -> float:
    assert style is not None
    assert style.color is not None
    assert style.bgcolor is not None
    return contrast(_seen(style.bgcolor), _seen(style.color))


def _seen(colour: Color) -> tuple[int, int, int]:
    seen = colour.get_truecolor()
    return seen.red, seen.green, seen.blue


@pytest.mark.parametrize("size", SIZES, ids=ids)
@pytest.mark.parametrize("look", [Look.LIGHT, Look.COLOUR_BLIND], ids=ids)
async def test_every_screen(
    snapshot: SnapshotAssertion, open_console: Open, faulty: Workspace, look: Look, size: tuple[int, int]
) -> None:
    """All screens, one after another, in a theme and at a size."""
    console = open_console(faulty, wanted=look)
    async with console.run_test(size=size) as pilot:
        await shows(pilot, "seg-unet  accuracy")
        for name, keys, wait in SCREENS:
            await pilot.press(*keys)
            await shows(pilot, wait)
            await pilot.wait_for_animation()
            assert unreadable(pilot) == []
            picture = snapshot(name=name, extension_class=SVGImageExtension)
            assert console.export_screenshot() == picture


@pytest.mark.parametrize("look", [Look.LIGHT, Look.COLOUR_BLIND, Look.TERMINAL], ids=ids)
async def test_every_dialog(
    snapshot: SnapshotAssertion, open_console: Open, faulty: Workspace, look: Look
) -> None:
    """All dialogs about what is deployed and what runs, one after another, in a theme."""
    console = open_console(faulty, wanted=look)
    async with console.run_test(size=SIZES[0]) as pilot:
        await look_through(pilot, DIALOGS, snapshot, look)


@pytest.mark.parametrize(("look", "size"), [*LOOKS, (Look.DARK, SIZES[1])], ids=ids)
async def test_every_dialog_of_making_and_mending(
    snapshot: SnapshotAssertion, open_console: Open, laden: Workspace, look: Look, size: tuple[int, int]
) -> None:
    """All dialogs about what is made, mended, allowed and marked, one after another, in a theme; in the dark one large, too."""
    console = open_console(laden, wanted=look)
    async with console.run_test(size=size) as pilot:
        await look_through(pilot, MAKING, snapshot, look)


async def look_through(
    pilot: Console, dialogs: Sequence[Dialog], snapshot: SnapshotAssertion, look: Look
) -> None:
    """Open each dialog, read it, compare it with its picture, and close it."""
    await shows(pilot, "Models 6")
    for name, model, keys, wait in dialogs:
        await select(pilot, model)
        await pilot.press(*keys)
        await shows(pilot, wait)
        if isinstance(pilot.app.screen, Confirm):
            await shows(pilot, lambda _text: bool(pilot.app.screen.query("#yes.-armed")))
        await pilot.wait_for_animation()
        if look is not Look.TERMINAL:
            assert unreadable(pilot) == []
        picture = snapshot(name=name, extension_class=SVGImageExtension)
        assert pilot.app.export_screenshot() == picture
        await pilot.press("escape")
        await shows(pilot, lambda shown, wait=wait: wait not in shown)  # type: ignore[misc]


@pytest.mark.parametrize("look", PALETTES, ids=ids)
async def test_words_stand_out_in_questions_and_on_the_first_page(
    open_console: Open, faulty: Workspace, tmp_path_factory: pytest.TempPathFactory, look: Look
) -> None:
    """What asks, what is searched, what pops up and what stands for the panels can be read, too."""
    async with open_console(faulty, wanted=look).run_test(size=SIZES[0], notifications=True) as pilot:
        await shows(pilot, "seg-unet  accuracy")
        assert unreadable(pilot) == []
        for key, wait in (
            ("f", "Restore seg-unet?"),
            ("colon", "Actions:"),
            ("slash", "!not"),
            ("w", "Save this view"),
        ):
            await pilot.press(key)
            await shows(pilot, wait)
            assert unreadable(pilot) == []
            await pilot.press("escape")
            await shows(pilot, lambda shown, wait=wait: wait not in shown)  # type: ignore[misc]
        await pilot.press("c")
        await told(pilot, "No job of seg-unet")
        assert unreadable(pilot) == []
    bare = create_workspace(tmp_path_factory.mktemp("bare"))
    async with open_console(bare, wanted=look).run_test(size=SIZES[0]) as pilot:
        await shows(pilot, "No engine has run on this folder")
        assert unreadable(pilot) == []


async def test_t_puts_on_the_next_theme(open_console: Open, staged: Workspace) -> None:
    """T goes round through the themes, all of the screen changes at once, and how to keep one is said."""
    console = open_console(staged)
    async with console.run_test(size=SIZES[0], notifications=True) as pilot:
        await shows(pilot, "seg-unet  accuracy")
        look = Look.DARK
        for _ in THEMES:
            look = after(look)
            await pilot.press("T")
            await told(pilot, f'theme = "{look}"')
            if look in PALETTES:
                ground = PALETTES[look].background

                def repainted(_shown: str, ground: tuple[int, int, int] = ground) -> bool:
                    return grounds(pilot) >= {ground} and not grounds(pilot) & others(ground)

                await shows(pilot, repainted)
        assert look is Look.DARK


def grounds(pilot: Console) -> set[tuple[int, int, int]]:
    """Return every colour that words stand on."""
    return {
        _seen(segment.style.bgcolor)
        for strip in pilot.app.screen._compositor.render_strips()
        for segment in strip
        if segment.style is not None and segment.style.bgcolor is not None
    }


def others(ground: tuple[int, int, int]) -> set[tuple[int, int, int]]:
    """Return the backgrounds of the themes that have another one."""
    return {palette.background for palette in PALETTES.values()} - {ground}


async def test_no_color_keeps_to_none(
    open_console: Open, staged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no colours are wanted T puts on none, and says why."""
    monkeypatch.setenv("NO_COLOR", "1")
    console = open_console(staged, wanted=Look.LIGHT)
    async with console.run_test(size=SIZES[0], notifications=True) as pilot:
        await shows(pilot, "seg-unet  accuracy")
        await pilot.press("T")
        await told(pilot, "NO_COLOR is set")
        assert console.theme == THEMES[Look.TERMINAL].name
