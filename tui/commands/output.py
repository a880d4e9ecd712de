"""What a command answers goes to standard output, what it remarks to standard error; nothing else prints.

One JSON document a line, or text for people. Whatever the text holds, it cannot steer the terminal: it was
cleaned before it was stored, and is made printable here once more.
"""

import os
import sys

import click
import msgspec

WIDTH = 80
"""Columns that every terminal has."""

HOME_AND_CLEAR = "\x1b[H\x1b[J"
"""What makes room for the same page again."""


def columns() -> int:
    """Return how many columns there are: those of the terminal, or as many as every terminal has."""
    if not sys.stdout.isatty():
        return WIDTH
    # Some terminals (serial lines) tell 0.
    return os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH


def room() -> int | None:
    """Return the columns that a table may take: those of a terminal; nothing but a terminal wraps lines."""
    return columns() if sys.stdout.isatty() else None


def is_redrawable() -> bool:
    """Whether the answer goes to a terminal that can be cleared."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}


def show_document(document: object) -> None:
    """Print an answer as one JSON document: indented for a person who looks, on one line for a script."""
    encoded = msgspec.json.encode(document)
    click.echo(msgspec.json.format(encoded, indent=2) if sys.stdout.isatty() else encoded)


def show_text(text: str) -> None:
    """Print an answer for a person."""
    click.echo(printable(text))


def remark(text: str) -> None:
    """Say something beside the answer, where there is something to say."""
    if text:
        click.echo(printable(text), err=True)


def printable(text: str) -> str:
    """Return a text with its line ends and without anything else that a terminal would obey."""
    return "".join(
        character if character == "\n" or character.isprintable() else "\ufffd" for character in text
    )
