"""The themes: words are readable on their background, and the terminal's own colours stay its own."""

from collections.abc import Iterator
from itertools import combinations

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem

from storage.vocabulary import Look
from tests.contrast import READABLE, contrast, distance, seen_with
from tui.theme import PALETTES, TERMINAL, THEMES, Colour, Palette, after

STATES = ("red", "green", "yellow", "cyan")

FAR = 20.0
"""Of two colours that nobody takes for each other, in CIE 1976: about ten times what can just be told apart."""


def grounds(palette: Palette) -> Iterator[Colour]:
    """Yield what words stand on: the screen, the first and last line, and what pops up."""
    yield from (palette.background, palette.panel, palette.boost)


def in_256(colour: Colour) -> Colour:
    """Return what a terminal with 256 colours shows instead."""
    found = RichColor.from_rgb(*colour).downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
    return found.red, found.green, found.blue


@pytest.mark.parametrize("name", [*STATES, "steel", "foreground", "muted"])
@pytest.mark.parametrize("look", PALETTES)
def test_words_are_readable(look: Look, name: str) -> None:
    """Every colour of a word stands out from whatever it stands on, with all colours and with 256 of them."""
    palette = PALETTES[look]
    word = getattr(palette, name)
    for ground in grounds(palette):
        assert contrast(word, ground) >= READABLE
        assert contrast(in_256(word), in_256(ground)) >= READABLE


@pytest.mark.parametrize("eyes", ["all", "no-red", "no-green", "no-blue"])
def test_states_differ_for_colour_blind_eyes(eyes: str) -> None:
    """In the theme for them no two states look alike, whichever kind of cone is missing."""
    palette = PALETTES[Look.COLOUR_BLIND]
    for one, other in combinations(STATES, 2):
        seen = [seen_with(eyes, getattr(palette, name)) for name in (one, other)]
        assert distance(*seen) >= FAR, f"{one} and {other}"


def test_terminal_theme_names_no_colour_of_its_own() -> None:
    """The theme for NO_COLOR and SSH consists of the terminal's own colours."""
    names = (
        "primary",
        "warning",
        "error",
        "success",
        "accent",
        "foreground",
        "background",
        "surface",
        "panel",
        "boost",
    )
    named = [*(getattr(TERMINAL, name) for name in names), *TERMINAL.variables.values()]
    assert [value for value in named if value and not value.startswith("ansi_")] == ["reverse"]
    assert "ansi_blue" not in named


def test_going_on_comes_to_every_theme() -> None:
    """From any theme the next ones are all the others, and then it again."""
    for first in THEMES:
        seen = [first]
        while (following := after(seen[-1])) != first:
            seen.append(following)
        assert sorted(seen) == sorted(set(Look) - {Look.AUTO})
