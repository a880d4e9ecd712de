"""What every runtime promises, whatever its format: one body for all of them."""

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np
import psutil
import pytest

from engine.data.examples import Examples, open_examples
from engine.evaluation.probe import probe, repeat
from engine.processes.client import Hosts
from engine.processes.probes import Probe, Repeat
from engine.protocols import HasWeights, LoadedModel, RuntimeSpec
from engine.repository.objects import Objects
from engine.runtimes import RUNTIMES, installed_versions, recognise, runtime_for
from storage.errors import JobError
from storage.settings import LimitSettings, RuntimeOptions
from storage.vocabulary import Format
from tests.artefacts import artefact_sha256, companions, keep_known
from tests.tiny_models import (
    KERAS_WARNING,
    OPTIONS,
    PREPROCESS,
    ROWS,
    copied,
    digits_file,
    expected_probabilities,
    import_keras,
    saved,
)

__all__ = ["digits_file", "saved"]

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

FORMATS = [(spec, wanted) for spec in RUNTIMES for wanted in spec.formats]
PARAMETERS = 64 * 10 + 10

each_format = pytest.mark.parametrize(("spec", "wanted"), FORMATS, ids=[str(wanted) for _, wanted in FORMATS])
each_runtime = pytest.mark.parametrize("spec", RUNTIMES, ids=[spec.name for spec in RUNTIMES])

Saved = Callable[[Format], Path]


@pytest.fixture(scope="module")
def loaded(saved: Saved) -> Callable[[RuntimeSpec, Format], LoadedModel]:
    """Return a function that loads the saved classifier of a format, once."""
    kept: dict[Format, LoadedModel] = {}

    def load(spec: RuntimeSpec, wanted: Format) -> LoadedModel:
        if spec.framework == "tensorflow":
            import_keras()
        if wanted not in kept:
            kept[wanted] = resolve_name(spec.loader)(saved(wanted), "cpu", **told(wanted))
        return kept[wanted]

    return load


def told(wanted: Format) -> dict[str, Any]:
    """Return what the loader of a format must be told besides the artefact and the device."""
    return dict(OPTIONS.get(wanted, ()))


def prepared(model: LoadedModel, wanted: Format, data: Path) -> Examples:
    """Return the test digits as ``model`` takes them."""
    return open_examples(data, PREPROCESS[wanted], model.inputs)


def as_probabilities(
    answers: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]",
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return probabilities, from logits where a format keeps those."""
    rows = answers.astype(np.float64)
    if rows.min() >= 0 and rows.max() <= 1:
        return rows
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def test_every_format_has_exactly_one_runtime() -> None:
    """A format can be executed in one way only, so that a figure has one meaning."""
    assert sorted(wanted for _, wanted in FORMATS) == sorted(Format)
    assert all(runtime_for(wanted) is spec for spec, wanted in FORMATS)


def test_names_of_runtimes_differ() -> None:
    """A stored figure's runtime can be told from its name."""
    assert len({spec.name for spec in RUNTIMES}) == len(RUNTIMES)


@each_runtime
def test_the_versions_of_an_installed_runtime_are_known(spec: RuntimeSpec) -> None:
    """Each distribution that executes has a version under the name that is shown."""
    assert tuple(installed_versions(spec)) == spec.distributions


@each_format
def test_a_model_is_recognised_by_its_content(
    spec: RuntimeSpec, wanted: Format, saved: Saved, tmp_path: Path
) -> None:
    """A file's name does not matter: a model called notes.txt is the model that it is."""
    del spec
    found = recognise(copied(saved(wanted), tmp_path / "notes.txt"))
    assert (found.format, found.reason, found.refused, found.complete) == (wanted, "", False, True)


@each_format
def test_a_model_that_is_cut_short_is_never_taken_for_whole(
    spec: RuntimeSpec, wanted: Format, saved: Saved, tmp_path: Path
) -> None:
    """Wherever a copy stopped, the file is not tried, and the reason is one sentence that names it."""
    del spec
    whole = saved(wanted).read_bytes()
    cut = copied(saved(wanted), tmp_path / "cut")
    for share in (0.01, 0.1, 0.3, 0.5, 0.8, 0.95, 0.999):
        cut.write_bytes(whole[: int(len(whole) * share)])
        found = recognise(cut)
        assert found.format is None
        assert found.reason.startswith(f"{cut.name} ")
    assert not found.complete


@each_format
def test_the_answers_are_the_models(
    spec: RuntimeSpec,
    wanted: Format,
    loaded: Callable[[RuntimeSpec, Format], LoadedModel],
    digits_file: Path,
) -> None:
    """Each format gives what its weights and numpy alone give, for one example as for all."""
    model = loaded(spec, wanted)
    examples = prepared(model, wanted, digits_file)
    expected = expected_probabilities()
    for rows in (1, 5, ROWS):
        (answers,) = model.run(examples.batch(0, rows))
        np.testing.assert_allclose(as_probabilities(answers), expected[:rows], atol=2e-6)


