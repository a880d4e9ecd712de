"""Whether an installed framework was built for CUDA, judged from its distribution without importing it."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from engine.devices.usability import Judge, Verdict

LIBRARY_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/local/cuda/lib64",
)
"""Where system packages and NVIDIA's own images put cuDNN."""

CUDNN_WHEELS = ("nvidia-cudnn-cu12", "nvidia-cudnn-cu13")


def _tensorflow(found: Distribution) -> Verdict | None:
    if _name(found) == "tensorflow-cpu":
        return Verdict(
            "tensorflow-cpu is built without CUDA",
            "pip uninstall tensorflow-cpu; pip install 'tensorflow[and-cuda]'",
        )
    if not _has_cudnn():
        return Verdict("tensorflow finds no CUDA libraries", "pip install 'tensorflow[and-cuda]'")
    return None


def _torch(found: Distribution) -> Verdict | None:
    build = found.version.partition("+")[2]
    needs_cuda = any(name.startswith(("nvidia-", "cuda-")) for name in found.requires or [])
    if build.startswith("cu") or (not build and needs_cuda):
        return None
    return Verdict(f"torch {found.version} is built without CUDA", "pip install --force-reinstall torch")


def _onnxruntime(found: Distribution) -> Verdict | None:
    if _name(found) == "onnxruntime-gpu":
        return None
    return Verdict(
        "onnxruntime has no CUDA provider",
        "pip uninstall onnxruntime; pip install 'onnxruntime-gpu[cuda,cudnn]'",
    )


JUDGES: dict[str, Judge] = {
    "tensorflow": _tensorflow,
    "torch": _torch,
    "onnxruntime": _onnxruntime,
}
"""By the distribution that executes."""


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
