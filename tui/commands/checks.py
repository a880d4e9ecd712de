"""The checks of a gate in words for the command line: pure, and no wider than the terminal."""

import textwrap
from collections.abc import Sequence

from storage.promotion_records import GateCheck

LEAST_WIDTH = 60
"""Narrower than this nobody could read a sentence in the column that is left."""

INDENT = "  "


def checks_text(checks: Sequence[GateCheck], width: int) -> str:
    """Return a line for each check: its verdict, its name and its sentence, which goes on below itself."""
    if not checks:
        return ""
    verdict, name = (
        max(len(str(word)) for word in column) for column in zip(*map(_words, checks), strict=True)
    )
    lines: list[str] = []
    for check in checks:
        head = f"{INDENT}{check.verdict!s:<{verdict}}  {check.name:<{name}}  "
        lines += textwrap.wrap(
            check.detail,
            max(width, LEAST_WIDTH),
            initial_indent=head,
            subsequent_indent=" " * len(head),
            break_on_hyphens=False,
        ) or [head.rstrip()]
    return "\n".join(lines)


def _words(check: GateCheck) -> tuple[str, str]:
    return str(check.verdict), check.name
