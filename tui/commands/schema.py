"""The command ``schema``: what another command prints with ``--json``, as a JSON Schema for those who read it by program."""

import click
import msgspec

from storage.errors import UnknownError
from storage.text import clean
from storage.vocabulary import ExitCode
from tui.commands.output import show_document, show_text


class SchemaDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``schema --json`` says without a command: one command, and the structs of its answers."""

    command: str
    prints: tuple[str, ...]


@click.command(epilog="Example: modeltender schema evaluate > evaluate.schema.json")
@click.argument("command", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def schema(*, command: tuple[str, ...], as_json: bool) -> int:
    """Print the JSON Schema of what COMMAND prints with --json; without COMMAND, list them.

    The schema (draft 2020-12) has every field with its type, and the document of an error. Fields may be added by a
    later version, so it leaves documents open; none is renamed or taken away.
    """
    from tui.commands import printed

    if not command:
        listed = [
            SchemaDocument(command=name, prints=tuple(answer.target.partition(":")[2] for answer in answers))
            for name, answers in printed.ANSWERS.items()
        ]
        if as_json:
            show_document(listed)
        else:
            show_text("\n".join(one.command for one in listed))
        return ExitCode.DONE
    name = clean(" ".join(command))
    if name not in printed.ANSWERS:
        below = [one for one in printed.ANSWERS if one.startswith(f"{name} ")]
        hint = f"Name one of {', '.join(below)}." if below else "modeltender schema lists those that do."
        raise UnknownError(f"No command {name} prints JSON.", hint)
    show_document(printed.schema(name))
    return ExitCode.DONE
