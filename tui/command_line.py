"""The command ``modeltender``: finds the command that was named, loads that one alone, and reports how it ended.

Owns the table of commands, and is the only printer of errors and the only chooser of exit codes. It knows
commands by name, so that ``modeltender models`` loads neither the console nor what the engine is made of.
"""

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import click
import msgspec
from click.shell_completion import CompletionItem

from storage import full_disk, shortages
from storage.errors import Error
from storage.text import clean
from storage.vocabulary import ExitCode

COMMANDS = {
    "init": "engine.init_command:init",
    "status": "tui.commands.overview:status",
    "models": "tui.commands.models:models",
    "show": "tui.commands.show:show",
    "evaluate": "tui.commands.evaluation:evaluate",
    "latency": "tui.commands.latency:latency",
    "compare": "tui.commands.compare:compare",
    "import": "tui.commands.importing:import_models",
    "export": "tui.commands.exporting:export",
    "optimise": "tui.commands.exporting:optimise",
    "recalibrate": "tui.commands.recalibrating:recalibrate",
    "promote": "tui.commands.promotion:promote",
    "rollback": "tui.commands.promotion:rollback",
    "tell": "tui.commands.telling:tell",
    "check": "tui.commands.check:check",
    "faults": "tui.commands.faults:faults",
    "acknowledge": "tui.commands.faults:acknowledge",
    "repair": "tui.commands.repair:repair",
    "rehearse": "tui.commands.rehearse:rehearse",
    "train": "tui.commands.training:train",
    "build": "tui.commands.training:build",
    "runs": "tui.commands.runs:runs",
    "trust": "tui.commands.trust:trust",
    "quarantine": "tui.commands.quarantine:quarantine",
    "history": "tui.commands.history:history",
    "metrics": "tui.commands.metrics:metrics",
    "report": "tui.commands.report:report",
    "data": "engine.data_command:data",
    "notify": "tui.commands.notifying:notify",
    "db": "tui.commands.db:db",
    "devices": "tui.commands.devices:devices",
    "jobs": "tui.commands.log:jobs",
    "cancel": "tui.commands.log:cancel",
    "events": "tui.commands.log:events",
    "serve": "tui.commands.serve:serve",
    "share": "tui.commands.share:share",
    "engine": "engine.cli:engine",
    "doctor": "engine.doctor_command:doctor",
    "schema": "tui.commands.schema:schema",
    "completion": "tui.commands.completion:completion",
}
"""Where each command lies, in the order in which help lists them."""

CONSOLE = "tui.commands.console:console"

INTERRUPTED = 128 + 2
"""What a shell reports of a command that Ctrl-C ended."""

STDIN, STDOUT, STDERR = range(3)

PLAINLY = {"a valid integer range": "a whole number", "a valid float range": "a number"}
"""What click calls a number that may not be any."""

WHOLE = 1000
"""Characters of the sentence that says what a command does: all of it."""

COMPLETING = "_MODELTENDER_COMPLETE"
"""By this variable a shell's function asks what may come next; the name is click's."""

MESSAGE = 4000
"""Characters of an error's message: a settings file with dozens of problems is told in full."""


class NobodyReadsError(Exception):
    """The pipe that the answer goes to was closed at its other end."""


