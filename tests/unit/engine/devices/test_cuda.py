"""Which builds of a framework can use CUDA, judged from package metadata laid out as installers write it.

The metadata is a recorded fixture: names, versions and requirements of real builds, without the builds.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.devices import cuda, usability
from engine.runtimes import RUNTIMES

Install = Callable[..., None]
BY_FRAMEWORK = {spec.framework: spec for spec in RUNTIMES}


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Install:
    """Return a function that adds the metadata of a distribution to an otherwise empty environment."""
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    monkeypatch.setattr(cuda, "LIBRARY_FOLDERS", ())

    def add(name: str, version: str, *requires: str) -> None:
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        (folder / "METADATA").write_text(
            "\n".join([*lines, *(f"Requires-Dist: {one}" for one in requires)]) + "\n"
        )

    return add


def obstacle(framework: str) -> str:
    """Return why a framework's runtime cannot use CUDA, or an empty string."""
    spec = BY_FRAMEWORK[framework]
    usable, obstacles = usability.use("cuda", cuda.JUDGES, specs=[spec])
    assert (usable == (spec.name,)) == (obstacles == ())
    return f"{obstacles[0].reason}: {obstacles[0].remedy}" if obstacles else ""


@pytest.mark.parametrize(
    ("version", "requires", "works"),
    [
        ("2.13.0+cpu", (), False),
        ("2.10.0+cu126", (), True),
        ("2.10.0", ('nvidia-cublas-cu12==12.8.4.1; platform_system == "Linux"',), True),
        ("2.10.0", (), False),
        ("2.10.0+rocm6.4", (), False),
        ("2.10.0+xpu", (), False),
    ],
)
def test_builds_of_torch(install: Install, version: str, requires: tuple[str, ...], works: bool) -> None:  # noqa: FBT001 - a table's column
    """A build of torch can use CUDA by its suffix or, without one, by what it requires; others say what to install."""
    install("torch", version, *requires)
    words = obstacle("torch")
    assert (words == "") is works
    assert works or ("built without CUDA" in words and "pip install" in words)


def test_cpu_build_of_tensorflow(install: Install) -> None:
    """The CPU build of TensorFlow says that it is one, and what to install."""
    install("tensorflow_cpu", "2.21.0")
    install("keras", "3.15.1")
    assert obstacle("tensorflow").startswith("tensorflow-cpu is built without CUDA: ")


def test_tensorflow_needs_cuda_libraries(install: Install) -> None:
    """TensorFlow's usual build can use CUDA only beside NVIDIA's libraries."""
    install("tensorflow", "2.21.0")
    install("keras", "3.15.1")
    assert "pip install 'tensorflow[and-cuda]'" in obstacle("tensorflow")
    install("nvidia-cudnn-cu12", "9.3.0.75")
    assert obstacle("tensorflow") == ""


def test_tensorflow_finds_libraries_of_the_system(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """CUDA libraries of the system count as well as those from wheels."""
    install("tensorflow", "2.21.0")
    install("keras", "3.15.1")
    (tmp_path / "libcudnn.so.9").touch()
    monkeypatch.setattr(cuda, "LIBRARY_FOLDERS", (str(tmp_path),))
    assert obstacle("tensorflow") == ""


def test_builds_of_onnx_runtime(install: Install, tmp_path: Path) -> None:
    """ONNX Runtime has a CUDA provider in its GPU distribution only."""
    install("onnxruntime", "1.32.0")
    assert "pip install 'onnxruntime-gpu[cuda,cudnn]'" in obstacle("onnxruntime")
    (tmp_path / "onnxruntime-1.32.0.dist-info").rename(tmp_path / "elsewhere")
    install("onnxruntime-gpu", "1.32.0")
    assert obstacle("onnxruntime") == ""


def test_missing_framework_says_what_installs_it(install: Install) -> None:
    """A runtime that is not installed cannot use any device, and names the extra that brings it."""
    del install
    assert obstacle("torch") == "torch not installed: pip install 'modeltender[torch]'"
