"""The page on devices has a row for each family, and names for every row a test that exists."""

import re
from pathlib import Path

import pytest

from engine.devices import FAMILIES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "devices.md").read_text()

TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")

ROWS = [
    line
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| family", "| what"))
]


def test_every_family_is_told() -> None:
    """Each family of the registry has a row, in the registry's order, and no row tells of another."""
    told = [found[1] for line in ROWS if (found := re.match(r"\| `(\w+)` \|", line))]
    assert tuple(dict.fromkeys(told)) == FAMILIES


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_every_row_names_its_test(row: str) -> None:
    """What a row says is shown by one test, which is there."""
    [(file, name)] = TEST.findall(row)
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), name
