"""The themes: words are readable on their background, and the terminal's own colours stay its own."""

import pytest
from textual.color import Color

from tui.theme import COLOURS, OWN, TERMINAL

READABLE = 4.5
"""WCAG 2.1, level AA, for text of normal size."""

NAMES = {"red": 1, "green": 2, "yellow": 3, "cyan": 6}


@pytest.mark.parametrize("name", NAMES)
def test_state_words_are_readable(name: str) -> None:
    """Every colour of a state stands out from the background, and from the header's."""
    colour = Color(*COLOURS.ansi_colors[NAMES[name]])
    for background in (OWN.background, OWN.panel, OWN.boost):
        assert _contrast(colour, Color.parse(background or "")) >= READABLE


def test_muted_words_are_readable() -> None:
    """What stands back can still be read."""
    muted = Color.parse(OWN.variables["text-muted"])
    assert _contrast(muted, Color.parse(OWN.background or "")) >= READABLE


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


def _contrast(one: Color, other: Color) -> float:
    """Return the contrast of two colours (WCAG 2.1, 1.4.3)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
