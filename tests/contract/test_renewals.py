"""What every way to write a version anew promises: what the framework refuses is named, written anew, and over when deployed."""

import json
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from engine.exports.renewal import ELSEWHERE, RENEWALS
from storage import jobs
from storage.job_answers import WrittenAnew
from storage.records import Job
from storage.tables import deployed, exports, models
from storage.vocabulary import Format, JobKind, RepairKind, Status
from tests.artefacts import artefact_sha256
from tests.environments import environment
from tests.tiny_models import save_onnx, weights
from tests.ward import MODEL, Save, Ward, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]


class Stale(NamedTuple):
    """A model as its framework takes it, and what another version of the framework would have written."""

    kind: Format
    name: str
    save: Save
    spoil: Callable[[Path], None]


def save_keras(file: Path) -> Path:
    """Save the classifier with Keras, behind a convolution that changes nothing."""
    import keras
    import numpy as np

    kernel, bias = weights()
    same = keras.layers.DepthwiseConv2D(1, name="same")
    dense = keras.layers.Dense(10, activation="softmax")
    with warnings.catch_warnings():
        # Keras' own, of numpy 2, and of formats that are everywhere.
        warnings.simplefilter("ignore")
        model = keras.Sequential([keras.Input((1, 8, 8)), same, keras.layers.Flatten(), dense])
        same.set_weights([np.ones((1, 1, 8, 1), "f4"), np.zeros(8, "f4")])
        dense.set_weights([kernel, bias])
        model.save(file)
    return file


def as_keras_2(file: Path) -> None:
    """Write the argument of a layer that Keras 2 wrote into every such file, and that Keras 3 refuses."""
    import h5py

    with h5py.File(file, "r+") as opened:
        config = json.loads(opened.attrs["model_config"])
        for layer in config["config"]["layers"]:
            if layer["class_name"] == "DepthwiseConv2D":
                layer["config"]["groups"] = 1
        opened.attrs["model_config"] = json.dumps(config)


def as_newer_keras(file: Path) -> None:
    """Write an argument that a later Keras has, and that nobody gave."""
    _with_argument(file, "sharding", None)


def _with_argument(file: Path, name: str, value: object) -> None:
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    for layer in config["config"]["layers"]:
        if layer["class_name"] == "Dense":
            layer["config"][name] = value
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def as_keras_with_more(file: Path) -> None:
    """Write an argument that says something, which only another Keras understands."""
    _with_argument(file, "sharding", "rows")


def as_newer_onnx(file: Path) -> None:
    """Give the file a version of the format that the runtime does not know."""
    import onnx

    model = onnx.load(file)
    model.ir_version = 60
    file.write_bytes(model.SerializeToString())


def as_old_onnx(file: Path) -> None:
    """Write the operators as they were before the runtime's first ones, where a matrix had to be told to broadcast."""
    import onnx
    from onnx import helper

    model = onnx.load(file)
    model.ir_version, model.opset_import[0].version = 3, 6
    for node in model.graph.node:
        if node.op_type == "Gemm":
            node.attribute.append(helper.make_attribute("broadcast", 1))
    for one in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(one.name, one.data_type, one.dims))
    file.write_bytes(model.SerializeToString())


STALE = {
    "legacy keras": Stale(Format.KERAS_H5, "model.h5", save_keras, as_keras_2),
    "newer keras": Stale(Format.KERAS, "model.keras", save_keras, as_newer_keras),
    "newer onnx": Stale(Format.ONNX, "model.onnx", save_onnx, as_newer_onnx),
    "old onnx": Stale(Format.ONNX, "model.onnx", save_onnx, as_old_onnx),
}


OTHER_KERAS = """
import os, sys
if "engine.processes.host" in sys.orig_argv:
    os.environ.update(KERAS_BACKEND="tensorflow", KERAS_HOME=os.devnull + "/keras", TF_CPP_MIN_LOG_LEVEL="2")
    import keras
    begin, export = keras.layers.Dense.__init__, keras.Model.export
    keras.layers.Dense.__init__ = lambda self, *given, sharding=None, **named: begin(self, *given, **named)
    keras.Model.export = lambda self, filepath: export(self, filepath)
    del keras.tree
"""
"""A Keras whose dense layers know one argument more, and which lacks what Keras 2 does: words for an export, and trees."""


def upgrade(ward: Ward, stale: Stale) -> None:
    """Have a version deployed and checked as it was before an upgrade, whose file the framework refuses from now on."""
    file = ward.put(3, stale.save, stale.kind, stale.name)
    ward.deploy(3)
    ward.check()
    assert not ward.faults()
    before = artefact_sha256(file)
    stale.spoil(file)
    after = artefact_sha256(file)
    version = ward.current()
    with ward.context.writer.transaction() as connection:
        models.set_artefact(
            connection,
            version.id,
            artefact=stale.name,
            kind=stale.kind,
            sha256=after,
            size=file.stat().st_size,
        )
        changed = models.version(connection, version.id)
        content = deployed.content_of(changed) if changed else None
        assert content is not None
        deployed.remember(connection, version.id, content)
        connection.execute(
            "UPDATE golden_answers SET artefact_sha256 = ? WHERE artefact_sha256 = ?", (after, before)
        )
    ward.check()


