"""What is typed behind ``/``: which rows it keeps."""

import pytest

from tui.matching import kept

PARTS = {"model": "fraud-net v3", "level": "warning", "text": "p99 is 61 ms since 14:23"}


@pytest.mark.parametrize(
    "typed",
    ["", "fraud", "FRAUD 61", "model:fraud", "level:warn", "!digits", "!model:p99", "14:23", "!", "model:"],
)
def test_kept(typed: str) -> None:
    """Words in any order and case keep a row, and so does one that is not typed to its end."""
    assert kept(["row"], lambda _: PARTS, typed) == ["row"]


@pytest.mark.parametrize("typed", ["digits", "fraud digits", "level:fraud", "!fraud", "!level:warn", "14:24"])
def test_left_out(typed: str) -> None:
    """A word that is not there leaves a row out, and so does one that must not be."""
    assert kept(["row"], lambda _: PARTS, typed) == []
