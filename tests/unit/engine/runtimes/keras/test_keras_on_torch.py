"""Keras' own files where TensorFlow is not installed: torch runs them, and every figure stays."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.vocabulary import Format
from tests.tiny_models import KERAS_WARNING

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

SCRIPT = """
import json, sys
from pathlib import Path
from engine.processes.client import Hosts
from engine.processes.protocol import Evaluate
from engine.runtimes import runtime_for
from storage.settings import LimitSettings
from storage.vocabulary import Format, Task
from tests.tiny_models import PREPROCESS

data, scratch, *files = map(Path, sys.argv[1:])
hosts = Hosts(scratch=scratch, limits=LimitSettings())
for word, artefact in zip(files[::2], files[1::2]):
    wanted = Format(str(word))
    spec = runtime_for(wanted)
    process = hosts.open(artefact, spec, "cpu", [artefact.parent, data.parent])
    request = Evaluate(str(data), Task.CLASSIFICATION, (), PREPROCESS[wanted])
    evaluated = process.evaluate(request, on_progress=lambda *_: None, deadline_s=60)
    versions = sorted(process.loaded.versions)
    process.close()
    accuracy = next(metric.value for metric in evaluated.metrics if metric.name == "accuracy")
    print(json.dumps([wanted, spec.name, versions, process.loaded.parameters, accuracy]))
hosts.close()
"""


@pytest.fixture(scope="module")
def without_tensorflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every installed package except TensorFlow, for an interpreter that has none of its own."""
    folder = tmp_path_factory.mktemp("packages")
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if not package.name.startswith(("tensorflow", "tf_")):
            (folder / package.name).symlink_to(package)
    return folder


def test_torch_runs_them_to_the_same_figures(
    saved: Callable[[Format], Path], digits_file: Path, without_tensorflow: Path, tmp_path: Path
) -> None:
    """Both formats, through a real host and its walls; the figure names what computed it."""
    from tests.tiny_models import digits, expected_probabilities

    formats = (Format.KERAS, Format.KERAS_H5)
    files = [word for wanted in formats for word in (wanted, saved(wanted))]
    written = run(without_tensorflow, SCRIPT, digits_file, tmp_path / "scratch", *files)
    told = [json.loads(line) for line in written.splitlines() if line.startswith("[")]
    accuracy = (expected_probabilities().argmax(axis=1) == digits()[1][1000:]).mean()
    assert told == [[wanted, "keras-torch", ["keras", "torch"], 650, accuracy] for wanted in formats]


ASKED = """
import torch

asked = []
for name in ("is_available", "device_count", "init", "_lazy_init", "current_device"):
    setattr(torch.cuda, name, lambda *_, name=name: asked.append(name))

from engine.processes.child import load

load("torch")
print(asked)
"""


def test_a_host_asks_for_no_gpu(without_tensorflow: Path) -> None:
    """CUDA starts in no process that is forked from one which looked for a GPU: then no model could use any."""
    assert run(without_tensorflow, ASKED).splitlines()[-1] == "[]"


def run(packages: Path, script: str, *words: object) -> str:
    """Return what a script printed that an interpreter with just these packages ran."""
    python = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    done = subprocess.run(
        [python, "-P", "-c", script, *map(str, words)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{Path.cwd()}:{packages}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
