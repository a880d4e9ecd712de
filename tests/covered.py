"""What of the store and of the engine's core the tests have gone through, a line a package; `make coverage` ends with it.

It counts branches as well as lines: a condition whose other answer no test has seen is what goes wrong unnoticed.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from coverage import Coverage

PROMISED = 95.0
"""Percent of the branches of each package, each by itself: none hides behind another."""

PACKAGES = (
    "storage",
    "engine/evaluation",
    "engine/repository",
    "engine/jobs",
    "engine/faults",
    "engine/repairs",
)
"""What is held to it.

What runs in model processes is not seen from here: they may write nowhere. Tests call it in their own process as well.
"""


class Counted(msgspec.Struct, frozen=True):
    """What a file, or a package, has of lines and branches, and how many of them were gone through."""

    num_statements: int = 0
    covered_lines: int = 0
    num_branches: int = 0
    covered_branches: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(
            self.num_statements + other.num_statements,
            self.covered_lines + other.covered_lines,
            self.num_branches + other.num_branches,
            self.covered_branches + other.covered_branches,
        )

    @property
    def branches(self) -> float:
        """The percentage of branches."""
        return percent(self.covered_branches, self.num_branches)


class File(msgspec.Struct, frozen=True):
    """What the tests have left out of a file."""

    summary: Counted
    missing_branches: list[tuple[int, int]]
    """From which line to which; to a negative one where the way goes out of what begins there."""


class Report(msgspec.Struct, frozen=True):
    """All files."""

    files: dict[str, File]


def percent(part: int, whole: int) -> float:
    """Return a share; a package of which nothing was seen is not taken for one that is well."""
    return 100.0 * part / whole if whole else 0.0


def packages(files: Mapping[str, File]) -> dict[str, Counted]:
    """Return what each package comes to."""
    return {
        package: sum(
            (file.summary for name, file in files.items() if name.startswith(f"{package}/")), Counted()
        )
        for package in PACKAGES
    }


def table(found: Mapping[str, Counted]) -> Iterator[str]:
    """Yield the lines that tell of packages."""
    yield f"{'package':<18} {'lines':>7} {'branches':>9}"
    for package, counted in found.items():
        lines = percent(counted.covered_lines, counted.num_statements)
        short = "" if counted.branches >= PROMISED else f"  below {PROMISED:g} %"
        yield f"{package:<18} {lines:>5.1f} % {counted.branches:>7.1f} %{short}"


def left_out(files: Mapping[str, File]) -> Iterator[str]:
    """Yield the branches that no test has taken, the file with most of them first."""
    for name, file in sorted(files.items(), key=lambda entry: -len(entry[1].missing_branches)):
        if file.missing_branches:
            ways = ", ".join(
                f"{before}→{after if after > 0 else 'out'}" for before, after in file.missing_branches
            )
            yield f"{name}: {ways}"


def read() -> Report:
    """Put the data of all processes together and return what they come to."""
    data = Coverage()
    data.combine(strict=False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coverage.json"
        data.json_report(outfile=str(file))
        return msgspec.json.decode(file.read_bytes(), type=Report)


def main() -> int:
    """Say what was gone through and what was not; the status is 1 where a package falls short."""
    report = read()
    found = packages(report.files)
    for line in (*left_out(report.files), "", *table(found)):
        print(line)
    return int(any(counted.branches < PROMISED for counted in found.values()))


if __name__ == "__main__":
    sys.exit(main())
