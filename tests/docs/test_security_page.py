"""The page on security names a test for every row of its tables."""

import re

import pytest

from tests.docs.pages import NAMED_TEST, text_of

PAGE = text_of("docs/security.md")

ROWS = {
    "Hostile files": range(1, 28),
    "Watching and arrival": range(28, 38),
    "The engine and its processes": range(38, 48),
}

ROW = re.compile(r"\| (\d+) \| .+ \|")

NEVER = ("is safe", "are safe", "safely")


def section(heading: str) -> str:
    """Return what stands under a heading, empty where there is none."""
    found = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def rows(heading: str) -> dict[int, str]:
    """Return the rows of a section's table by their number."""
    lines = (line for line in section(heading).splitlines() if ROW.match(line))
    return {int(line.split("|")[1]): line for line in lines}


@pytest.mark.parametrize("heading", ROWS)
def test_every_row_is_told_with_its_test(heading: str) -> None:
    """A table that was begun is whole: no row is left out, and each names what shows it."""
    found = rows(heading)
    if found:
        assert sorted(found) == list(ROWS[heading])
    assert [number for number, line in found.items() if not NAMED_TEST.search(line)] == []


def test_hostile_files_are_told() -> None:
    """The first table is there."""
    assert rows("Hostile files")


def test_nothing_is_called_safe() -> None:
    """What was found and what stood around it is said; that a model is harmless is not."""
    assert [word for word in NEVER if word in PAGE.lower()] == []
    assert "no known attack found; ran isolated: full" in PAGE
