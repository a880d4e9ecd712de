"""Fills a workspace with real sample models and their real data.

``python -P -m sample_models.build DIR`` does it from a shell. Owns which samples there are, what their settings
say, and how they get into a workspace. It imports no framework: `sample_models.training` trains each family in a
process of its own, and `sample_models.cache` keeps what it makes.
"""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from sample_models import cache, training
from sample_models.digits import SCALE
from sample_models.training import FAMILIES, Family, Tell
from storage.errors import Error, JobError


class Sample(NamedTuple):
    """A model of the sample workspace: its versions, its data and what its settings say."""

    name: str
    versions: tuple[str, ...]
    """Artefacts, as ``family/file``, the first version first; the first one is deployed."""
    artefact: str
    """What the artefact is called in its version's folder."""
    settings: str
    data: str = "digits/digits"
    """Where its data files lie in the cache, up to ``-test.npz`` and its like."""

    @property
    def family(self) -> Family:
        """Return the family that it is trained with."""
        return _family(self.versions[0])


DIGIT_SETTINGS = f"""\
task = "classification"
labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]

[preprocess]
dtype = "float32"
scale = {SCALE!r}  # 1/255: pixels between 0 and 1
%s
[objectives]
accuracy = ">= 0.88"

[gate]
metric = "accuracy"
margin = 0.02  # 2,000 test images can tell two points apart
"""

CANCER_SETTINGS = """\
task = "classification"
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
        DIGIT_SETTINGS % 'layout = "NHWC"\n',
    ),
    Sample("mnist-torch", ("torch_digits/model.pt",), "model.pt", DIGIT_SETTINGS % 'layout = "NCHW"\n'),
    Sample("mnist-onnx", ("onnx_models/digits.onnx",), "model.onnx", DIGIT_SETTINGS % ""),
    Sample(
        "breast-cancer",
        ("onnx_models/cancer.onnx",),
        "model.onnx",
        CANCER_SETTINGS,
        data="onnx_models/cancer",
    ),
)

ARRIVAL = "keras_digits/better.keras"
"""A third version of ``mnist``, better than both that are there, which arrives while somebody looks."""

TWINS = ("keras_digits/dense.h5", "keras_digits/dense")
"""The first version of ``mnist`` once more, in Keras' other formats."""

INSTALL = "Install one, or all, with: pip install 'modeltender[all]'"


def build(workspace: Path, *, on_progress: Tell = lambda _: None) -> None:
    """Fill the folder ``workspace`` with the sample models; a model that is there already stays as it is.

    Samples whose framework is not installed are left out, with a sentence to ``on_progress``.

    Raises:
        Error: a sample could not be trained or kept, or no framework is installed.
    """
    usable = [sample for sample in SAMPLES if sample.family.installed()]
    if not usable:
        raise JobError("No sample can be made, because no framework is installed.", INSTALL)
    for sample in SAMPLES:
        if sample not in usable:
            on_progress(f"{sample.name} is left out: {sample.family.absence()}")
    made = cache.filled(lambda folder: training.train_all(folder, on_progress))
    for sample in usable:
        if not (workspace / "models" / sample.name).exists():
            _place(sample, made, workspace)
            count = len(sample.versions)
            on_progress(f"{sample.name}: {count} version{'s' if count > 1 else ''}, version 1 is deployed")


def arrival(workspace: Path) -> Path:
    """Return the file of a better version of ``mnist`` that has not arrived yet; it lies in the cache.

    Raises:
        Error: it could not be made, because its framework is not installed.
    """
    del workspace  # the same for every workspace; named so that callers need not know where it lies
    family = _family(ARRIVAL)
    if not family.installed():
        raise JobError(f"There is no better version to arrive: {family.absence()}.")
    return cache.filled(lambda folder: training.train_all(folder, lambda _: None)) / ARRIVAL


def twins() -> tuple[Path, ...]:
    """Return the first version of ``mnist`` as a legacy ``.h5`` file and as a SavedModel folder; they lie in the cache.

    Raises:
        Error: they could not be made, because their framework is not installed.
    """
    family = _family(TWINS[0])
    if not family.installed():
        raise JobError(f"There are no other formats of mnist: {family.absence()}.")
    made = cache.filled(lambda folder: training.train_all(folder, lambda _: None))
    return tuple(made / name for name in TWINS)


def _family(artefact: str) -> Family:
    return next(family for family in FAMILIES if family.module == artefact.partition("/")[0])


def _place(sample: Sample, made: Path, workspace: Path) -> None:
    """Copy a sample into the workspace: its data first, so that no version is ever seen without them."""
    test, train = workspace / "test" / sample.name, workspace / "train" / sample.name
    for name, folder in (("test", test), ("validation", test), ("train", train)):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made / f"{sample.data}-{name}.npz", folder / f"{name}.npz")
    partial = workspace / "models" / f".{sample.name}.partial"
    # What an interrupted build left behind.
    shutil.rmtree(partial, ignore_errors=True)
    for number, artefact in enumerate(sample.versions, start=1):
        version = partial / str(number)
        version.mkdir(parents=True)
        shutil.copyfile(made / artefact, version / sample.artefact)
    (partial / "model.toml").write_text(sample.settings)
    (partial / "current").symlink_to("1")
    partial.rename(workspace / "models" / sample.name)


def main() -> int:
    """Fill the workspace that the command line names, and return the exit status."""
    from storage.workspace import create_workspace

    if len(sys.argv) != 2:
        print("usage: python -P -m sample_models.build DIR", file=sys.stderr)
        return 2
    try:
        build(create_workspace(Path(sys.argv[1])).root, on_progress=print)
    except Error as error:
        print(f"{error.message} {error.hint}".rstrip(), file=sys.stderr)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
