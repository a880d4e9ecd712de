"""The page of all settings, made from the structs that read them.

``python -P -m storage.settings_reference > docs/settings.md`` writes it; a test fails where the page says something else.
"""

import sys
from collections.abc import Iterator
from enum import StrEnum
from types import NoneType
from typing import Any, get_args

import msgspec

from storage.gate_settings import Requirement
from storage.settings import ModelSettings, WorkspaceSettings
from storage.settings_file import Settings
from storage.settings_listing import NOT_SET, written
from storage.settings_meanings import LITERAL, meanings
from storage.target_settings import SETTINGS
from storage.vocabulary import TargetKind

INTRODUCTION = """# Settings

Settings live in two kinds of TOML file, both optional: `modeltender.toml` in the workspace applies to every model,
`models/<model>/model.toml` to one. Changes take effect within seconds, without a restart ([service.md](service.md)). If a file has
mistakes, each is reported with its key. The engine then keeps the workspace's previous settings, and a model with wrong settings is
neither evaluated nor promoted.

Screen `7` of the console lists every setting with its value, the line that sets it, and what it is for. Lengths of time are written as
`15m`, `12h` or `30d`; keys that end in `_s` take seconds.

"""

HEADING = "| key | default | takes | what it says |\n|---|---|---|---|\n"

WORDS = {
    bool: "`true` or `false`",
    int: "a whole number",
    float: "a number",
    str: "text",
    dict: "a table",
}
"""What a key takes, by the type that it becomes."""


def reference() -> str:
    """Return the whole page."""
    return (
        "".join(
            [
                INTRODUCTION,
                "## `modeltender.toml`\n\n",
                *_tables(WorkspaceSettings, ""),
                "## `models/<model>/model.toml`\n\n",
                *_tables(ModelSettings, ""),
                *_table(Requirement, "[[gate.require]]"),
                *(
                    text
                    for kind, settings in SETTINGS.items()
                    for text in _table(settings, f'[[targets]] with kind = "{kind}"')
                ),
            ]
        ).rstrip("\n")
        + "\n"
    )


def nested(kind: object) -> type[Settings] | None:
    """Return the table that a field is, or ``None`` where it is a value."""
    return kind if isinstance(kind, type) and issubclass(kind, Settings) else None


def _tables(kind: type[Settings], name: str) -> Iterator[str]:
    """Yield the table's own keys, then the tables within it."""
    fields = msgspec.structs.fields(kind)
    if any(nested(field.type) is None for field in fields):
        yield from _table(kind, f"[{name}]" if name else "")
    for field in fields:
        if below := nested(field.type):
            yield from _tables(below, f"{name}.{field.name}" if name else field.name)


def _table(kind: type[Settings], title: str) -> Iterator[str]:
    if title:
        yield f"### `{title}`\n\n"
        yield LITERAL.sub(r"`\1`", " ".join((kind.__doc__ or "").split())) + "\n\n"
    yield HEADING
    words = meanings(kind)
    for field in msgspec.structs.fields(kind):
        # Which kind of target it is stands in the title.
        if nested(field.type) is None and field.type is not TargetKind:
            said = words[field.name]
            cells = (f"`{field.name}`", _default(field), _takes(field.type), said[:1].upper() + said[1:])
            yield f"| {' | '.join(cells)} |\n"
    yield "\n"


def _default(field: msgspec.structs.FieldInfo) -> str:
    shown = written(None if field.default is msgspec.NODEFAULT else field.default)
    return shown if shown == NOT_SET else f"`{shown}`"


def _takes(kind: Any) -> str:
    """Return in words what a key takes."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "one of " + ", ".join(f"`{one}`" for one in kind)
    if kind in WORDS:
        return WORDS[kind]
    parts = [part for part in get_args(kind) if part not in {NoneType, Ellipsis}]
    origin = getattr(kind, "__origin__", None)
    if origin is tuple:
        return f"a list of {'tables' if nested(parts[0]) else _many(parts[0])}"
    if origin is dict:
        return WORDS[dict]
    return ", or ".join(_takes(part) for part in parts)


def _many(kind: Any) -> str:
    """Return what a list holds."""
    plural = {str: "texts", int: "whole numbers", float: "numbers"}
    if kind in plural:
        return plural[kind]
    taken = _takes(kind)
    return "tables" if taken == WORDS[dict] else taken.removeprefix("one of ")


if __name__ == "__main__":
    sys.stdout.write(reference())
