"""The page on history names a test for every fault, and tells how long things are kept as the settings do."""

import re

import pytest

from storage.settings import Retention
from tests.docs.pages import NAMED_TEST, text_of

PAGE = text_of("docs/history.md")

FAULTS = [line for line in PAGE.split("## When things go wrong")[1].splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("row", FAULTS, ids=range(len(FAULTS)))
def test_every_fault_names_its_test(row: str) -> None:
    """What a row says is shown by one test."""
    assert len(NAMED_TEST.findall(row)) == 1


def test_the_settings_are_the_ones_that_hold() -> None:
    """The lines that the page shows are the defaults."""
    told = dict(re.findall(r"`\[retention\] (\w+) = \"?([\w.]+)\"?`", PAGE))
    defaults = Retention()
    assert told == {
        "samples_s": f"{defaults.samples_s:.0f}",
        "minutes": defaults.minutes,
        "hours": defaults.hours,
        "days": defaults.days,
    }
