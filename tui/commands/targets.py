"""Which model and version a command means: ``MODEL``, ``MODEL@3`` or ``MODEL@candidate``.

Only reads, inside a transaction of the caller; a name that fits nothing raises a sentence with the nearest
one that does.
"""

import sqlite3
from difflib import get_close_matches
from typing import NamedTuple

import click

from storage.errors import UnknownError
from storage.records import Model, Version
from storage.tables import models
from storage.text import NAME, clean, word
from storage.vocabulary import Role, Status
from storage.workspace import version_number

UNFINISHED = frozenset({Status.SETTLING, Status.CHECKING})
"""The statuses of a version of which the engine has still to say what it is."""


class Target(NamedTuple):
    """A model, and which of its versions; ``None`` leaves that to the command."""

    model: str
    version: int | Role | None

    def __str__(self) -> str:
        return self.model if self.version is None else f"{self.model}@{self.version}"


def target(text: str) -> Target:
    """Return what ``MODEL[@VERSION]`` names; ``VERSION`` is a number or a role."""
    model, at, version = text.partition("@")
    if not at:
        return Target(model, None)
    number = version_number(version)
    if number is None and version not in tuple(Role):
        roles = ", ".join(Role)
        raise click.BadParameter(
            f"'{clean(version, NAME)}' is no version: give its number, or one of {roles}."
        )
    return Target(model, Role(version) if number is None else number)


def find_model(connection: sqlite3.Connection, name: str) -> Model:
    """Return a model by its name.

    Raises:
        UnknownError: there is none.
    """
    found = models.read_one(connection, name)
    if found is not None:
        return found
    known = models.names(connection)
    shown = clean(name, NAME)
    if not known:
        raise UnknownError(
            f"There is no model '{shown}': this workspace has no models yet.",
            f"Save a trained model in the folder train/{shown}/ and it is taken from there.",
        )
    near = get_close_matches(name.casefold(), [other.casefold() for other in known], n=1)
    meant = next((other for other in known if near and other.casefold() == near[0]), None)
    raise UnknownError(
        f"There is no model '{shown}'." + (f" Did you mean '{meant}'?" if meant else ""),
        "List the models with: modeltender models",
    )


def find_version(connection: sqlite3.Connection, model: Model, wanted: int | Role) -> Version:
    """Return a version of a model by its number or role.

    Raises:
        UnknownError: there is none.
    """
    if isinstance(wanted, Role):
        found = getattr(model, wanted.value)
    else:
        found = models.numbered(connection, model.name, wanted)
    if isinstance(found, Version):
        return found
    what = f"{wanted} version" if isinstance(wanted, Role) else f"version {wanted}"
    raise UnknownError(
        f"{model.name} has no {what}.", f"List its versions with: modeltender show {word(model.name)}"
    )


def default_version(connection: sqlite3.Connection, model: Model) -> Version:
    """Return the version that a model's name alone stands for: what is deployed, else the newest that is ready or may become so.

    Raises:
        UnknownError: the model has no version at all.
    """
    if model.current is not None:
        return model.current
    found = models.versions(connection, model.name)
    for statuses in (frozenset({Status.READY}), UNFINISHED, frozenset(Status)):
        version = next((version for version in found if version.status in statuses), None)
        if version is not None:
            return version
    raise UnknownError(
        f"{model.name} has no versions yet.",
        f"Save a trained model in the folder train/{model.name}/ and it becomes the first one.",
    )
