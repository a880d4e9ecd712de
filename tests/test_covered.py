"""What `make coverage` says of figures: a package that falls short is named, and so is every way that nobody went."""

from pathlib import Path

import pytest

from tests import covered
from tests.covered import Counted, File


def counted(branches: int, *, of: int) -> File:
    """Return a file of which so many branches were taken."""
    missing = [(number, -1 if number == 1 else number + 1) for number in range(1, of - branches + 1)]
    return File(Counted(2 * of, 2 * of, of, branches), missing)


FILES = {
    "storage/jobs.py": counted(99, of=100),
    "storage/tables/events.py": counted(90, of=100),
    "engine/jobs/train.py": counted(10, of=10),
    "engine/jobs_of_others.py": counted(0, of=1000),
}


def test_a_package_is_all_of_its_files_and_no_others() -> None:
    """Folders inside count, and a module whose name only begins alike does not."""
    found = covered.packages(FILES)
    assert list(found) == list(covered.PACKAGES)
    assert found["storage"] == Counted(400, 400, 200, 189)
    assert found["engine/jobs"].branches == 100.0


def test_a_package_that_falls_short_is_marked() -> None:
    """By its own figure, however good the others are."""
    lines = list(covered.table(covered.packages(FILES)))
    short = [line.split()[0] for line in lines if "below" in line]
    # Of the others nothing was seen at all.
    assert short == [package for package in covered.PACKAGES if package != "engine/jobs"]


def test_ways_that_nobody_went_are_listed_from_the_worst_file_on() -> None:
    """Who wants to write the missing test reads the lines there."""
    lines = list(covered.left_out({name: FILES[name] for name in list(FILES)[:3]}))
    assert [line.split(":")[0] for line in lines] == ["storage/tables/events.py", "storage/jobs.py"]
    assert lines[1] == "storage/jobs.py: 1→out"


@pytest.mark.parametrize("package", covered.PACKAGES)
def test_every_package_is_measured(package: str) -> None:
    """What is held to the figure lies there, and the settings count it."""
    root = Path(__file__).parents[1]
    assert list((root / package).rglob("*.py"))
    assert f'"{package.replace("/", ".")}"' in (root / "pyproject.toml").read_text()
