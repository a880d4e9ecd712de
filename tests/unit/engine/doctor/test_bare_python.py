"""modeltender on a bare Python: a real virtual environment with what it requires, and none of its extras.

The packages are this environment's own, linked; no index is asked, since none can be reached from there.
"""

import json
import os
import re
import subprocess
import venv
import zipfile
from collections.abc import Callable
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from engine.runtimes import RUNTIMES

ROOT = Path(__file__).parents[4]

COMMAND = "import sys; from tui.command_line import main; sys.exit(main())"

NOWHERE = "http://127.0.0.1:1/simple"
"""An index that refuses at once."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def required(name: str, found: dict[str, Distribution]) -> dict[str, Distribution]:
    """Gather a distribution and, without extras, everything that it requires."""
    if name not in found:
        found[name] = distribution(name)
        for line in found[name].requires or []:
            if "extra" not in line and ";" not in line:
                required(re.split(r"[<>=!~\[ (]", line, maxsplit=1)[0].lower(), found)
    return found


def link(installed: Distribution, site: Path) -> None:
    """Let a distribution be found in another environment."""
    names = {file.parts[0] for file in installed.files or [] if file.parts[0] not in {"..", "__pycache__"}}
    for name in names:
        source = Path(str(installed.locate_file(name)))
        if source.exists() and not (site / name).exists() and not name.endswith((".pth", ".py.bak")):
            (site / name).symlink_to(source)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a virtual environment that holds modeltender without any extra; pip is among what it requires."""
    folder = tmp_path_factory.mktemp("bare") / "env"
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    [site] = folder.glob("lib/python3*/site-packages")
    for installed in required("modeltender", {}).values():
        link(installed, site)
    (site / "project.pth").write_text(f"{ROOT}\n")
    return folder


@pytest.fixture
def run(environment: Path, tmp_path: Path) -> Run:
    """Return a function that runs a command of modeltender in that environment, away from any workspace."""

    def call(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        variables = {"PATH": os.defpath, "HOME": str(tmp_path), "LANG": "C.UTF-8", "PIP_INDEX_URL": NOWHERE}
        return subprocess.run(
            [environment / "bin" / "python", "-P", "-c", COMMAND, *words],
            env=variables | {"PIP_CONFIG_FILE": os.devnull} | more,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return call


def test_newcomer_is_told_what_to_do_next(run: Run) -> None:
    """Each missing framework has the command that brings it; that none works is the one problem, and the end says how to go on."""
    done = run("doctor")
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert "✗ problem  frameworks        none works here that runs models as they come" in lines
    assert "with a loader of your own" in " ".join(done.stdout.split())
    arrows = {line.strip() for line in lines if line.strip().startswith("→")}
    extras = {spec.extra for spec in RUNTIMES} | {"data", "all"}
    assert {f"→ pip install 'modeltender[{extra}]'" for extra in extras} <= arrows
    assert lines[-1] == "What is not installed can be had with: modeltender doctor --fix"
    assert max(len(line) for line in lines if "→" not in line) <= 80
    assert len(lines) <= 60


def test_document_of_a_bare_python(run: Run) -> None:
    """Scripts get the same: not ok, no framework, and the processor with the runtimes that it lacks."""
    report = json.loads(run("doctor", "--json").stdout)
    assert (report["ok"], report["frameworks"]) == (False, {"numpy": report["frameworks"]["numpy"]})
    [cpu] = [device for device in report["devices"] if device["id"] == "cpu"]
    told = {one["runtime"]: (one["reason"], one["remedy"]) for one in cpu["unusable_by"]}
    assert told["onnxruntime"] == ("onnxruntime not installed", "pip install 'modeltender[onnx]'")


def test_fix_without_a_network_is_one_sentence(run: Run) -> None:
    """Where no index is reached, pip's many lines become one sentence, with how to install from a folder."""
    done = run("doctor", "--fix", "--yes")
    assert done.returncode == 3, done.stderr
    message, hint = done.stderr.splitlines()
    assert message.startswith("modeltender: No package index can be reached from here, so ")
    assert "--no-index --find-links FOLDER" in hint
    assert "Installing " in done.stdout


def test_fix_asks_where_somebody_answers(run: Run) -> None:
    """Where nobody can answer, --fix wants --yes before it installs anything."""
    done = run("doctor", "--fix")
    assert done.returncode == 2
    assert "add --yes if nobody can answer" in done.stderr


INSTALL = """
from engine.doctor import extras
extras.install(extras.Extra("data", "images", ("pillow>=11",)))
"""


def test_what_was_agreed_to_is_installed(environment: Path, tmp_path: Path) -> None:
    """This interpreter's own pip installs what an extra requires into its own environment; a wheel in a folder shows it."""
    with zipfile.ZipFile(tmp_path / "pillow-99.0-py3-none-any.whl", "w") as wheel:
        about = "Metadata-Version: 2.1\nName: pillow\nVersion: 99.0\n"
        wheel.writestr("PIL.py", "")
        wheel.writestr("pillow-99.0.dist-info/METADATA", about)
        wheel.writestr("pillow-99.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("pillow-99.0.dist-info/RECORD", "")
    variables = {"PATH": os.defpath, "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    variables |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    python = environment / "bin" / "python"
    subprocess.run(
        [python, "-P", "-c", INSTALL],
        env=variables,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=100,
    )
    [site] = environment.glob("lib/python3*/site-packages")
    assert (site / "pillow-99.0.dist-info" / "METADATA").exists()
