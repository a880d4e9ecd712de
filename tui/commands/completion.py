"""The command ``completion``: prints the script that teaches a shell what may come next on a line."""

import click
import msgspec

from storage.vocabulary import ExitCode

SHELLS = ("bash", "zsh", "fish")

PROGRAM = "modeltender"


class CompletionDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``completion --json`` says."""

    shell: str
    script: str


@click.command(epilog="Example: modeltender completion bash >> ~/.bashrc")
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def completion(*, shell: str, as_json: bool) -> int:
    """Print the script that makes a shell complete commands, options, models and versions.

    bash reads it from ~/.local/share/bash-completion/completions/modeltender, fish from
    ~/.config/fish/completions/modeltender.fish, and zsh from a file called _modeltender in a folder of its fpath.
    """
    text = script(shell)
    click.echo(msgspec.json.encode(CompletionDocument(shell=shell, script=text)) if as_json else text)
    return ExitCode.DONE


def script(shell: str) -> str:
    """Return the script for a shell."""
    from click.shell_completion import get_completion_class

    from tui.command_line import COMPLETING, modeltender
    from tui.commands.completing import Bash

    found = Bash if shell == "bash" else get_completion_class(shell)
    if found is None:
        raise LookupError(f"click knows no shell {shell}")
    return found(modeltender, {}, PROGRAM, COMPLETING).source()
