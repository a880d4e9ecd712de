"""A command that a sentence tells people to type names what it means, whatever that is called: it is read from all sources."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]

COMMAND = re.compile(r"\bmodeltender (?:--?[a-z-]+ |[a-z-]+ )+$")
"""What ends with a command that waits for its first argument."""

PLAIN = {"candidate.model", "clean(group, NAME)", "entry.id", "where"}
"""Arguments that are one word as they are: a sample's name, a group, a number, a choice of options."""

SENTENCES = {"clock(now)", "sender.host", "_literal(clean(str(facts.workspace)))"}
"""What follows the program's name where no command is meant."""


def arguments() -> Iterator[tuple[str, ast.expr]]:
    """Return where a command gets an argument within a text, and that argument."""
    for package in ("storage", "engine", "tui", "sample_models"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.JoinedStr):
                    for before, after in pairwise(node.values):
                        if (
                            isinstance(before, ast.Constant)
                            and isinstance(after, ast.FormattedValue)
                            and COMMAND.search(str(before.value))
                        ):
                            yield f"{path.relative_to(ROOT)}:{node.lineno}", after.value


def test_a_command_that_people_copy_has_its_argument_as_one_word() -> None:
    """Models may be called anything, and `promote heart rate` would be about another model."""
    found = [(where, ast.unparse(argument)) for where, argument in arguments()]
    assert len(found) > 30
    bare = [
        f"{where}: {argument}"
        for where, argument in found
        if not argument.startswith("word(") and argument not in PLAIN | SENTENCES
    ]
    assert bare == []
