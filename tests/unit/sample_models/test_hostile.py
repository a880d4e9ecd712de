"""Files that attack whoever opens them: each is recognised here, and each would work elsewhere."""

import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import sample_models
from engine.runtimes import recognise
from sample_models import hostile
from sample_models.hostile import ATTACKS, Attack

UNSAFE_KERAS = """
import sys, keras
try:
    keras.models.load_model(sys.argv[1], compile=False, safe_mode=False)
except OSError:
    pass  # it has no weights; by then the configuration was read
"""


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_an_attack_is_refused_unopened(attack: Attack, tmp_path: Path) -> None:
    """Each is known for what it is by a look at its bytes, and its payload does not run."""
    folder, canary = tmp_path / "train", tmp_path / "canary"
    folder.mkdir()
    # What the ONNX file wants to read exists, so that it is refused for the way there.
    (tmp_path / "outside.bin").write_bytes(bytes(4 * hostile.OUTSIDE_VALUES))
    file = attack.write(folder, canary)
    assert file == folder / attack.name
    found = recognise(file)
    assert found.format is None
    assert found.refused
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