@each_format
def test_the_same_examples_get_the_same_answers(
    spec: RuntimeSpec,
    wanted: Format,
    loaded: Callable[[RuntimeSpec, Format], LoadedModel],
    digits_file: Path,
) -> None:
    """A repeated run repeats every bit."""
    model = loaded(spec, wanted)
    batch = prepared(model, wanted, digits_file).batch(0, 64)
    first, second = model.run(batch), model.run(batch)
    assert first[0].tobytes() == second[0].tobytes()


@each_format
def test_a_model_describes_itself(
    spec: RuntimeSpec, wanted: Format, loaded: Callable[[RuntimeSpec, Format], LoadedModel]
) -> None:
    """Inputs are described as far as the format tells, and the parameters are counted."""
    model = loaded(spec, wanted)
    assert model.parameters == PARAMETERS
    assert len(model.inputs) == 1
    if model.inputs[0].shape is not None:
        assert model.inputs[0].dtype == "float32"
        assert sorted(filter(None, model.inputs[0].shape)) == [1, 8, 8]


WITH_WEIGHTS = {Format.KERAS, Format.KERAS_H5, Format.TORCHSCRIPT, Format.TORCH_EXPORT}
"""Formats that give their weights; ONNX, LiteRT, OpenVINO and SavedModels keep them to themselves."""


@each_format
def test_a_few_examples_are_answered_the_same_to_the_bit(
    spec: RuntimeSpec,
    wanted: Format,
    loaded: Callable[[RuntimeSpec, Format], LoadedModel],
    digits_file: Path,
) -> None:
    """Those of the data, and then the very same again; weights are looked through where the format gives them."""
    model = loaded(spec, wanted)
    first = probe(model, Probe(data=str(digits_file), preprocess=PREPROCESS[wanted]))
    assert first.repeatable
    assert {array.shape[0] for array in (*first.inputs, *first.outputs)} == {16}
    assert probe(model, Probe(inputs=first.inputs)) == first
    assert repeat(model, Repeat(first.inputs, 0.0)).times == 1, "once at least, however short the time"
    assert isinstance(model, HasWeights) is (wanted in WITH_WEIGHTS)
    assert (first.weights is not None) is (wanted in WITH_WEIGHTS)
    assert first.broken_weights == ()
    if isinstance(model, HasWeights):
        assert sum(array.size for _, array in model.weights()) == PARAMETERS


@each_format
def test_a_file_without_its_suffix_loads(
    spec: RuntimeSpec, wanted: Format, saved: Saved, tmp_path: Path
) -> None:
    """What was recognised by content is loaded by content, although frameworks go by names."""
    renamed = copied(saved(wanted), tmp_path / "artefact.ort")
    assert resolve_name(spec.loader)(renamed, "cpu", **told(wanted)).parameters == PARAMETERS


@each_runtime
def test_a_loader_hears_of_trust_where_its_specification_says_so(spec: RuntimeSpec) -> None:
    """It is told by keyword, and only a loader whose framework has a guard to lift is told at all."""
    takes = "trusted" in inspect.signature(resolve_name(spec.loader)).parameters
    assert takes is spec.hears_of_trust


@each_format
@pytest.mark.parametrize("device", ["npu:0", "cuda:63"])
def test_a_device_that_cannot_be_used_is_an_error(
    spec: RuntimeSpec, wanted: Format, saved: Saved, device: str
) -> None:
    """A model never runs elsewhere than asked without a word."""
    with pytest.raises(JobError, match=device) as caught:
        resolve_name(spec.loader)(saved(wanted), device, **told(wanted))
    assert caught.value.hint


WITHOUT_COUNT: frozenset[Format] = frozenset()
"""Formats of which nobody could say how many parameters a model has: none today."""

WITHOUT_SHAPES = frozenset({Format.TORCHSCRIPT})
"""Formats that say how many inputs and outputs there are, not of what shape and dtype."""

MIB = 1024**2


