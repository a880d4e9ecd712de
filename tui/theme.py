"""The console's themes: dark, light, one for colour-blind eyes, and the colours of the terminal that it is shown on.

One accent for what is measured and for the cursor; green, amber and red are for states alone, so that a
coloured word always means something. How far each stands out from the background, and in the theme for
colour-blind eyes from each other, is computed in a test. Which theme is used is `tui.terminal`'s.
"""

from typing import NamedTuple

from rich.terminal_theme import TerminalTheme
from textual.theme import Theme

from storage.vocabulary import Look

Colour = tuple[int, int, int]


class Palette(NamedTuple):
    """The colours of a theme.

    What words stand on is nearly grey: a terminal with 256 colours shows the nearest grey for it, and would show a
    strong colour for a tinted one.
    """

    background: Colour
    panel: Colour
    boost: Colour
    border: Colour
    foreground: Colour
    muted: Colour
    red: Colour
    """Of what is broken; the names are those that lines of text use, whatever the colour is here."""
    green: Colour
    """Of what is well."""
    yellow: Colour
    """Of what needs somebody."""
    cyan: Colour
    """Of what is measured, and of the cursor."""
    steel: Colour
    """Of titles."""

    @property
    def names(self) -> TerminalTheme:
        """What the colour names in the lines' styles mean."""
        seven = [
            self.background,
            self.red,
            self.green,
            self.yellow,
            self.steel,
            self.steel,
            self.cyan,
            self.foreground,
        ]
        return TerminalTheme(self.background, self.foreground, seven, seven)


DARK = Palette(
    background=(14, 20, 27),
    panel=(27, 31, 36),
    boost=(36, 42, 47),
    border=(52, 58, 66),
    foreground=(213, 221, 229),
    muted=(150, 165, 180),
    red=(255, 123, 114),
    green=(127, 207, 143),
    yellow=(232, 184, 79),
    cyan=(92, 200, 230),
    steel=(159, 179, 200),
)

LIGHT = Palette(
    background=(250, 251, 252),
    panel=(238, 239, 241),
    boost=(232, 233, 235),
    border=(184, 190, 197),
    foreground=(23, 32, 42),
    muted=(84, 94, 105),
    red=(176, 28, 38),
    green=(24, 98, 36),
    yellow=(122, 78, 0),
    cyan=(0, 86, 122),
    steel=(62, 80, 98),
)

COLOUR_BLIND = DARK._replace(
    # After Okabe and Ito: blue is well, yellow needs somebody, vermilion is broken, pink is measured.
    red=(240, 120, 60),
    green=(86, 180, 233),
    yellow=(255, 240, 130),
    cyan=(255, 165, 195),
)

PALETTES = {Look.DARK: DARK, Look.LIGHT: LIGHT, Look.COLOUR_BLIND: COLOUR_BLIND}


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


def _theme(look: Look, palette: Palette) -> Theme:
    return Theme(
        name=f"modeltender-{look}",
        primary=_hex(palette.cyan),
        secondary=_hex(palette.steel),
        accent=_hex(palette.steel),
        warning=_hex(palette.yellow),
        error=_hex(palette.red),
        success=_hex(palette.green),
        foreground=_hex(palette.foreground),
        background=_hex(palette.background),
        surface=_hex(palette.background),
        panel=_hex(palette.panel),
        boost=_hex(palette.boost),
        dark=look is not Look.LIGHT,
        variables={
            "border": _hex(palette.border),
            "border-blurred": _hex(palette.border),
            "text-muted": _hex(palette.muted),
        },
    )


TERMINAL = Theme(
    name=f"modeltender-{Look.TERMINAL}",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_default",
    accent="ansi_default",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        "border": "ansi_bright_black",
        "border-blurred": "ansi_bright_black",
        "text-muted": "ansi_default",
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_default",
        "input-selection-foreground": "ansi_default",
    },
)
"""Nothing but the sixteen names, so that a light terminal, or one for colour-blind eyes, keeps its own palette."""

THEMES = {**{look: _theme(look, palette) for look, palette in PALETTES.items()}, Look.TERMINAL: TERMINAL}
"""In the order in which a key goes through them."""

TOASTS = """
Toast { padding: 0 1; margin-top: 0; width: auto; max-width: 90%; background: $boost; }
Toast:ansi { background: ansi_default; }
"""
"""Sentences that pop up take the rows that they need, and no more."""


def after(look: Look) -> Look:
    """Return the theme that comes next."""
    looks = list(THEMES)
    return looks[(looks.index(look) + 1) % len(looks)]
