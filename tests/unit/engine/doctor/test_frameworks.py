"""Frameworks: this environment's, and packages made for the test that are missing, old, broken, slow or deadly."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest

from engine.doctor import frameworks, requirements
from engine.doctor.frameworks import Imports
from engine.doctor.report import Check
from engine.protocols import RuntimeSpec
from engine.runtimes import RUNTIMES
from storage.vocabulary import Condition, Format

Package = Callable[..., RuntimeSpec]


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Package:
    """Return a function that installs a package with this source, and describes it as a runtime."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def install(source: str | None, *, name: str = "framelet", version: str = "1.0") -> RuntimeSpec:
        if source is not None:
            (tmp_path / f"{name}.py").write_text(source)
            metadata = tmp_path / f"{name}-{version}.dist-info"
            metadata.mkdir()
            (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        return RuntimeSpec(
            name=name,
            framework=name,
            formats=(Format.ONNX,),
            distributions=(name,),
            extra="letter",
            loader=f"{name}:load",
            needs_sandbox=False,
        )

    return install


def tried(spec: RuntimeSpec) -> tuple[Check, list[str]]:
    """Return the check of a runtime, and which runtimes work."""
    with Imports([spec]) as imports:
        return imports.check(spec, []), imports.working


def test_framework_of_this_environment_is_imported() -> None:
    """ONNX Runtime is imported by a process of its own, and not by this one."""
    before = set(sys.modules)
    spec = next(spec for spec in RUNTIMES if spec.framework == "onnxruntime")
    check, working = tried(spec)
    assert check.status is Condition.OK, check
    assert working == ["onnxruntime"]
    assert check.detail.startswith(f"onnxruntime {frameworks.versions([spec])['onnxruntime']}")
    assert "onnxruntime" not in set(sys.modules) - before


def test_missing_framework_is_a_warning(package: Package) -> None:
    """A framework that is not installed costs its formats, and the extra that brings it is named."""
    check, working = tried(package(None))
    assert check.status is Condition.WARNING
    assert check.detail == "framelet not installed, so no onnx models"
    assert check.fix == "pip install 'modeltender[letter]'"
    assert working == []


def test_broken_framework_is_a_problem(package: Package) -> None:
    """A framework that is installed but raises is a problem, in its own last words, cleaned."""
    check, working = tried(package("raise ImportError('libmissing.so.1: \\x1b[2J not found')"))
    assert check.status is Condition.PROBLEM
    assert "ImportError: libmissing.so.1: \ufffd[2J not found" in check.detail
    assert check.fix == "pip install --force-reinstall 'framelet'", (
        "by its own name: an index knows none of ours"
    )
    assert working == []


def test_framework_that_kills_its_process(package: Package) -> None:
    """A build that this processor cannot run ends its own process only, and the signal is named."""
    check, _ = tried(package("import os, signal; os.kill(os.getpid(), signal.SIGILL)"))
    assert check.status is Condition.PROBLEM
    assert "SIGILL" in check.detail


def test_loaders_of_one_framework_are_told_apart(package: Package) -> None:
    """The loaders of one framework are tried in one process, and each has its own verdict; a deadly one has no successor."""
    good = package("", name="sound")
    broken = msgspec.structs.replace(
        package("raise ImportError('no such thing')", name="cracked"), framework="sound"
    )
    deadly = msgspec.structs.replace(package("import os; os.abort()", name="doomed"), framework="sound")
    after = msgspec.structs.replace(package("", name="behind"), framework="sound")
    specs = [good, broken, deadly, after]
    with Imports(specs) as imports:
        checks = {spec.name: imports.check(spec, []) for spec in specs}
        assert len(imports._running) == 1
    assert imports.working == ["sound"]
    assert "ImportError: no such thing" in checks["cracked"].detail
    assert "SIGABRT" in checks["doomed"].detail
    assert "SIGABRT" in checks["behind"].detail


def test_framework_that_never_finishes(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that hangs is given up at the deadline, and its whole group of processes is ended."""
    monkeypatch.setattr(frameworks, "DEADLINE_S", 1.0)
    spec = package("import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)")
    with Imports([spec]) as imports:
        group = psutil.Process(imports._running[spec.framework][0].pid)
        while not (children := group.children()):
            time.sleep(0.01)
        check = imports.check(spec, [])
    assert check.status is Condition.PROBLEM
    assert "not done within 1 s" in check.detail
    assert len(children) == 1
    _, alive = psutil.wait_procs(children, timeout=30)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []


def test_noise_of_an_import_is_not_shown(package: Package, capfd: pytest.CaptureFixture[str]) -> None:
    """What a framework prints while it is imported does not reach the terminal, however much it is."""
    check, _ = tried(package("import sys; print('x' * 300_000); print('y' * 300_000, file=sys.stderr)"))
    assert check.status is Condition.OK
    assert capfd.readouterr() == ("", "")


def test_no_process_is_left_to_start(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system starts no process, the check says so instead of failing."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", refuse)
    check, _ = tried(package(""))
    assert check.status is Condition.PROBLEM
    assert "Resource temporarily unavailable" in check.detail


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"keras": "3.11.2"}, "keras below 3.11.3 has known holes"),
        ({"keras": "3.11.3"}, ""),
        ({"torch": "2.9.1+cu126", "keras": "3.9.0"}, "torch below 2.10, keras below 3.11.3 has known holes"),
        ({"torch": "2.13.0+cpu"}, ""),
        ({"unheard-of": "0.1"}, ""),
    ],
)
def test_versions_with_known_holes(found: dict[str, str], words: str) -> None:
    """A version below what modeltender itself requires is named, compared by number and not by letter."""
    required = ["click>=8.2", "keras>=3.11.3; extra == 'tensorflow'", "torch>=2.10; extra == 'torch'"]
    assert frameworks.outdated(found, required) == words


def test_old_framework_is_a_warning(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed version with known holes works, and is a warning with the command that renews it."""
    monkeypatch.setattr(requirements, "own", lambda: ["framelet>=2.0; extra == 'letter'"])
    check, working = tried(package(""))
    assert check.status is Condition.WARNING
    assert check.fix == "pip install --upgrade 'framelet>=2.0'"
    assert working == ["framelet"]


def test_own_requirements_have_floors() -> None:
    """The floors of the frameworks with closed holes are found in this program's own metadata."""
    assert frameworks.outdated({"keras": "3.0.0", "torch": "2.0.0"}, requirements.own())
