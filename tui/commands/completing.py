"""What a shell is offered when somebody presses tab: names of models, and their versions.

It only reads, and as little as it can: a key waits for the answer. Where there is no workspace, or none that can be
read, there is nothing to offer, and that is no error while somebody types.
"""

import os
import re
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import click
from click.shell_completion import BashComplete, CompletionItem

from storage.database import Reader
from storage.errors import Error
from storage.tables import models as table
from storage.vocabulary import Role
from storage.workspace import find_workspace
from tui.commands.options import FOLDER

BREAKS: Final = {"@": 0, ":": 1, "=": 1}
"""What may be within a word of ours and ends one of bash's, as long as nobody told bash otherwise, and how much of it bash
keeps: a part that begins with ``@`` is replaced with it, because host names are completed so."""

SPECIAL: Final = {"": r"([^\w@%+=:,./-])", '"': r'(["$`\\])'}
"""What bash would not take for a letter, outside quotation marks and within double ones; a backslash makes it one."""

QUOTES: Final = ("", "'", '"')
"""What a line may have to end with to be whole: nothing, or the quotation mark that is open."""

END: Final = "."
"""Stands for the cursor, so that a line always ends within the word that is typed, even where that is empty."""

Item = CompletionItem[str]


def complete_model(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[Item]:
    """Return the models whose names begin with what was typed."""
    with _connection(context) as connection:
        names = table.names(connection) if connection else []
    return [Item(name) for name in names if name.startswith(incomplete)]


def complete_target(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Item]:
    """Return what ``MODEL[@VERSION]`` may be: models first, and versions of one once an ``@`` was typed."""
    model, at, _ = incomplete.partition("@")
    if not at:
        return complete_model(context, parameter, incomplete)
    written = (f"{model}@{version}" for version in _versions(context, model))
    return [Item(word) for word in written if word.startswith(incomplete)]


def complete_version(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[Item]:
    """Return the versions of the model that was named before."""
    known = _versions(context, str(context.params.get("model") or ""))
    return [Item(version) for version in known if version.startswith(incomplete)]


class Typed(NamedTuple):
    """A line up to the cursor, as bash reads it."""

    words: list[str]
    """Those before the one that is typed, without the program."""
    incomplete: str
    """What there is of the word that is typed, without its quotation mark and backslashes."""
    mark: str
    """The quotation mark that is still open, or nothing."""


@cache  # asked for each of thousands of models
def read_typed(line: str) -> Typed:
    """Take a line apart whose last word may be unfinished."""
    for mark in QUOTES:
        with suppress(ValueError):  # the line would still be within quotation marks: others are open
            *words, last = shlex.split(line + END + mark)
            return Typed(words[1:], last.removesuffix(END), mark)
    raise AssertionError(line)


def as_typed(word: str, mark: str) -> str:
    """Return a word as it would have to be typed after an open quotation mark, or after none."""
    return word.replace("'", r"'\''") if mark == "'" else re.sub(SPECIAL[mark], r"\\\1", word)


class Bash(BashComplete):
    """Completion for bash, which takes a word apart at an ``@``, wants the last part of it only, and quotes nothing."""

    source_template = """\
%(complete_func)s() {
    local response type value
    response=$(env COMP_TYPED="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \
%(complete_var)s=bash_complete "$1")
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done <<< "$response"
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def source(self) -> str:
        """Return the script; which bash will read it is not to be known here."""
        return self.source_template % self.source_vars()

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is typed, and what there is of that."""
        typed = read_typed(os.environ["COMP_TYPED"])
        return typed.words, typed.incomplete

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Return a line of the answer, without what bash keeps of the word by itself."""
        _, incomplete, mark = read_typed(os.environ["COMP_TYPED"])
        # Within quotation marks bash takes nothing apart.
        breaks = set() if mark else set(os.environ.get("COMP_WORDBREAKS", "")) & set(BREAKS)
        kept = max(
            (incomplete.rfind(letter) + BREAKS[letter] for letter in breaks if letter in incomplete),
            default=0,
        )
        return f"{item.type},{as_typed(item.value[kept:], mark)}"


def _versions(context: click.Context, model: str) -> list[str]:
    """Return the roles that a version of the model has, and the numbers, the newest first."""
    with _connection(context) as connection:
        found = table.read_one(connection, model) if connection else None
        known = table.versions(connection, model) if connection and found else []
    roles = [role.value for role in Role if getattr(found, role.value, None) is not None]
    return [*roles, *(str(version.number) for version in known)]


@contextmanager
def _connection(context: click.Context) -> Iterator[sqlite3.Connection | None]:
    """Give the database of the workspace that the line means, or ``None`` where it cannot be read."""
    folder = context.meta.get(FOLDER) or context.find_root().params.get("folder")
    try:
        reader = Reader(find_workspace(folder or Path.cwd()).database)
    except (Error, OSError):
        # No workspace, none yet, or one that is damaged: the command itself will say so.
        yield None
        return
    try:
        with reader.transaction() as connection:
            yield connection
    finally:
        reader.close()
