"""The manual's pages, one a command, in the form of man(7), made from the commands themselves as the reference is.

``python -P -m tui.commands.manual DIR`` writes them into a folder. Owns what a page says in which order, and what must
be escaped so that it is printed as it was written.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from storage.vocabulary import ExitCode
from tui.command_line import COMMANDS, modeltender

SECTION = 1

STATUSES = {
    ExitCode.DONE: "Yes, or done.",
    ExitCode.NO: "The answer is no: a gate refused, an objective is missed, something needs a person.",
    ExitCode.USAGE: "Usage or settings.",
    ExitCode.FAILED: "The work failed.",
    ExitCode.UNREACHABLE: "The engine could not be reached in time.",
    ExitCode.INCONCLUSIVE: "Inconclusive.",
}
"""What each exit status means, for every command."""


def pages() -> dict[str, str]:
    """Return every page by the name of its file."""
    return {f"{context.command_path.replace(' ', '-')}.{SECTION}": _page(context) for context in _contexts()}


def _contexts() -> Iterator[click.Context]:
    """Yield the program, each of its commands, and what is below those."""
    root = click.Context(modeltender, info_name="modeltender")
    yield root
    for name in COMMANDS:
        command = modeltender.get_command(root, name)
        if command is None:
            raise LookupError(f"the table of commands names {name}, which is not there")
        context = click.Context(command, info_name=name, parent=root)
        yield context
        if isinstance(command, click.Group):
            for below, child in command.commands.items():
                yield click.Context(child, info_name=below, parent=context)


def _page(context: click.Context) -> str:
    command, path = context.command, context.command_path
    name = path.replace(" ", "-")
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [
        f'.TH "{_escaped(name.upper())}" "{SECTION}" "" "modeltender {_escaped(_version())}" "modeltender"',
        f".SH NAME\n{_escaped(name)} \\- {_escaped(_first_sentence(command))}",
        f".SH SYNOPSIS\n.B {_escaped(path)}\n{_escaped(usage)}",
        f".SH DESCRIPTION\n{_paragraphs(command.help or '')}",
        *_options(context),
        *_commands(context),
        ".SH EXIT STATUS\n"
        + "\n".join(f".TP\n.B {status}\n{_escaped(text)}" for status, text in STATUSES.items()),
        *([f".SH EXAMPLE\n.EX\n{_escaped(example)}\n.EE"] if (example := _example(command)) else []),
        f".SH SEE ALSO\n{_see_also(context)}",
    ]
    return "\n".join(parts) + "\n"


def _options(context: click.Context) -> list[str]:
    records = [
        record
        for parameter in context.command.get_params(context)
        if (record := parameter.get_help_record(context))
    ]
    entries = [f".TP\n.B {_escaped(names)}\n{_escaped(help_)}" for names, help_ in records]
    return [".SH OPTIONS\n" + "\n".join(entries)] if entries else []


def _commands(context: click.Context) -> list[str]:
    """Return the list of what is below a command, with the page of each."""
    group = context.command
    if not isinstance(group, click.Group):
        return []
    own = context.command_path.replace(" ", "-")
    entries = []
    for name in group.list_commands(context):
        child = group.get_command(context, name)
        if child is not None:
            entries.append(
                f".TP\n.BR {_escaped(f'{own}-{name}')} ({SECTION})\n{_escaped(_first_sentence(child))}"
            )
    return [".SH COMMANDS\n" + "\n".join(entries)]


def _see_also(context: click.Context) -> str:
    above = [context.parent] if context.parent else []
    while above and above[-1].parent:
        above.append(above[-1].parent)
    names = [each.command_path.replace(" ", "-") for each in above] or [
        "modeltender-doctor",
        "modeltender-engine",
    ]
    return ",\n".join(f".BR {_escaped(name)} ({SECTION})" for name in names)


def _first_sentence(command: click.Command) -> str:
    """Return what a command does in a line, as a manual's index shows it."""
    return " ".join((command.help or "").split("\n\n", 1)[0].split()).rstrip(".")


def _example(command: click.Command) -> str:
    """Return the call that the end of the command's help shows."""
    text = " ".join((command.epilog or "").split())
    return text.removeprefix("Example: ") if text.startswith("Example: ") else ""


def _paragraphs(text: str) -> str:
    """Return a help text with its paragraphs."""
    return "\n.PP\n".join(_escaped(" ".join(paragraph.split())) for paragraph in text.split("\n\n"))


def _escaped(text: str) -> str:
    """Return a text in which nothing means anything to the formatter."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace('"', "\\(dq")
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped


def _version() -> str:
    try:
        return version("modeltender")
    except PackageNotFoundError:
        return ""


def write(folder: Path) -> list[Path]:
    """Write every page into a folder, and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        files.append(folder / name)
    return files


if __name__ == "__main__":
    write(Path(sys.argv[1]))
