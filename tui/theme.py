"""The console's two themes: its own colours, and those of the terminal that it is shown on.

One accent for what is measured and for the cursor; green, amber and red are for states alone, so that a
coloured word always means something. How far each stands out from the background is computed in a test.
"""

from rich.terminal_theme import TerminalTheme
from textual.theme import Theme

BACKGROUND, FOREGROUND = (14, 20, 27), (213, 221, 229)
RED, GREEN, AMBER, ACCENT = (255, 123, 114), (127, 207, 143), (232, 184, 79), (92, 200, 230)
STEEL = (159, 179, 200)

SEVEN = [BACKGROUND, RED, GREEN, AMBER, STEEL, STEEL, ACCENT, FOREGROUND]

COLOURS = TerminalTheme(BACKGROUND, FOREGROUND, SEVEN, SEVEN)
"""What the colour names in the lines' styles mean in the console's own theme."""


def _hex(colour: tuple[int, int, int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


OWN = Theme(
    name="modeltender",
    primary=_hex(ACCENT),
    secondary=_hex(STEEL),
    accent=_hex(STEEL),
    warning=_hex(AMBER),
    error=_hex(RED),
    success=_hex(GREEN),
    foreground=_hex(FOREGROUND),
    background=_hex(BACKGROUND),
    surface=_hex(BACKGROUND),
    panel="#18222c",
    boost="#22303d",
    dark=True,
    variables={"border": "#2d3c4b", "border-blurred": "#2d3c4b", "text-muted": "#8a9bac"},
)

TERMINAL = Theme(
    name="modeltender-terminal",
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

TOASTS = """
Toast { padding: 0 1; margin-top: 0; width: auto; max-width: 90%; background: $boost; }
Toast:ansi { background: ansi_default; }
"""
"""Sentences that pop up take the rows that they need, and no more."""
