"""``python -m engine``: the engine's commands without the command line, which is how a detached engine begins.

Its output is a log, so an error is one line on stderr; everything else about errors belongs to the command line.
"""

import sys

import click

from engine.cli import engine
from storage import shortages
from storage.errors import Error
from storage.text import clean
from storage.vocabulary import ExitCode


def main() -> int:
    """Run the command that the arguments name and return the exit status."""
    try:
        return engine.main(prog_name="python -m engine", standalone_mode=False) or ExitCode.DONE
    except Error as error:
        click.echo(f"modeltender: {clean(error.message)} {clean(error.hint)}".rstrip(), err=True)
        return error.exit_code
    except click.ClickException as error:
        click.echo(f"modeltender: {clean(error.format_message())}", err=True)
        return error.exit_code
    except Exception as error:
        number = shortages.number(error)
        if number is None:
            raise
        click.echo(f"modeltender: {shortages.WORDS[number]} {shortages.HINTS[number]}", err=True)
        return ExitCode.FAILED


if __name__ == "__main__":
    sys.exit(main())
