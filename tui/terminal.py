"""What the console needs of its terminal: whether it has it, and what Textual must be told before it is imported.

Owns the sentence that refuses a terminal and the choice of colours. It must not import Textual: everything
here is decided before that.
"""

import base64
import os
import select
import sys
from collections.abc import Mapping, MutableMapping

from storage.vocabulary import Look

DUMB = frozenset({"", "dumb", "unknown"})
"""Terminals that cannot move a cursor; Textual would fill them with escape sequences all the same."""

UTF_8 = frozenset({"utf8", "utf-8"})

BROWSER = ("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")
"""Set, to just this, where the console is drawn through pipes for a page in a browser."""

REMOTE = ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT")
"""Set where the terminal is at the other end of a network."""

PIECE = 500
"""Characters that GNU screen passes on at once; it has room for 768."""

REMOTE_FPS = "15"
LOCAL_FPS = "60"
"""Most frames a second: nothing here moves by itself, and each frame over a slow line delays the next key.

What a key does is shown with the next frame: near by, it waits for a 60th of a second at most.
"""

REMOTE_ESC_MS = "50"
LOCAL_ESC_MS = "25"
"""Behind an Esc the rest of an arrow key comes with it, or hardly later; a person's own ESCDELAY, as for ncurses, is kept."""

FULL_COLOUR = frozenset({"truecolor", "24bit"})
MANY_COLOURS = frozenset({"256color", "kitty"})
"""How COLORTERM, and the end of TERM, say that there are more than sixteen colours; Textual goes by the same."""


def refusal(environ: Mapping[str, str], stdin: int, stderr: int) -> str | None:
    """Return why the console cannot be shown here, as a sentence, or ``None`` where it can.

    Textual draws on standard error, so that is the one that has to be a terminal.
    """
    if is_browser(environ):
        return None
    if not os.isatty(stdin):
        return "The console needs a terminal to read keys from, and standard input is none."
    if not os.isatty(stderr):
        return "The console draws on standard error, which is not a terminal."
    if environ.get("TERM", "").lower() in DUMB:
        return f"The console cannot draw on a terminal of type '{environ.get('TERM', '')}' (TERM)."
    encoding = getattr(sys.__stderr__, "encoding", None) or "no encoding"
    if encoding.lower() not in UTF_8:
        return f"The console draws with Unicode, and the terminal is written to in {encoding}; try LC_ALL=C.UTF-8."
    return None


def prepare(environ: MutableMapping[str, str]) -> None:
    """Tell Textual how to behave; it reads the environment once, when it is imported."""
    # A resize report would switch Textual 8.2 to pixel coordinates, and every click would miss.
    environ["TEXTUAL_SMOOTH_SCROLL"] = "0"
    environ["TEXTUAL_ANIMATIONS"] = "none"
    environ["TEXTUAL_FPS"] = REMOTE_FPS if is_remote(environ) else LOCAL_FPS
    environ.setdefault("ESCDELAY", REMOTE_ESC_MS if is_remote(environ) else LOCAL_ESC_MS)
    if not environ.get("NO_COLOR"):
        # Empty it asks for nothing (no-color.org); Textual would take it for a wish.
        environ.pop("NO_COLOR", None)


def kept_to_own_colours(environ: Mapping[str, str]) -> str:
    """Return why nothing but the terminal's own colours can be shown, as a sentence, or nothing where others can."""
    if environ.get("NO_COLOR"):
        return "NO_COLOR is set: no colours are used."
    if _has_many_colours(environ):
        return ""
    return f"This terminal has sixteen colours at most (TERM={environ.get('TERM', '')}): its own are used."


def look(environ: Mapping[str, str], wanted: Look = Look.AUTO) -> Look:
    """Return the theme to begin with: the wanted one, where the terminal has its colours.

    Without a wish that is the terminal's own where it is far away: naming colours takes half the bytes.
    """
    if kept_to_own_colours(environ) or (wanted is Look.AUTO and is_remote(environ)):
        return Look.TERMINAL
    return Look.DARK if wanted is Look.AUTO else wanted


def _has_many_colours(environ: Mapping[str, str]) -> bool:
    kind = environ.get("TERM", "").lower().rpartition("-")[2]
    return environ.get("COLORTERM", "").strip().lower() in FULL_COLOUR or kind in MANY_COLOURS


def is_gnu_screen(environ: Mapping[str, str]) -> bool:
    """Whether there is GNU screen in between.

    While a program hears the mouse, it (4.9) keeps Esc back until the next key, and it drops what is copied. Where it cannot be
    told from an old tmux, at the other end of a network or one inside the other, it is taken for it: nothing needs the mouse,
    and everything Esc.
    """
    kind = environ.get("TERM", "")
    if kind.startswith("tmux") or is_browser(environ):
        return False
    return bool(environ.get("STY")) or (kind.startswith("screen") and not environ.get("TMUX"))


def through_gnu_screen(text: str) -> str:
    """Return what hands a text to the clipboard of the terminal that GNU screen is in: OSC 52, in pieces that it passes on."""
    copied = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\a"
    pieces = (copied[start : start + PIECE] for start in range(0, len(copied), PIECE))
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of a network."""
    return any(environ.get(name) for name in REMOTE)


def is_browser(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is one in a page, at the other end of a pipe."""
    name, value = BROWSER
    return environ.get(name) == value


def is_gone(stdin: int, environ: Mapping[str, str]) -> bool:
    """Whether the terminal has been closed: a console that goes on without one would spin for ever."""
    poll = select.poll()
    poll.register(stdin, select.POLLIN)
    lost = select.POLLHUP | select.POLLERR | select.POLLNVAL
    if any(state & lost for _, state in poll.poll(0)):
        return True
    if is_browser(environ):
        return False
    try:
        os.tcgetpgrp(stdin)
    except OSError:
        return True
    return False
