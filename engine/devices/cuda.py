"""Whether an installed framework was built for CUDA, judged from its distribution without importing it."""

from collections.abc import Callable, Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from engine.devices import support as runtime_support
from engine.protocols import RuntimeSpec

LIBRARY_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/local/cuda/lib64",
)
"""Where system packages and NVIDIA's own images put cuDNN."""

CUDNN_WHEELS = ("nvidia-cudnn-cu12", "nvidia-cudnn-cu13")


def support(specs: Iterable[RuntimeSpec]) -> tuple[tuple[str, ...], str]:
    """Return the names of the runtimes that can use a CUDA device, and for each other why not and what helps."""
    usable: list[str] = []
    obstacles: list[str] = []
    for spec in specs:
        found = runtime_support.installed(spec)
        missing = " and ".join(name for name in spec.distributions if name not in found)
        if missing:
            obstacles.append(f"{missing} not installed: pip install 'modeltender[{spec.extra}]'")
        elif obstacle := _obstacle(spec, found[spec.distributions[0]]):
            obstacles.append(obstacle)
        else:
            usable.append(spec.name)
    return tuple(usable), "; ".join(obstacles)


def _obstacle(spec: RuntimeSpec, executing: Distribution) -> str:
    judge = JUDGES.get(spec.distributions[0])
    return judge(executing) if judge else f"whether {spec.name} can use CUDA is not known"


def _tensorflow(found: Distribution) -> str:
    if _name(found) == "tensorflow-cpu":
        return "tensorflow-cpu is built without CUDA: pip uninstall tensorflow-cpu; pip install 'tensorflow[and-cuda]'"
    if not _has_cudnn():
        return "tensorflow finds no CUDA libraries: pip install 'tensorflow[and-cuda]'"
    return ""


def _torch(found: Distribution) -> str:
    build = found.version.partition("+")[2]
    needs_cuda = any(name.startswith(("nvidia-", "cuda-")) for name in found.requires or [])
    if build.startswith("cu") or (not build and needs_cuda):
        return ""
    return f"torch {found.version} is built without CUDA: pip install --force-reinstall torch"


def _onnxruntime(found: Distribution) -> str:
    if _name(found) == "onnxruntime-gpu":
        return ""
    return "onnxruntime has no CUDA provider: pip uninstall onnxruntime; pip install onnxruntime-gpu"


JUDGES: dict[str, Callable[[Distribution], str]] = {
    "tensorflow": _tensorflow,
    "torch": _torch,
    "onnxruntime": _onnxruntime,
}
"""By the distribution that executes; each returns why it cannot use CUDA and what helps, or nothing."""


def _name(found: Distribution) -> str:
    return found.metadata["Name"].lower().replace("_", "-")


def _has_cudnn() -> bool:
    for wheel in CUDNN_WHEELS:
        try:
            distribution(wheel)
        except PackageNotFoundError:  # the other wheel or the system may have it
            continue
        return True
    return any(any(Path(folder).glob("libcudnn.so*")) for folder in LIBRARY_FOLDERS)
