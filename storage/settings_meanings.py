"""What each setting means: the words below a field in the struct of its table, read where they stand.

Owns the way from a struct to these words, so that the page of all settings and the console say what the code says.
"""

import ast
import inspect
import re
from functools import cache
from pathlib import Path

from storage.settings_file import Settings

LITERAL = re.compile(r"``([^`]+)``")
"""What is code in a docstring."""

CLASS = re.compile(r"^(?=class )", re.MULTILINE)
"""Where a class begins; none of them is decorated."""

ABSENT = "``None``"
"""How a struct says what a file says by leaving a key out."""


@cache
def meanings(kind: type[Settings]) -> dict[str, str]:
    """Return the words of each field of a table that has some, those that it inherits too, as one line each."""
    found: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        if issubclass(owner, Settings) and owner is not Settings:
            found |= _own(owner)
    return found


def _own(kind: type[Settings]) -> dict[str, str]:
    return _classes(Path(inspect.getfile(kind)))[kind.__name__]


@cache
def _classes(file: Path) -> dict[str, dict[str, str]]:
    """Return the words of the fields of each class in a file. It is read here: Python would keep its lines for good.

    Class by class: the tree of a whole file is a megabyte, which a console would never give back.
    """
    _, *texts = CLASS.split(file.read_text(encoding="utf-8"))
    classes = (ast.parse(text).body[0] for text in texts)
    return {one.name: _fields(one) for one in classes if isinstance(one, ast.ClassDef)}


def _fields(definition: ast.ClassDef) -> dict[str, str]:
    found = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            words = _text(below)
            if words:
                found[field.target.id] = words
    return found


def _text(statement: ast.stmt) -> str:
    """Return a docstring as one line with code as Markdown writes it, or nothing where a statement is none."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        value = statement.value.value
        if isinstance(value, str):
            return LITERAL.sub(r"`\1`", " ".join(value.split()).replace(ABSENT, "not set"))
    return ""
