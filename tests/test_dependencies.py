"""What the project asks to be installed is what its code imports, or a tool that its Makefile and its tests' runner call."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CODE = ("storage", "engine", "tui", "sample_models", "tests")

IMPORTED = re.compile(r"""^ *(?:from|import) (\w+)|["'](\w+)["']""", re.MULTILINE)

TOOLS = frozenset(
    {"coverage", "import-linter", "mypy", "pytest-asyncio", "pytest-timeout", "pytest-xdist", "ruff"}
)
"""Called by a command or found by pytest; types of other people's packages are mypy's."""


def wanted() -> list[Requirement]:
    """Return what is asked for on this machine, the project's own extras apart."""
    lines = [
        *PROJECT["dependencies"],
        *(line for extra in PROJECT["optional-dependencies"].values() for line in extra),
    ]
    found = [Requirement(line) for line in lines]
    return [
        one for one in found if one.name != PROJECT["name"] and (one.marker is None or one.marker.evaluate())
    ]


def imported() -> set[str]:
    """Return the top-level names that the code imports, and every word in quotes: frameworks are imported by their names."""
    files = (file for folder in CODE for file in (ROOT / folder).rglob("*.py"))
    return {name for file in files for pair in IMPORTED.findall(file.read_text()) for name in pair if name}


@pytest.fixture(scope="module")
def used() -> set[str]:
    """Return the distributions, by their canonical names, of which something is imported."""
    provided = metadata.packages_distributions()
    return {str(canonicalize_name(name)) for module in imported() for name in provided.get(module, ())}


def test_nothing_is_asked_for_that_nobody_imports(used: set[str]) -> None:
    """Who installs it gets no package that is there for a code of yesterday."""
    idle = {str(canonicalize_name(one.name)) for one in wanted()} - used - TOOLS
    assert {name for name in idle if not name.startswith("types-")} == set()
