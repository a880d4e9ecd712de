"""A settings file as typed structs: TOML in, one value of a struct or every problem of the file out.

Owns what is the same for every settings file and every table in one; which keys there are is not known here.
"""

import difflib
import math
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec

from storage.errors import SettingsError
from storage.text import clean

SETTINGS_BYTES = 1024 * 1024
"""Larger than any file that a person writes; a bigger one is not settings."""

LARGEST = 2**32
"""Beyond any count, seconds or GiB that somebody means; what lies beyond, a timer, a limit or a column may not hold."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A table of settings; fields without a value keep their default."""


SettingsT = TypeVar("SettingsT", bound=Settings)


def read_table(file: Path) -> dict[str, Any]:
    """Return what a TOML file holds, or nothing where it does not exist.

    Raises:
        SettingsError: it cannot be read, is too large, or is no TOML; the message says which.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(SETTINGS_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(file.name, [f"cannot be read ({error.strerror})"]) from None
    if len(content) > SETTINGS_BYTES:
        raise SettingsError(file.name, ["larger than 1 MiB, which is not a settings file"])
    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(file.name, [f"not valid TOML ({clean(str(error))})"]) from None


def convert(table: dict[str, Any], kind: type[SettingsT], prefix: str, problems: list[str]) -> SettingsT:
    """Convert field by field, so that one wrong value does not hide the next."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{prefix}{clean(key, 60)}"
        field = fields.get(key)
        if field is None:
            near = difflib.get_close_matches(key, fields, n=1)
            problems.append(f"{name}: unknown key" + (f"; did you mean '{near[0]}'?" if near else ""))
        elif isinstance(field.type, type) and issubclass(field.type, Settings):
            if isinstance(value, dict):
                values[key] = convert(value, field.type, f"{name}.", problems)
            else:
                problems.append(f"{name}: expected a table, got {shown(value)}")
        else:
            try:
                read = msgspec.convert(value, field.type)
            except msgspec.ValidationError as error:
                problems.append(f"{name}: {_expected(field.type, error)}, got {shown(value)}")
                continue
            wrong = _wrong_number(read)
            if wrong:
                problems.append(f"{name}: {wrong}, got {shown(value)}")
            else:
                values[key] = read
    return kind(**values)


def _wrong_number(value: object) -> str:
    """Say what was expected of a number, or of the numbers of a list, that no setting can have; or nothing."""
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, float) and not math.isfinite(number):
            return "expected a finite number"
        if isinstance(number, int) and abs(number) > LARGEST:
            return f"expected a whole number of at most {LARGEST:,}"
    return ""


def _expected(wanted: Any, error: msgspec.ValidationError) -> str:
    for kind in _kinds(wanted):
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return f"expected one of {', '.join(kind)}"
    return _in_words(error)


def _kinds(wanted: Any) -> Iterator[Any]:
    """Yield a type and those that it is made of."""
    yield wanted
    for part in get_args(wanted):
        yield from _kinds(part)


def _in_words(error: msgspec.ValidationError) -> str:
    """Say msgspec's sentence as ours do: lower case, without its path and its own 'got'."""
    words = str(error).split(", got")[0].split(" - at")[0]
    return clean(words[:1].lower() + words[1:])


def shown(value: object) -> str:
    """Return a value as it stands in a sentence about it."""
    return clean(repr(value), 60)


def settled(file: Path, settings: SettingsT, problems: list[str]) -> SettingsT:
    """Return the settings, if nothing is wrong with them.

    Raises:
        SettingsError: there were problems; the message names the file and every one of them.
    """
    if problems:
        raise SettingsError(file.name, [clean(problem) for problem in problems])
    return settings
