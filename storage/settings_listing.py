"""Every setting with what it comes to and where that is said: in which file and line, or nowhere, so that the default holds.

For people who look: the engine reads `storage.settings`. What is wrong with a file stands beside the key that it is about.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from storage.errors import SettingsError
from storage.maintenance_settings import DEFAULT_CHECKS, DEFAULT_SCHEDULE
from storage.settings import ModelSettings, WorkspaceSettings, read_model_settings, read_workspace_settings
from storage.settings_file import Settings, read_table
from storage.settings_meanings import meanings
from storage.settings_places import key_lines
from storage.text import clean
from storage.workspace import Workspace

DEFAULT = "default"

NOT_SET = "not set"

INHERITED = ("schedule", "checks", "repair")
"""Tables of ``model.toml`` that leave to ``modeltender.toml`` what they do not say."""

VALUE = 200
"""Characters of a value: a list of a thousand labels is no row."""

SECRET = re.compile(r"//[^/@\s]*@")
"""What stands before the @ of an address may be a password."""


class Entry(NamedTuple):
    """One setting."""

    scope: str
    """The model that it is of, or empty where it holds for the workspace."""
    key: str
    value: str
    origin: str
    default: str
    problem: str = ""
    meaning: str = ""
    """What the setting is for, in a sentence; empty for a key that is none."""


class Listed(NamedTuple):
    """Every setting of a workspace and of one of its models."""

    model: str | None
    entries: tuple[Entry, ...]

    @property
    def problems(self) -> tuple[Entry, ...]:
        """The entries that something is wrong with."""
        return tuple(entry for entry in self.entries if entry.problem)


class _File(NamedTuple):
    """A settings file as it is written."""

    name: str
    scope: str
    table: dict[str, Any]
    lines: Mapping[str, int]
    problems: dict[str, str]

    def origin(self, key: str) -> str:
        """Return where a key of it is written."""
        line = self.lines.get(key)
        return self.name if line is None else f"{self.name}:{line}"


def listed(workspace: Workspace, model: str | None) -> Listed:
    """Return the settings of a workspace and of one of its models: what is wrong, what is said, what holds by default."""
    whole = _read(workspace.settings_file, "", read_workspace_settings)
    entries = [_inherited(entry, whole) for entry in _entries(whole, WorkspaceSettings)]
    if model is not None:
        own = _read(workspace.model_settings(model), model, read_model_settings)
        of_model = [_inherited(entry, whole) for entry in _entries(own, ModelSettings)]
        entries = [*of_model, *entries]
    return Listed(model, tuple(sorted(entries, key=_rank)))


def _rank(entry: Entry) -> int:
    """Return the place of a setting: what is wrong, what somebody said, what holds by default."""
    return 0 if entry.problem else 1 if entry.origin != DEFAULT else 2


def stamp(workspace: Workspace, model: str | None) -> object:
    """Return what changes whenever one of the files does."""
    files = [workspace.settings_file, *([workspace.model_settings(model)] if model else [])]
    return model, tuple(_state(file) for file in files)


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        # Gone, or not to be read: reading it says which.
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(file: Path, scope: str, read: Callable[[Path], object]) -> _File:
    problems: dict[str, str] = {}
    table: dict[str, Any] = {}
    lines: Mapping[str, int] = {}
    try:
        table = read_table(file)
        lines = key_lines(file.read_text(encoding="utf-8")) if table else {}
        read(file)
    except SettingsError as error:
        for problem in error.problems:
            key, _, said = problem.partition(": ")
            problems[key if said else file.name] = said or problem
    except OSError as error:
        problems[file.name] = f"cannot be read ({error.strerror})"
    return _File(file.name, scope, table, lines, problems)


def _entries(file: _File, kind: type[Settings]) -> Iterator[Entry]:
    told = set()
    for entry in _of_table(file, kind, file.table, ""):
        told.add(entry.key)
        yield entry
    for key, problem in file.problems.items():
        if key not in told:
            yield Entry(file.scope, clean(key), written(_at(file.table, key)), file.origin(key), "", problem)


def _of_table(file: _File, kind: type[Settings], table: object, prefix: str) -> Iterator[Entry]:
    written = table if isinstance(table, dict) else {}
    words = meanings(kind)
    for field in msgspec.structs.fields(kind):
        key = f"{prefix}{field.name}"
        meaning = words.get(field.name, "")
        if isinstance(field.type, type) and issubclass(field.type, Settings):
            yield from _of_table(file, field.type, written.get(field.name), f"{key}.")
        elif isinstance(value := written.get(field.name), dict):
            for name, one in value.items():
                yield _entry(file, f"{key}.{clean(name, 60)}", {name: one}, name, None)._replace(
                    meaning=meaning
                )
        else:
            default = field.default if field.default is not msgspec.NODEFAULT else None
            yield _entry(file, key, written, field.name, default)._replace(meaning=meaning)


def _entry(file: _File, key: str, table: Mapping[str, Any], name: str, default: object) -> Entry:
    problem = file.problems.get(key, "")
    if name not in table:
        return Entry(file.scope, key, written(default), DEFAULT, written(default), problem)
    return Entry(file.scope, key, written(table[name]), file.origin(key), written(default), problem)


def _inherited(entry: Entry, whole: _File) -> Entry:
    """Return an entry of a model with what the workspace or the program says where the model says nothing."""
    table, _, name = entry.key.partition(".")
    if table not in INHERITED:
        return entry
    usual = {"schedule": DEFAULT_SCHEDULE, "checks": DEFAULT_CHECKS}.get(table)
    default = written(getattr(usual, name, None))
    own = entry.origin != DEFAULT and entry.value != NOT_SET
    said = written(_at(whole.table, entry.key))
    if said == NOT_SET or (own and not entry.scope):
        return entry._replace(value=entry.value if own else default, default=default)
    if own:
        return entry._replace(default=said)
    return entry._replace(value=said, origin=whole.origin(entry.key), default=default)


def _at(table: Mapping[str, Any], key: str) -> object:
    """Return what is written under a key with dots, or ``None``."""
    found: object = table
    for name in key.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def written(value: object) -> str:
    """Return a value as it is written in TOML, or that there is none."""
    if value is None or (isinstance(value, str | list | tuple | dict) and not value):
        return NOT_SET
    return clean(_toml(value), VALUE)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        hidden = SECRET.sub("//…@", value)
        return f'"{hidden}"'
    if isinstance(value, list | tuple):
        return f"[{_joined(_toml(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{_joined(f'{key} = {_toml(one)}' for key, one in value.items())}}}"
    return str(value)


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(parts)
