"""The page on history names for every fault a test that exists, and tells how long things are kept as the settings do."""

import re
from pathlib import Path

import pytest

from storage.settings import Retention

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "history.md").read_text()

TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")

FAULTS = [line for line in PAGE.split("## When things go wrong")[1].splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("row", FAULTS, ids=range(len(FAULTS)))
def test_every_fault_names_its_test(row: str) -> None:
    """What a row says is shown by one test, which is there."""
    [(file, name)] = TEST.findall(row)
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), name


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
