"""Files that attack whoever opens them: each is recognised here, and each would work elsewhere."""

import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import sample_models
from engine.processes.client import Hosts, ModelProcessError
from engine.processes.endings import REFUSED
from engine.runtimes import recognise, runtime_for
from sample_models import hostile
from sample_models.hostile import ATTACKS, Attack
from storage.settings import LimitSettings
from tests.saved_models import tensorflow
from tests.tiny_models import KERAS_WARNING

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

UNSAFE_KERAS = """
import sys, keras
try:
    keras.models.load_model(sys.argv[1], compile=False, safe_mode=False)
except OSError:
    pass  # it has no weights; by then the configuration was read
"""


WRITTEN = """
import sys, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
print(float(model.signatures["serving_default"](x=tf.zeros([1]))["output_0"][0]))
"""

CALLED = """
import sys, tensorflow as tf
# One of the victim's own functions has the number that the attacker's graph names, one of the first of a process.
own = [
    tf.function(lambda x: tf.py_function(lambda value: open(sys.argv[2], "w") and value, [x], tf.float32))
    for _ in range(20)
]
for function in own:
    function.get_concrete_function(tf.TensorSpec([1]))
model = tf.saved_model.load(sys.argv[1])
model.signatures["serving_default"](x=tf.zeros([1]))
"""


def write(attack: Attack, folder: Path, canary: Path) -> Path:
    """Write an attack, with the frameworks that it is written with."""
    with tensorflow():
        return attack.write(folder, canary)


def by_name(name: str) -> Attack:
    """Return the attack of a name."""
    return next(attack for attack in ATTACKS if attack.name == name)


def tried(script: str, *arguments: Path) -> str:
    """Run a victim's script and return what it printed."""
    words = [sys.executable, "-P", "-c", script, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


UNOPENED = [attack for attack in ATTACKS if attack.unopened]
OPENED = [attack for attack in ATTACKS if not attack.unopened]


@pytest.mark.parametrize("attack", OPENED, ids=[attack.name for attack in OPENED])
def test_an_attack_is_refused_in_its_process(attack: Attack, tmp_path: Path) -> None:
    """What the engine itself does not open is refused behind the walls, before the framework reads it."""
    file = write(attack, tmp_path, tmp_path / "canary")
    found = recognise(file)
    assert found.format is not None
    hosts = Hosts(scratch=tmp_path / "scratch", limits=LimitSettings())
    try:
        with pytest.raises(ModelProcessError, match="code of its own") as caught:
            hosts.open(file, runtime_for(found.format), "cpu", [])
    finally:
        hosts.close()
    assert caught.value.code == REFUSED
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("attack", UNOPENED, ids=[attack.name for attack in UNOPENED])
def test_an_attack_is_refused_unopened(attack: Attack, tmp_path: Path) -> None:
    """Each is known for what it is by a look at its bytes, and its payload does not run."""
    folder, canary = tmp_path / "train", tmp_path / "canary"
    folder.mkdir()
    # What the ONNX file wants to read exists, so that it is refused for the way there.
    (tmp_path / "outside.bin").write_bytes(bytes(4 * hostile.OUTSIDE_VALUES))
    file = write(attack, folder, canary)
    assert file == folder / attack.name
    found = recognise(file)
    assert found.format is None
    assert found.refused
    # What attacks by anything but a name is beyond its owner's trust.
    assert (found.on_trust is not None, found.doubt is not None) == (attack.by_name, attack.by_name)
    assert not canary.exists()


def test_the_pickle_works(tmp_path: Path) -> None:
    """The payload of the torch archive runs where it is unpickled, or a test with it would prove nothing."""
    file = hostile.pickled_torch(tmp_path, tmp_path / "canary")
    with zipfile.ZipFile(file) as archive:
        pickle.loads(archive.read("pickle/data.pkl"))
    assert (tmp_path / "canary").exists()


def test_the_disguised_pickle_works(tmp_path: Path) -> None:
    """The bare pickle's payload runs, too, whatever the file is called."""
    pickle.loads(hostile.disguised_pickle(tmp_path, tmp_path / "canary").read_bytes())
    assert (tmp_path / "canary").exists()


def test_the_lambda_works(tmp_path: Path) -> None:
    """The Lambda's bytecode runs where Keras is told to trust it."""
    file = hostile.keras_lambda(tmp_path, tmp_path / "canary")
    subprocess.run([sys.executable, "-P", "-c", UNSAFE_KERAS, str(file)], capture_output=True, check=True)
    assert (tmp_path / "canary").exists()


def test_the_lambda_in_hdf5_works(tmp_path: Path) -> None:
    """So does that of the legacy file."""
    file = write(by_name("lambda.h5"), tmp_path, tmp_path / "canary")
    tried(UNSAFE_KERAS, file)
    assert (tmp_path / "canary").exists()


def test_the_writing_graph_works(tmp_path: Path) -> None:
    """A SavedModel that merely answers has written the canary."""
    tried(WRITTEN, write(by_name("writing"), tmp_path, tmp_path / "canary"))
    assert (tmp_path / "canary").exists()


def test_the_reading_graph_works(tmp_path: Path) -> None:
    """Its answer tells something of a file that was none of its business."""
    (tmp_path / "secret").write_text("x" * 37)
    assert tried(WRITTEN, write(by_name("reading"), tmp_path, tmp_path / "secret")) == "37.0\n"


def test_the_calling_graph_works(tmp_path: Path) -> None:
    """It runs whatever Python function has the number that it names, in the process of whoever loads it."""
    folder = write(by_name("calling"), tmp_path, tmp_path)
    tried(CALLED, folder, tmp_path / "canary")
    assert (tmp_path / "canary").exists()


def test_the_bomb_is_one(tmp_path: Path) -> None:
    """It unpacks to about a thousand times its size."""
    file = hostile.zip_bomb(tmp_path, tmp_path / "canary")
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    assert unpacked > 900 * file.stat().st_size


def test_the_onnx_model_is_valid_but_for_where_its_weights_lie(tmp_path: Path) -> None:
    """With its weights found, the model is a good one: nothing but the way there is wrong with it."""
    import onnx

    model = onnx.load(hostile.outside_onnx(tmp_path, tmp_path), load_external_data=False)
    (weights,) = model.graph.initializer
    assert {entry.key: entry.value for entry in weights.external_data} == {"location": hostile.OUTSIDE}
    weights.data_location = onnx.TensorProto.DEFAULT
    del weights.external_data[:]
    weights.raw_data = bytes(4 * hostile.OUTSIDE_VALUES)
    onnx.checker.check_model(model, full_check=True)


def test_the_readme_tells_what_each_attack_is_for() -> None:
    """Who finds one of these files finds a line about it."""
    readme = Path(sample_models.__file__).with_name("README.md").read_text()
    for attack in ATTACKS:
        assert f"| `{attack.name}` | {attack.purpose} |" in readme
