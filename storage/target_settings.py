"""The ``[[targets]]`` tables of ``model.toml``: what else must learn of a promotion, one struct a kind.

Owns the keys and their limits, and reads nothing but the table: whether a file is there and a server answers is the
engine's to find out.
"""

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from storage.settings_file import Settings, convert, shown
from storage.text import clean
from storage.vocabulary import TargetKind

LONGEST_S = 3600.0
"""Beyond the time that any server takes to load a model, and a promotion waits no longer."""


class TargetSettings(Settings, frozen=True, kw_only=True):
    """What every target has."""

    kind: TargetKind
    """What the target is."""
    name: str = ""
    """The target's name; empty means its kind, which is enough if there is one of each."""
    timeout_s: float = 30.0
    """How long telling the target, and its confirming, may take."""


class TensorFlowServing(TargetSettings, frozen=True, kw_only=True):
    """An entry of the configuration file of a TensorFlow model server."""

    config: str = ""
    """The file with the server's ``ModelServerConfig``, absolute or below the workspace."""
    label: str = "stable"
    """The version label that follows what is deployed; empty writes none."""
    served_as: str = ""
    """What the server calls the model; empty means the same as here."""
    url: str = ""
    """The server's REST address, where it is asked whether it serves the version; empty asks nobody."""


class Triton(TargetSettings, frozen=True, kw_only=True):
    """The ``config.pbtxt`` of a model of a Triton inference server."""

    config: str = ""
    """The ``config.pbtxt``, absolute or below the workspace."""
    served_as: str = ""
    """What the server calls the model; empty means the same as here."""
    url: str = ""
    """The server's HTTP address, where the model is loaded again; empty leaves that to a server that polls."""


class MLflow(TargetSettings, frozen=True, kw_only=True):
    """An alias in MLflow's model registry."""

    url: str = ""
    """The tracking server's address."""
    registered_model: str = ""
    """What the registry calls the model."""
    alias: str = "champion"
    """The alias that is set to the version that is deployed."""
    register: bool = False
    """Whether versions that the registry lacks are brought into it."""


class Command(TargetSettings, frozen=True, kw_only=True):
    """A program of the owner's."""

    command: tuple[str, ...] = ()
    """The program and its arguments; it runs only if the workspace trusts commands."""


NEEDED = ("config", "registered_model", "alias", "command")
"""What no target that has it can do without."""

SETTINGS: dict[TargetKind, type[TargetSettings]] = {
    TargetKind.TENSORFLOW_SERVING: TensorFlowServing,
    TargetKind.TRITON: Triton,
    TargetKind.MLFLOW: MLflow,
    TargetKind.COMMAND: Command,
}


def place_of(target: TargetSettings) -> str:
    """Return where a target is, for people."""
    match target:
        case TensorFlowServing() | Triton():
            return target.config
        case MLflow():
            return f"{target.registered_model}@{target.alias} at {target.url}"
        case Command():
            return " ".join(target.command)
        case _:
            return ""


def read_targets(tables: object, problems: list[str]) -> tuple[TargetSettings, ...]:
    """Return the targets that the tables describe, and gather what is wrong with any of them."""
    if not isinstance(tables, list):
        problems.append(f"targets: expected tables that begin with [[targets]], got {shown(tables)}")
        return ()
    found = [_read_target(table, f"targets[{index}]", problems) for index, table in enumerate(tables, 1)]
    targets = tuple(target for target in found if target is not None)
    for name, count in Counter(target.name for target in targets).items():
        if count > 1:
            problems.append(f"targets: {count} are called '{name}'; give each a name of its own")
    return targets


def _read_target(table: Any, key: str, problems: list[str]) -> TargetSettings | None:
    if not isinstance(table, dict):
        problems.append(f"{key}: expected a table, got {shown(table)}")
        return None
    try:
        kind = TargetKind(table.get("kind", ""))
    except ValueError:
        problems.append(
            f"{key}.kind: expected one of {', '.join(TargetKind)}, got {shown(table.get('kind', ''))}"
        )
        return None
    known = len(problems)
    target = convert({"name": kind.value} | table, SETTINGS[kind], f"{key}.", problems)
    for name in (*NEEDED, *(("url",) if kind is TargetKind.MLFLOW else ())):
        # A value that could not be converted has its problem already.
        if not getattr(target, name, "x") and not table.get(name):
            problems.append(f"{key}.{name}: is missing")
    _check(target, key, problems)
    return target if len(problems) == known else None


def _check(target: TargetSettings, key: str, problems: list[str]) -> None:
    if not target.name or target.name != clean(target.name, 40):
        problems.append(f"{key}.name: expected a short name, got {shown(target.name)}")
    if not 0 < target.timeout_s <= LONGEST_S:
        problems.append(
            f"{key}.timeout_s: expected a number above 0, at most {LONGEST_S:g}, got {target.timeout_s:g}"
        )
    config = getattr(target, "config", "")
    if ".." in Path(config).parts:
        problems.append(
            f"{key}.config: expected an absolute path, or one below the workspace, got '{config}'"
        )
    _check_url(getattr(target, "url", ""), f"{key}.url", problems)
    command: tuple[str, ...] = getattr(target, "command", ())
    if command and (not command[0] or any("\0" in word for word in command)):
        problems.append(f"{key}.command: expected a program and its arguments, got {shown(list(command))}")


def _check_url(url: str, key: str, problems: list[str]) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no number for a port, or brackets that do not close
        usable = False
    if "@" in url or "?" in url or "#" in url:
        # Not shown: what stands before an @ may be a password.
        problems.append(f"{key}: expected an address without user, query and fragment")
    elif not usable or not url.isascii() or not url.isprintable() or " " in url:
        problems.append(f"{key}: expected an address such as 'http://127.0.0.1:8501', got {shown(url)}")
