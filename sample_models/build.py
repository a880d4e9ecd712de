"""Fills a workspace with real sample models and their real data; trains each once.

``python -P -m sample_models.build DIR`` does it from a shell. It imports no framework itself: each family is
trained in a process of its own and kept in a cache (`sample_models.cache`). A framework that is not installed
leaves its samples out, with a sentence.
"""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sample_models import cache, digits
from storage.errors import Error

TRAINING_S = 600.0
"""Ten times what a slow machine needs; a training that takes longer is stuck."""

MISSING = "missing"
"""A file of this name in a family's folder says that its framework was not installed when it was built."""

Tell = Callable[[str], None]


class Family(NamedTuple):
    """Samples that are trained together, in one process."""

    module: str
    needs: tuple[str, ...]
    """Top-level modules that must be installed."""
    extra: str


FAMILIES = (
    Family("keras_digits", ("keras", "tensorflow"), "tensorflow"),
    Family("torch_digits", ("torch",), "torch"),
    Family("onnx_models", ("onnx", "onnxruntime", "sklearn"), "onnx,samples"),
)


class Sample(NamedTuple):
    """A model of the sample workspace: its versions, its data and what its settings say."""

    name: str
    versions: tuple[str, ...]
    """Artefacts, as ``family/file``, the first version first; the first one is deployed."""
    artefact: str
    """What the artefact is called in its version's folder."""
    settings: str
    data: str | None = None
    """Prefix of the family's own data files, or ``None`` for the digits."""

    @property
    def family(self) -> str:
        """Return the family that makes it."""
        return self.versions[0].partition("/")[0]


DIGIT_SETTINGS = """task = "classification"
labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]

[preprocess]
dtype = "float32"
scale = 0.00392156862745098  # 1/255: pixels between 0 and 1
{layout}
[objectives]
accuracy = ">= {accuracy}"

[gate]
metric = "accuracy"
margin = 0.02  # 2,000 test images can decide about two points
"""

CANCER_SETTINGS = """task = "classification"
labels = ["malignant", "benign"]

[objectives]
accuracy = ">= 0.93"

[gate]
metric = "accuracy"
margin = 0.02
"""

SAMPLES = (
    Sample(
        "mnist",
        ("keras_digits/dense.keras", "keras_digits/cnn.keras"),
        "model.keras",
        DIGIT_SETTINGS.format(layout='layout = "NHWC"\n', accuracy="0.85"),
    ),
    Sample(
        "mnist-torch",
        ("torch_digits/model.pt",),
        "model.pt",
        DIGIT_SETTINGS.format(layout='layout = "NCHW"\n', accuracy="0.90"),
    ),
    Sample(
        "mnist-onnx",
        ("onnx_models/digits.onnx",),
        "model.onnx",
        DIGIT_SETTINGS.format(layout="", accuracy="0.90"),
    ),
    Sample(
        "breast-cancer", ("onnx_models/cancer.onnx",), "model.onnx", CANCER_SETTINGS, "onnx_models/cancer"
    ),
)

ARRIVAL = "keras_digits/better.keras"


def build(workspace: Path, *, on_progress: Tell = lambda _: None) -> None:
    """Fill ``workspace`` with the sample models; a model that is there already stays as it is.

    Raises:
        Error: a sample could not be trained, or none of the frameworks is installed.
    """
    made = cache.filled(lambda folder: _train_all(folder, on_progress))
    usable = [sample for sample in SAMPLES if not _missing(made, sample)]
    for sample in SAMPLES:
        reason = _missing(made, sample)
        if reason:
            on_progress(f"{sample.name} is left out: {reason}")
    if not usable:
        raise Error(
            "No sample model can be made: no framework is installed.", "pip install 'modeltender[all]'"
        )
    for sample in usable:
        if not (workspace / "models" / sample.name).exists():
            _place(sample, made, workspace)
            on_progress(f"{sample.name}: {len(sample.versions)} version{'s' * (len(sample.versions) > 1)}")


def arrival(workspace: Path) -> Path:
    """Return the file of a better version of ``mnist`` that has not arrived yet; it lies in the cache.

    Raises:
        Error: it could not be made, because its framework is not installed.
    """
    del workspace  # the same for every workspace; named so that callers need not know where it lies
    file = cache.filled(lambda folder: _train_all(folder, lambda _: None)) / ARRIVAL
    if not file.is_file():
        raise Error("The arriving sample version needs TensorFlow.", "pip install 'modeltender[tensorflow]'")
    return file


def _train_all(folder: Path, tell: Tell) -> None:
    for family in FAMILIES:
        target = folder / family.module
        target.mkdir()
        absent = [name for name in family.needs if importlib.util.find_spec(name) is None]
        if absent:
            (target / MISSING).write_text(f"install it with: pip install 'modeltender[{family.extra}]'")
        else:
            tell(f"training the samples of {family.module} (once) ...")
            _train(family, target)


def _train(family: Family, target: Path) -> None:
    command = [sys.executable, "-P", "-m", f"sample_models.{family.module}", str(target)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=TRAINING_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise Error(f"Training the samples of {family.module} took more than {TRAINING_S:.0f} s.") from None
    if done.returncode:
        last = " ".join(done.stderr.splitlines()[-3:])
        raise Error(
            f"The samples of {family.module} could not be trained: {last}", "Is there room on the disk?"
        )


def _missing(made: Path, sample: Sample) -> str:
    note = made / sample.family / MISSING
    return note.read_text() if note.exists() else ""


def _place(sample: Sample, made: Path, workspace: Path) -> None:
    """Copy a sample into the workspace: its data first, so that no version is ever seen without them."""
    test, train = workspace / "test" / sample.name, workspace / "train" / sample.name
    for folder in (test, train):
        folder.mkdir(parents=True, exist_ok=True)
    for name, folder in (("test", test), ("validation", test), ("train", train)):
        if sample.data is None:
            part = digits.split()[name]
            np.savez_compressed(folder / f"{name}.npz", x=part.x, y=part.y)
        else:
            shutil.copyfile(made / f"{sample.data}-{name}.npz", folder / f"{name}.npz")
    partial = workspace / "models" / f".{sample.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    for number, artefact in enumerate(sample.versions, start=1):
        version = partial / str(number)
        version.mkdir(parents=True)
        shutil.copyfile(made / artefact, version / sample.artefact)
    (partial / "model.toml").write_text(sample.settings)
    (partial / "current").symlink_to("1")
    partial.rename(workspace / "models" / sample.name)


def main() -> None:
    """Fill the workspace that the command line names."""
    from storage.workspace import create_workspace

    build(create_workspace(Path(sys.argv[1])).root, on_progress=print)


if __name__ == "__main__":
    main()