@each_format
def test_a_loaded_version_reports_what_it_is_and_needs(
    spec: RuntimeSpec, wanted: Format, saved: Saved, warm_hosts: Hosts, tmp_path: Path
) -> None:
    """From its real process, as the engine loads it from a kept copy: inputs, outputs, parameters, time, memory, version."""
    artefact = saved(wanted)
    with keep_known(Objects(tmp_path / "objects"), artefact, artefact_sha256(artefact)) as kept:
        assert {name: (kept.folder / name).read_bytes() for name in kept.files} == {
            name: (artefact.parent / name).read_bytes() for name in [artefact.name, *companions(artefact)]
        }
        process = warm_hosts.open(kept.artefact, spec, "cpu", [kept.folder], options=OPTIONS.get(wanted, ()))
    found = process.loaded
    process.close()
    assert len(found.inputs) == len(found.outputs) == 1
    assert all(tensor.name for tensor in (*found.inputs, *found.outputs))
    if wanted in WITHOUT_SHAPES:
        assert all((tensor.shape, tensor.dtype) == (None, "") for tensor in (*found.inputs, *found.outputs))
    else:
        assert (found.inputs[0].dtype, len(found.inputs[0].shape or ())) == ("float32", 4)
        assert (found.outputs[0].dtype, (found.outputs[0].shape or ())[1:]) == ("float32", (10,))
    assert found.parameters == (None if wanted in WITHOUT_COUNT else PARAMETERS)
    assert 0 < found.load_s < LimitSettings().load_s
    # Python with numpy alone takes some ten MiB, and no framework has gigabytes of code.
    assert 10 * MIB < found.peak_rss_bytes < 4096 * MIB
    assert tuple(found.versions) == spec.distributions
    assert all(version[0].isdigit() for version in found.versions.values())


def test_a_process_of_keras_holds_no_scikit_learn(saved: Saved, warm_hosts: Hosts) -> None:
    """What Keras imports for scikit-learn's users alone is in no process that answers for a model, installed as it is."""
    assert find_spec("sklearn") is not None
    process = warm_hosts.open(saved(Format.KERAS), runtime_for(Format.KERAS), "cpu", [])
    held = {part for area in psutil.Process(process.pid).memory_maps() for part in Path(area.path).parts}
    process.close()
    assert "tensorflow" in held
    assert "sklearn" not in held


PROBE = """
import json, os, sys
from pathlib import Path
from pkgutil import resolve_name
from engine.evaluation import latency, measure
from engine.processes.protocol import Evaluate, MeasureLatency
from engine.runtimes import runtime_for
from storage.vocabulary import Format, Task
from tests.tiny_models import OPTIONS, PREPROCESS
data, *files = sys.argv[1:]
artefacts = {Format(wanted): Path(file) for wanted, file in zip(files[::2], files[1::2])}
load = resolve_name(runtime_for(next(iter(artefacts))).loader)
threads = len(os.listdir("/proc/self/task"))
before = set(sys.modules)


def probe(wanted):
    model = load(artefacts[wanted], "cpu", **dict(OPTIONS.get(wanted, ())))
    evaluate = Evaluate(data, Task.CLASSIFICATION, (), PREPROCESS[wanted])
    evaluated = measure.evaluate(model, evaluate, lambda done, total: None)
    latency.measure(model, MeasureLatency(data, PREPROCESS[wanted], 5, 5.0), lambda done, total: None)
    late = sorted(set(sys.modules) - before)
    print(json.dumps({"threads": threads, "accuracy": evaluated.metrics[0].value, "late": late}), flush=True)


for wanted in artefacts:
    # As a host does: what one format brings along is not there for the next.
    pid = os.fork()
    if pid == 0:
        try:
            probe(wanted)
        except BaseException as error:
            print(f"{wanted}: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        sys.exit(f"{wanted} failed")
"""


@pytest.mark.timeout(
    240
)  # a framework is imported twice, here and there, on a machine that is busy with other tests
@each_runtime
def test_a_loader_is_fit_for_a_fork_and_for_the_walls(
    spec: RuntimeSpec, saved: Saved, digits_file: Path, tmp_path: Path
) -> None:
    """Importing it starts no thread; loading and measuring imports nothing more and leaves the home alone."""
    home = tmp_path / "home"
    home.mkdir()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(Path.cwd()),
    }
    artefacts = [word for wanted in spec.formats for word in (wanted, str(saved(wanted)))]
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROBE, str(digits_file), *artefacts],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(told) == len(spec.formats)
    for found in told:
        assert found["threads"] == 1
        assert found["late"] == []
        assert found["accuracy"] > 0.9
    assert not list(home.rglob("*"))


@each_runtime
def test_the_options_of_a_runtime_are_settings(spec: RuntimeSpec) -> None:
    """What a loader can be told is a key of [runtime] in model.toml."""
    assert set(spec.options) <= set(RuntimeOptions.__struct_fields__)


def test_the_registry_needs_no_framework() -> None:
    """The engine's main process recognises, names and summarises without numpy and without any framework."""
    heavy = "{'numpy', 'scipy', 'tensorflow', 'keras', 'torch', 'onnx', 'onnxruntime', 'h5py', 'openvino'}"
    code = (
        "import sys, engine.runtimes, engine.data.fingerprint, engine.evaluation.percentiles, "
        "engine.evaluation.arrivals, engine.evaluation.confidence, engine.evaluation.metrics\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.replace("'", '"')) == []
