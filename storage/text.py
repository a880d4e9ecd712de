"""Making untrusted text safe to store, to log and to show.

File names, model metadata and error messages come from files that anybody may have written. A control
sequence in one can steer a terminal, a bidirectional mark can turn a sentence around, and ten megabytes
can fill a screen. Everything of that kind passes `clean` before it is stored.
"""

import shlex

SENTENCE = 400
"""Characters of a message: five lines at 80 columns, enough for any sentence that we write."""

PATH = 4096
"""Characters of a path: the longest that Linux takes."""

PLAIN = frozenset("@%+=:,./-_")
"""What means nothing to a shell, besides letters and digits of any language."""

NAME = 120
"""Characters of a name: longer ones would push figures off every table."""

WORDS = 250
"""Characters of a library's own words that are told: many go on with a whole configuration, or their insides."""


def clean(text: str, limit: int = SENTENCE) -> str:
    """Return ``text`` without anything that can steer a terminal, at most ``limit`` characters long.

    Unprintable characters (C0, C1, bidirectional and other format marks, surrogates) become U+FFFD; line
    ends and tabs become spaces first, so that a traceback stays readable.
    """
    flat = " ".join(text[: limit * 4].split())
    shown = "".join(character if character.isprintable() else "\ufffd" for character in flat[:limit])
    return shown + ("…" if len(flat) > limit else "")


def first_line(error: Exception) -> str:
    """Return what a library's error says first, cleaned and without its full stop, or else the error's kind."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return clean(lines[0] if lines else type(error).__name__, WORDS).rstrip(".")


def word(text: str) -> str:
    """Return ``text``, cleaned, as one word of a shell: a command that people copy must mean what it says."""
    shown = clean(text, PATH)
    plain = all(character.isalnum() or character in PLAIN for character in shown)
    return shown if plain and shown else shlex.quote(shown)
