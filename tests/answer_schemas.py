"""Holds what a command printed against the schema that `modeltender schema` gives for it, by a validator that is not ours."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator

from tui.command_line import COMMANDS
from tui.commands.printed import ANSWERS, schema

REFUSED: Final = "completion"
"""What is no command is refused as every command may be."""


def command_of(words: Sequence[str]) -> str:
    """Return which command was typed, of a group the one below it."""
    for place, word in enumerate(words):
        if word in COMMANDS:
            names = [name for name in (" ".join(words[place : place + 2]), word) if name in ANSWERS]
            return names[0] if names else REFUSED
    return REFUSED


def conform(words: Sequence[str], document: Any) -> None:
    """Fail where a document is none of those that the command is to print."""
    _validator(command_of(words)).validate(document)


@cache
def _validator(command: str) -> Draft202012Validator:
    found = schema(command)
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)
