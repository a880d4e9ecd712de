"""What is given away holds all of the program and nothing else, and works where only it is installed."""

import json
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from storage.workspace import Workspace, engine_pid
from tests.dist.building import ROOT, Distributions, build
from tests.dist.trial import Installed, install

PACKAGES = ("engine", "sample_models", "storage", "tui")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Return the distributions of this tree."""
    return build(ROOT, tmp_path_factory.mktemp("dist"), work=tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def installed(built: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Return an environment with the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    return install(built.wheel, folder / "environment", folder / "place")


def packaged() -> set[str]:
    """Return the files of the program's packages, as they lie in this tree."""
    files = (path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}


def test_the_wheel_holds_every_file_of_the_packages_and_no_other(built: Distributions) -> None:
    """Code, the markers of its types, the samples' data and their licences; no test, no tool, no document."""
    with zipfile.ZipFile(built.wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    own = {name for name in names if not PurePosixPath(name).parts[0].startswith("modeltender-")}
    assert own == packaged()
    manual = {PurePosixPath(name).name for name in names if "/share/man/man1/" in name}
    assert {"modeltender.1", "modeltender-promote.1", "modeltender-engine-install.1"} <= manual
    licences = {PurePosixPath(name).name for name in names - own if "/licenses/" in name}
    assert {"LICENSE", "LICENSE-mnist.txt"} <= licences


def test_the_source_distribution_holds_what_the_wheel_is_made_of(built: Distributions) -> None:
    """All packages, what describes them and what changed; tests stay where their tools are."""
    with tarfile.open(built.sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    assert packaged() <= names
    assert {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"} <= names
    assert not {name for name in names if name.startswith(("tests/", "docs/", "."))}


def test_the_installed_program_is_the_one_of_the_wheel(installed: Installed) -> None:
    """Nothing of the tree that it was built from is used, also where that is installed beside it."""
    code = f"import {', '.join(PACKAGES)}; print(*(part.__file__ for part in ({', '.join(PACKAGES)})), sep='\\n')"
    said = subprocess.run(
        [installed.python, "-P", "-c", code], cwd=installed.place, check=True, text=True, capture_output=True
    )
    assert all(Path(line).is_relative_to(installed.environment) for line in said.stdout.splitlines())
    assert len(said.stdout.splitlines()) == len(PACKAGES)


@pytest.fixture
def sampled_by_wheel(samples: Path, installed: Installed) -> Iterator[Path]:
    """Return a workspace of sample models that the installed program made; its engine is stopped afterwards."""
    del samples  # trained once a run, for this one too
    said = installed.modeltender("init", "W", "--sample", "--json")
    assert said.returncode == 0, said.stderr
    assert "mnist" in json.loads(said.stdout)["models"]
    yield installed.place / "W"
    installed.modeltender("engine", "stop", "-w", "W")


@pytest.mark.timeout(600)
def test_the_installed_program_evaluates_and_promotes(sampled_by_wheel: Path, installed: Installed) -> None:
    """From an empty folder: samples, an evaluation behind the walls, a promotion, the overview, the end of the engine."""
    evaluated = installed.modeltender("evaluate", "mnist", "-w", "W", "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    assert json.loads(evaluated.stdout)["metrics"]["accuracy"]["value"] > 0.88
    promoted = installed.modeltender("promote", "mnist", "-w", "W", "--json")
    assert promoted.returncode == 0, promoted.stdout
    assert (json.loads(promoted.stdout)["from"], json.loads(promoted.stdout)["to"]) == (1, 2)
    assert (sampled_by_wheel / "models" / "mnist" / "current").readlink() == Path("2")
    listed = json.loads(installed.modeltender("models", "-w", "W", "--json").stdout)
    assert next(one["current"] for one in listed if one["model"] == "mnist")
    stopped = installed.modeltender("engine", "stop", "-w", "W")
    assert stopped.stdout.endswith("has ended.\n")
    assert engine_pid(Workspace(sampled_by_wheel)) is None
