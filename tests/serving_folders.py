"""Folders as TensorFlow Serving and Triton keep their models in, for tests of importing; models are made by hand."""

from pathlib import Path

from tests.handmade_models import save_onnx
from tests.serving_definitions import model_server_config, triton_config

TRITON_CONFIG = """\
name: "mnist"
platform: "onnxruntime_onnx"
max_batch_size: 8  # as measured
input [ { name: "x" data_type: TYPE_FP32 dims: [ 1, -1 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 10 ] label_filename: "labels.txt" } ]
"""


def triton_model(repository: Path, name: str, *numbers: int, config: str = "") -> Path:
    """Write a model folder of a Triton repository; the server's own definitions have to accept its configuration."""
    folder = repository / name
    for number in numbers:
        save_onnx(folder / str(number) / "model.onnx", f"{name} {number}")
    if config:
        triton_config(config)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.pbtxt").write_text(config)
    return folder


def base_folder(folder: Path, *names: str) -> Path:
    """Write a base folder of TensorFlow Serving with version folders of these names; what they hold is no real model."""
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "saved_model.pb").write_bytes(b"")
    return folder


def models_config(folder: Path, text: str) -> Path:
    """Write a configuration of TensorFlow Serving, which the server's own definitions have to accept."""
    model_server_config(text)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "models.config"
    file.write_text(text)
    return file


def everything(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return what lies below a folder: each entry with its mode, its time, and what it holds."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }
