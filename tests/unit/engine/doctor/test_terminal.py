"""Whether a terminal can show the console, over the terminals that people have."""

import pytest

from engine.doctor import terminal
from storage.vocabulary import Condition

ROOMY = (120, 40)


@pytest.mark.parametrize(
    ("environment", "size", "encoding", "status", "words"),
    [
        ({"TERM": "xterm-256color"}, ROOMY, "utf-8", Condition.OK, "256 colours"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, ROOMY, "UTF-8", Condition.OK, "16 million colours"),
        ({"TERM": "linux"}, (80, 24), "utf8", Condition.OK, "80x24"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, ROOMY, "utf-8", Condition.OK, "NO_COLOR"),
        ({"TERM": "vt220"}, (0, 0), "utf-8", Condition.OK, "size unknown"),
        ({}, None, "utf-8", Condition.OK, "none here"),
        ({"TERM": "dumb"}, ROOMY, "utf-8", Condition.WARNING, "cannot show the console"),
        ({}, ROOMY, "utf-8", Condition.WARNING, "unknown"),
        ({"TERM": "xterm"}, ROOMY, "ascii", Condition.WARNING, "UTF-8"),
        ({"TERM": "xterm"}, (40, 10), "utf-8", Condition.WARNING, "40x10"),
    ],
)
def test_terminals(
    environment: dict[str, str], size: tuple[int, int] | None, encoding: str, status: Condition, words: str
) -> None:
    """A terminal that the console cannot use is a warning, never a problem: commands work without one."""
    check = terminal.check(environment, size, encoding)
    assert check.status is status
    assert words in check.detail
    assert bool(check.fix) is (status is Condition.WARNING)
