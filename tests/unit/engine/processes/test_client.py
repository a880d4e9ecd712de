"""Real models of every format in real confined processes, and how much time that takes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.processes.client import Hosts, ModelProcessError
from engine.processes.lockdown import FULL, probe
from engine.processes.model_process import ModelProcess
from engine.processes.protocol import AnswerSome, Evaluate, MeasureLatency
from engine.runtimes import RUNTIMES, chosen_options, installed_versions, runtime_for
from storage.settings import RuntimeOptions
from storage.vocabulary import Format, LayerState, Task
from tests.saved_models import module
from tests.tiny_models import (
    KERAS_WARNING,
    OPTIONS,
    PREPROCESS,
    ROWS,
    copied,
    digits,
    digits_file,
    expected_probabilities,
    saved,
)

__all__ = ["digits_file", "saved"]

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

FORMATS = [wanted for spec in RUNTIMES for wanted in spec.formats]
Saved = Callable[[Format], Path]


@pytest.fixture(scope="module", params=FORMATS, ids=[str(wanted) for wanted in FORMATS])
def wanted(request: pytest.FixtureRequest) -> Format:
    """Return each format in turn."""
    return Format(request.param)


@pytest.fixture(scope="module")
def process(warm_hosts: Hosts, saved: Saved, digits_file: Path, wanted: Format) -> Iterator[ModelProcess]:
    """Return the classifier of digits, loaded in its process."""
    readable = [digits_file, saved(wanted).parent]
    opened = warm_hosts.open(
        saved(wanted), runtime_for(wanted), "cpu", readable, options=OPTIONS.get(wanted, ())
    )
    yield opened
    opened.close()


def test_model_is_confined(process: ModelProcess) -> None:
    """Every runtime loads under every wall that this machine offers."""
    if set(probe().layers.values()) == {LayerState.ON}:
        assert process.isolation == FULL
    assert process.layers == probe().layers


def test_loaded_tells_what_it_is(process: ModelProcess, wanted: Format) -> None:
    """A loaded model tells its parameters and the versions of what runs it; the engine adds time and memory."""
    loaded = process.loaded
    assert loaded.parameters == 650
    assert loaded.versions == installed_versions(runtime_for(wanted))
    assert 0 < loaded.load_s < 60
    assert loaded.peak_rss_bytes > 10_000_000
    resting = process.rss_bytes()
    assert resting is not None
    assert resting > 10_000_000


def test_evaluation_is_exact(process: ModelProcess, wanted: Format, digits_file: Path) -> None:
    """The figures that come out of a process are those that numpy computes, to the last example."""
    heard: list[tuple[int, int]] = []
    request = Evaluate(str(digits_file), Task.CLASSIFICATION, (), PREPROCESS[wanted])
    found = process.evaluate(
        request, on_progress=lambda done, total: heard.append((done, total)), deadline_s=60
    )
    hits = expected_probabilities().argmax(axis=1) == digits()[1][1000:]
    accuracy = next(metric for metric in found.metrics if metric.name == "accuracy")
    assert found.rows == ROWS
    assert accuracy.value == hits.mean()
    assert found.correct is not None
    outcomes = np.unpackbits(np.frombuffer(found.correct, np.uint8), count=ROWS).astype(bool)
    assert (outcomes == hits).all()
    assert heard[-1] == (ROWS, ROWS)


def test_some_answers_are_those_of_the_whole(
    process: ModelProcess, wanted: Format, digits_file: Path
) -> None:
    """Every format answers a few examples, in any order, as it answers all of them."""
    places = np.random.default_rng(0).permutation(ROWS)[:300]
    request = AnswerSome(
        str(digits_file), (), PREPROCESS[wanted], places.astype("<u4").tobytes(), batch_size=256
    )
    heard: list[tuple[int, int]] = []
    found = process.answer_some(
        request, on_progress=lambda done, total: heard.append((done, total)), deadline_s=60
    )
    right = np.unpackbits(np.frombuffer(found.right, np.uint8), count=300).astype(bool)
    hits = expected_probabilities().argmax(axis=1) == digits()[1][1000:]
    assert (right == hits[places]).all()
    assert found.rows == ROWS
    assert heard[-1] == (300, 300)


def test_latency_is_measured(process: ModelProcess, wanted: Format, digits_file: Path) -> None:
    """Single queries are timed in the process, no more than asked for and in no more time."""
    request = MeasureLatency(str(digits_file), PREPROCESS[wanted], 50, 1.0)
    found = process.measure_latency(request, on_progress=lambda _done, _total: None, deadline_s=60)
    assert 1 <= len(found.latencies_ms) <= 50


def test_damaged_model_is_a_sentence(warm_hosts: Hosts, saved: Saved, tmp_path: Path, wanted: Format) -> None:
    """A model cut in half fails with one line from its framework, and no traceback."""
    content = saved(wanted).read_bytes()
    broken = copied(saved(wanted), tmp_path / f"broken{saved(wanted).suffix}")
    broken.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelProcessError) as caught:
        warm_hosts.open(broken, runtime_for(wanted), "cpu", [broken.parent], options=OPTIONS.get(wanted, ()))
    assert caught.value.message
    assert caught.value.message.isprintable()
    assert "Traceback" not in caught.value.message


def test_data_that_were_not_granted_stay_closed(
    process: ModelProcess, wanted: Format, tmp_path: Path
) -> None:
    """Data outside the folders that a process was given cannot be read, and the process lives on."""
    np.savez(tmp_path / "other.npz", x=np.zeros((2, 8, 8), np.uint8), y=np.zeros(2, np.int64))
    request = Evaluate(str(tmp_path / "other.npz"), Task.CLASSIFICATION, (), PREPROCESS[wanted])
    if probe().layers == process.layers and process.isolation == FULL:
        with pytest.raises(ModelProcessError, match=r"(?i)permission|read"):
            process.evaluate(request, on_progress=lambda _done, _total: None, deadline_s=60)
        assert process.alive


def test_a_runtime_is_told_what_the_settings_say(warm_hosts: Hosts, tmp_path: Path) -> None:
    """An option reaches the loader in its process; one that names nothing is an error there."""
    artefact = module(tmp_path / "m", "f", "g", signatures=("f", "g"))
    runtime = runtime_for(Format.SAVED_MODEL)
    options = chosen_options(runtime, RuntimeOptions(signature="g"))
    opened = warm_hosts.open(artefact, runtime, "cpu", [artefact.parent], options=options)
    assert opened.loaded.parameters == 6
    opened.close()
    with pytest.raises(ModelProcessError, match="has no signature 'h'; it has f, g"):
        warm_hosts.open(artefact, runtime, "cpu", [artefact.parent], options=(("signature", "h"),))


def test_what_is_meant_for_other_formats_is_not_told() -> None:
    """A model.toml may serve versions of several formats; what is not said at all is not told either."""
    said = RuntimeOptions(signature="g")
    assert chosen_options(runtime_for(Format.SAVED_MODEL), said) == (("signature", "g"),)
    assert chosen_options(runtime_for(Format.ONNX), said) == ()
    assert chosen_options(runtime_for(Format.SAVED_MODEL), RuntimeOptions()) == ()


def test_engine_side_loads_no_framework() -> None:
    """What the engine imports of this package brings neither numpy nor a framework into its process."""
    code = (
        "import sys, engine.processes.client, engine.processes.pool, engine.processes.lockdown\n"
        "heavy = {'numpy', 'tensorflow', 'keras', 'torch', 'onnx', 'onnxruntime', 'h5py'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=60)
