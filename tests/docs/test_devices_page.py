"""The page on devices has a row for each family, and names for every row a test."""

import re

import pytest

from engine.devices import FAMILIES
from tests.docs.pages import NAMED_TEST, text_of

ROWS = [
    line
    for line in text_of("docs/devices.md").splitlines()
    if line.startswith("| ") and not line.startswith(("| family", "| what"))
]


def test_every_family_is_told() -> None:
    """Each family of the registry has a row, in the registry's order, and no row tells of another."""
    told = [found[1] for line in ROWS if (found := re.match(r"\| `(\w+)` \|", line))]
    assert tuple(dict.fromkeys(told)) == FAMILIES


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_every_row_names_its_test(row: str) -> None:
    """What a row says is shown by one test."""
    assert len(NAMED_TEST.findall(row)) == 1