def convert(ward: Ward, interpreter: str = "") -> Job:
    """Have the version written anew, as its fault's second repair does; return the job that did it."""
    fault = ward.faults()["no-longer-loads"]
    asked = ward.do(JobKind.REPAIR, None, fault=fault.id, repair=RepairKind.CONVERT, interpreter=interpreter)
    assert ward.succeeded(asked), asked
    with ward.context.writer.transaction() as connection:
        done = [one.id for one in jobs.read(connection, limit=100) if one.kind is JobKind.CONVERT]
        job = jobs.read_one(connection, max(done))
    assert job is not None
    return job


def test_every_format_is_written_anew_or_told_why_not() -> None:
    """And each that is, is planted."""
    renewed = {source for one in RENEWALS for source in one.route.sources}
    assert renewed | set(ELSEWHERE) == set(Format)
    assert not renewed & set(ELSEWHERE)
    assert {stale.kind for stale in STALE.values()} == renewed


@pytest.mark.timeout(300)  # a dozen loads, each of them a fork of a framework
@pytest.mark.parametrize("name", STALE)
def test_what_is_refused_is_written_anew_and_the_fault_ends(ward: Ward, name: str) -> None:
    """It is named, the old version stays byte for byte, the new one has its parentage, and ends the fault when deployed."""
    stale = STALE[name]
    upgrade(ward, stale)
    assert "no-longer-loads" in ward.faults(), ward.messages()
    before = (ward.folder(3) / stale.name).read_bytes()
    job = convert(ward)
    assert ward.succeeded(job), job
    made = msgspec.json.decode(job.result, type=WrittenAnew)
    assert (made.source, made.parity.n > 1) == (stale.kind, True)
    assert made.parity.max_difference <= 1e-5
    assert (ward.folder(3) / stale.name).read_bytes() == before
    assert "no-longer-loads" in ward.faults(), "until what was made is deployed"
    file = ward.context.workspace.root / made.file
    ward.put(4, lambda target: Path(shutil.copy(file, target)), made.target, file.name)
    with ward.context.writer.transaction() as connection:
        origin = exports.read(connection, MODEL)[artefact_sha256(file)]
    assert (origin.parent, origin.verb) == (3, "rewritten")
    assert ward.succeeded(ward.evaluate(4))
    ward.deploy(4)
    ward.check()
    assert "no-longer-loads" not in ward.faults()
    assert any("'convert' ended" in message for message in ward.messages()), ward.messages()


@pytest.mark.timeout(300)  # two hosts of TensorFlow, one of them in an environment of its own
def test_what_only_another_environment_reads_is_exported_there(ward: Ward, tmp_path: Path) -> None:
    """There it loads, gives the kept answers, and becomes a SavedModel that loads here."""
    upgrade(ward, Stale(Format.KERAS, "model.keras", save_keras, as_keras_with_more))
    assert "no-longer-loads" in ward.faults(), ward.messages()
    job = convert(ward, str(environment(tmp_path / "there", at_start=OTHER_KERAS)))
    assert ward.succeeded(job), job.error
    made = msgspec.json.decode(job.result, type=WrittenAnew)
    assert (made.source, made.target) == (Format.KERAS, Format.SAVED_MODEL)
    assert made.parity.n > 1
    assert made.parity.max_difference <= 1e-5
    assert (ward.context.workspace.root / made.file / "saved_model.pb").is_file()


def test_what_answers_otherwise_is_not_handed_in(ward: Ward) -> None:
    """Other answers on record than it gives: nothing lands in train/, and the fault says that it did not help."""
    upgrade(ward, STALE["newer onnx"])
    with ward.context.writer.transaction() as connection:
        for row in connection.execute("SELECT rowid, outputs FROM golden_answers").fetchall():
            other = bytes(row["outputs"]).replace(b"\x3f", b"\x3e")
            connection.execute("UPDATE golden_answers SET outputs = ? WHERE rowid = ?", (other, row["rowid"]))
    job = convert(ward)
    assert (job.code, "other answers than those on record" in job.error) == ("parity", True)
    assert not (ward.context.workspace.train / MODEL).exists()
    assert any("'convert' did not help" in message for message in ward.messages())


def test_without_kept_answers_nothing_is_claimed(ward: Ward) -> None:
    """It cannot be shown that what would be made is the same, so it is not made."""
    upgrade(ward, STALE["newer onnx"])
    with ward.context.writer.transaction() as connection:
        connection.execute("DELETE FROM golden_answers")
    job = convert(ward)
    assert "No answers of digits@3 are on record" in job.error
    assert "--by convert --python PATH" in job.hint
    assert ward.current().status is Status.FAILED
