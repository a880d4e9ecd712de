"""Commands that a page offers to be chosen from, held against the command line itself, without running any."""

import importlib.util
import re
import shlex
from collections.abc import Iterator

import click

from tests.docs.pages import ROOT
from tui.command_line import COMMANDS, Commands, modeltender

ENDS_COMMAND = {"|", "||", "&&", ";", "&"}
REDIRECTS = {">", ">>", "<", "2>"}
ASSIGNMENT = re.compile(r"[A-Z_]+=.*")
COMMENT = re.compile(r"(?:^|\s)#")
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
ELSEWHERE = {"ssh", "docker", "podman", "systemd-run"}
"""What runs a command that follows."""
PLACEHOLDER = re.compile(r"[A-Z][A-Z_]*(?:@[A-Z]+)?")


def simple_commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of a shell's lines, without comments, redirections and what stands before them."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars="|&;<>\n")
    lexer.whitespace = " \t"
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    tokens = iter(lexer)
    for token in tokens:
        if token in ENDS_COMMAND or set(token) == {"\n"}:
            yield from _without_prefix(words)
            words = []
        elif token in REDIRECTS:
            next(tokens)
        else:
            words.append(token)
    yield from _without_prefix(words)


def uncommented(text: str) -> str:
    """Return lines of a shell without their comments."""
    return "".join(f"{_uncommented(line)}\n" for line in text.splitlines())


def _uncommented(line: str) -> str:
    for found in COMMENT.finditer(line):
        before = line[: found.start()]
        if before.count("'") % 2 == 0 and before.count('"') % 2 == 0:
            return before
    return line


def _without_prefix(words: list[str]) -> Iterator[list[str]]:
    while words and (words[0] == "sudo" or ASSIGNMENT.fullmatch(words[0])):
        words = words[1:]
    if words:
        yield words


def problem(words: list[str]) -> str:
    """Return what is wrong with a command, or nothing: of ours every word is known, of make and Python what is ours."""
    if words[0] in ELSEWHERE and "modeltender" in words:
        words = words[words.index("modeltender") :]
    program, *rest = words
    if program.rpartition("/")[2] == "modeltender":
        return problem_of_ours(rest)
    if program == "make":
        targets = set(TARGET.findall(ROOT.joinpath("Makefile").read_text()))
        return "".join(
            f"the Makefile has no target '{word}'" for word in rest if word.isalpha() and word not in targets
        )
    if program.startswith("python") or program.endswith("/python"):
        module = rest[rest.index("-m") + 1] if "-m" in rest else ""
        ours = module.partition(".")[0] in {"tui", "engine", "storage", "sample_models", "tests"}
        return f"there is no module {module}" if ours and importlib.util.find_spec(module) is None else ""
    return ""


def problem_of_ours(words: list[str]) -> str:
    """Return what the command line would say of these words, as far as no workspace is needed for that."""
    command: click.Command = modeltender
    context = click.Context(command, info_name="modeltender")
    rest = words
    while isinstance(command, click.Group):
        try:
            _, rest, _ = command.make_parser(context).parse_args(list(rest))
        except click.UsageError as error:
            return error.format_message()
        if not rest:
            return ""
        found = command.get_command(context, rest[0])
        if found is None:
            # A first word may name a folder, of which the console is opened.
            is_folder = (
                isinstance(command, Commands)
                and ("/" in rest[0] or rest[0] not in COMMANDS)
                and len(rest) == 1
            )
            return "" if is_folder else f"there is no command '{rest[0]}'"
        command, rest = found, rest[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    return _problem_of_one(command, context, rest)


def _problem_of_one(command: click.Command, context: click.Context, words: list[str]) -> str:
    try:
        values, left, _ = command.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        return error.format_message()
    if left:
        return f"'{command.name}' takes no '{left[0]}'"
    for parameter in command.params:
        given = values.get(parameter.name or "")
        lacks = not given or not isinstance(given, str | tuple)
        if isinstance(parameter, click.Argument) and parameter.required and lacks:
            return f"'{command.name}' needs {parameter.human_readable_name}"
        if (
            not isinstance(given, str)
            or isinstance(parameter.type, click.Path)
            or PLACEHOLDER.fullmatch(given)
        ):
            continue
        try:
            parameter.type(given, parameter, context)
        except click.UsageError as error:
            return error.format_message()
    return ""
