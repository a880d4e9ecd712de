"""The reference of all commands, as Markdown, made from the commands themselves.

``python -P -m tui.commands.reference > docs/commands.md`` writes it; a test fails where the file says
something else than the program.
"""

import sys
import typing
from collections.abc import Iterator

import click
import msgspec

from tui.command_line import COMMANDS, modeltender
from tui.commands.printed import ANSWERS, JOB, JOBS, Printed

WIDTH = 100

INTRODUCTION = """# Commands

Every command takes `--workspace`, by default the current folder or the nearest parent that is a workspace, and
`--json`, which prints one JSON document on standard output and nothing else. Times are ISO 8601 in UTC;
durations end in `_s` or `_ms`, sizes in `_bytes`; what is not known is `null`. Remarks and errors go to standard
error; with `--json` an error is the document `{"error": {"code", "message", "hint"}}` instead. `modeltender schema COMMAND` prints
what a command prints as a JSON Schema.

| exit status | meaning |
|---|---|
| 0 | yes, or done |
| 1 | the answer is no: a gate refused, an objective is missed, something needs a person |
| 2 | usage or settings |
| 3 | the work failed |
| 4 | the engine could not be reached in time |
| 5 | inconclusive |

A command that only reads leaves a stopped engine stopped; one that asks for work starts it.
"""


def reference() -> str:
    """Return the whole reference."""
    root = click.Context(modeltender, info_name="modeltender")
    parts = [INTRODUCTION, *_section(modeltender, root)]
    for name in COMMANDS:
        command = modeltender.get_command(root, name)
        if command is None:
            raise LookupError(f"the table of commands names {name}, which is not there")
        context = click.Context(command, info_name=name, parent=root)
        parts.extend(_section(command, context))
        if isinstance(command, click.Group):
            for below, child in command.commands.items():
                parts.extend(_section(child, click.Context(child, info_name=below, parent=context)))
    return "\n".join(parts)


def fields(kind: type[msgspec.Struct]) -> str:
    """Return a document's fields as they are written in JSON, with those of the documents within it."""
    return f"{{{', '.join(_field(field) for field in msgspec.structs.fields(kind))}}}"


def _field(field: msgspec.structs.FieldInfo) -> str:
    shape = _shape(field.type)
    return field.encode_name + (f": {shape}" if shape else "")


def _shape(annotation: object) -> str:
    """Return how a value is nested, or nothing where it is a plain one."""
    arguments = [part for part in typing.get_args(annotation) if part not in {type(None), Ellipsis}]
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return fields(annotation)
    origin = typing.get_origin(annotation)
    if origin is dict:
        return f"{{NAME: {_shape(arguments[1]) or 'value'}}}"
    if origin is tuple or origin is list:
        return f"[{_shape(arguments[0]) or '...'}]"
    return next((shape for part in arguments if (shape := _shape(part))), "")


def _section(command: click.Command, context: click.Context) -> Iterator[str]:
    context.terminal_width = WIDTH
    path = context.command_path
    yield f"## {path}\n"
    yield f"```text\n{command.get_help(context)}\n```\n"
    name = path.removeprefix("modeltender").strip()
    told: set[str] = set()
    for answer in ANSWERS.get(name, ()):
        when = f"with `{answer.when}` " if answer.when else ""
        yield f"JSON: {when}{_told(answer, again=answer.target in told)}\n"
        told.add(answer.target)


def _told(answer: Printed, *, again: bool) -> str:
    """Return the form of an answer; one that the page has elsewhere is referred to."""
    shape = "a list" if answer.many else "one document"
    if answer in (JOB, JOBS):
        return f"{shape} as of `modeltender jobs`"
    if again:
        return f"{shape} of the same"
    return f"{shape}{' of' if answer.many else ''} `{fields(answer.document)}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
