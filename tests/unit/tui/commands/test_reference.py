"""The reference of commands says what the program says."""

from pathlib import Path

from tui.command_line import COMMANDS
from tui.commands.printed import ANSWERS
from tui.commands.reference import reference

FILE = Path(__file__).parents[4] / "docs" / "commands.md"


def test_the_reference_is_what_the_commands_say() -> None:
    """The file is up to date; `python -P -m tui.commands.reference > docs/commands.md` writes it."""
    assert FILE.read_text(encoding="utf-8") == reference()


def test_every_command_says_what_it_prints() -> None:
    """Each command's JSON is described, except where a command goes on until it is stopped."""
    described = {path.split()[0] for path in ANSWERS}
    assert described == set(COMMANDS)