class Commands(click.Group):
    """Commands that are imported when they are called; a first word that names none of them is a folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each command does as the whole sentence that it is."""
        del ctx
        told = [(name, _load(target).get_short_help_str(WHOLE)) for name, target in COMMANDS.items()]
        with formatter.section("Commands"):
            formatter.write_dl(told)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, or return ``None`` where there is none of that name."""
        del ctx
        return _load(COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first word names; a word that names a folder opens the console there."""
        if args[0] in COMMANDS or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        if not _is_path(args[0]):
            raise click.UsageError(_unknown_word(args[0]), ctx)
        return "console", _load(CONSOLE), args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Return what a first word may be: a command, or a folder where it looks like a path."""
        if os.sep in incomplete or incomplete.startswith((".", "~")):
            return [CompletionItem(incomplete, type="dir")]
        return super().shell_complete(ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; that nobody reads its answer any more is told apart from a no, which click's own way is not."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise NobodyReadsError from None


@click.group(
    cls=Commands,
    invoke_without_command=True,
    subcommand_metavar="[DIR | COMMAND [ARGS]...]",
    epilog="Exit status: 0 yes or done, 1 the answer is no, 2 usage or settings, 3 the work failed, "
    "4 the engine was not reached in time, 5 inconclusive.",
)
@click.option(
    "-w",
    "--workspace",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, readable=False),
    help="The workspace; by default this folder or the nearest parent that is one.",
)
@click.option("--read-only", is_flag=True, help="Open a console that changes nothing.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _option, wanted: _tell_versions(context) if wanted else None,
    help="Show the version, and those of what runs models here, and exit.",
)
@click.pass_context
def modeltender(context: click.Context, *, folder: Path | None, read_only: bool) -> int:
    """Watch, evaluate, promote and roll back deployed models.

    Without a command, opens the console of the workspace in DIR or in the current folder. If a folder is named like a
    command, add a slash: ./models
    """
    if context.invoked_subcommand is not None:
        return ExitCode.DONE
    return int(context.invoke(_load(CONSOLE), folder=folder, read_only=read_only))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, say what went wrong, and return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    _take_standard_streams()
    _be_tolerant()
    if COMPLETING in os.environ:
        _teach_bash()
    try:
        status = modeltender.main(words, prog_name="modeltender", standalone_mode=False)
        click.echo(nl=False)  # flushes: what cannot be written fails here and not after the last word
    except Error as error:
        return _tell(error.code, error.message, error.hint, error.exit_code, as_json=as_json)
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        hint = f"See: {context.command_path if context else 'modeltender'} --help"
        return _tell("usage", _misused(error), hint, ExitCode.USAGE, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except (NobodyReadsError, BrokenPipeError):
        _let_go_of_output()
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 - the last resort: a person gets a sentence, a file the traceback
        return _tell_unexpected(error, words, as_json=as_json)
    return int(status or ExitCode.DONE)


def _misused(error: click.ClickException) -> str:
    """Return in a sentence how a command was misused; of one without the word that it needs, which words there are."""
    context = error.ctx if isinstance(error, click.exceptions.NoArgsIsHelpError) else None
    if context is None or not isinstance(context.command, click.Group):
        message = error.format_message()
        for words, plain in PLAINLY.items():
            message = message.replace(words, plain)
        return message
    *names, last = context.command.list_commands(context)
    return f"'{context.info_name}' needs one word more: {', '.join(names)} or {last}."


def _tell_versions(context: click.Context) -> None:
    """Print the program's version in the first line, as scripts expect it, and what it works with below."""
    for name, number in _versions().items():
        click.echo(f"{name} {number}")
    context.exit()


def _versions() -> dict[str, str]:
    found: dict[str, str] = import_module("engine.versions").versions()
    return found


def _teach_bash() -> None:
    from click.shell_completion import add_completion_class

    from tui.commands.completing import Bash

    add_completion_class(Bash)


def _load(target: str) -> click.Command:
    module, _, name = target.partition(":")
    return cast("click.Command", getattr(import_module(module), name))


def _is_path(word: str) -> bool:
    return os.sep in word or word.startswith((".", "~")) or os.path.exists(word)  # noqa: PTH110 - a name that no file can have is no error here


def _unknown_word(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, COMMANDS, n=1)
    return f"'{word}' is neither a command nor a folder." + (f" Did you mean '{near[0]}'?" if near else "")


def _tell(code: str, message: str, hint: str, status: int, *, as_json: bool) -> int:
    """Print an error where its reader looks for it, and return the exit status."""
    message, hint = clean(message, MESSAGE), clean(hint)
    if as_json:
        try:
            click.echo(msgspec.json.encode({"error": {"code": code, "message": message, "hint": hint}}))
        except OSError:
            # Nobody reads any more, or the disk under the output is full: then a person may.
            _let_go_of_output()
        else:
            return status
    try:
        click.echo(f"modeltender: {message}" + (f"\n  {hint}" if hint else ""), err=True)
    except OSError:
        # The exit status still tells.
        _let_go_of_output()
    return status


def _tell_unexpected(error: Exception, words: list[str], *, as_json: bool) -> int:
    number = shortages.number(error)
    if number is not None:
        code = "disk-full" if number in full_disk.WORDS else "shortage"
        return _tell(code, shortages.WORDS[number], shortages.HINTS[number], ExitCode.FAILED, as_json=as_json)
    from tui.commands.crash import keep_traceback

    what = f"Internal error ({type(error).__name__}: {clean(str(error), 120)})."
    return _tell("internal", what, keep_traceback(error, words), ExitCode.FAILED, as_json=as_json)


def _take_standard_streams() -> None:
    """Open what a script has closed, so that nothing of ours gets the number of a stream and is written over."""
    for descriptor in (STDIN, STDOUT, STDERR):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest number that is free is this one: those before it are open by now.
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(STDIN, closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stdout = sys.stdout or open(STDOUT, "w", closefd=False)  # noqa: SIM115 - as above
    sys.stderr = sys.stderr or open(STDERR, "w", closefd=False)  # noqa: SIM115 - as above


def _be_tolerant() -> None:
    """Let a character that the terminal's character set lacks be shown as ``?`` instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _let_go_of_output() -> None:
    """Send what is still to be written nowhere, so that the interpreter's own last flush does not complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDOUT)
    os.close(nowhere)
