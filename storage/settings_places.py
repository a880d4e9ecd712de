"""Where in a settings file each key is written: its line, found statement by statement. Pure."""

import tomllib
from collections.abc import Iterator
from typing import Any

ENDS = ("]", "}", '"""', "'''")
"""What the last line of a value of several lines has in it; only there is it worth to look whether the value is whole."""


def key_lines(text: str) -> dict[str, int]:
    """Return the line, from 1, of each key and table of valid TOML, by its name with dots; the first one where it is repeated."""
    found: dict[str, int] = {}
    table = ""
    for number, statement in _statements(text):
        names = list(_names(tomllib.loads(statement)))
        is_header = statement.lstrip().startswith("[")
        if is_header and names:
            table = f"{names[-1]}."
        for name in names:
            found.setdefault(name if is_header else f"{table}{name}", number)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each key with its value, and each heading of a table, with its line."""
    gathered: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        gathered.append(line)
        if len(gathered) > 1 and not any(end in line for end in ENDS):
            continue
        statement = "\n".join(gathered)
        try:
            tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            # The value goes on in the next line.
            continue
        yield number - len(gathered) + 1, statement
        gathered = []


def _names(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        yield f"{prefix}{key}"
        inner = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
        if isinstance(inner, dict):
            yield from _names(inner, f"{prefix}{key}.")
