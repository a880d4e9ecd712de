"""Exporting and optimising a version: real models, real confined processes, real files."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.exports import Way, way_to
from engine.jobs import export, optimise, variants
from engine.jobs.context import Context
from engine.jobs.exporting import EXAMPLES, made, origin_of
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from engine.protocols import ExportRoute
from engine.repository.integrity import digest
from engine.repository.unfinished import HIDDEN
from engine.runtimes import recognise
from storage import jobs
from storage.database import Writer
from storage.errors import JobError, UnknownError
from storage.exported import Exported
from storage.job_answers import HandedIn
from storage.optimised import Optimised
from storage.records import Job, JobParameters
from storage.settings import WorkspaceSettings, read_model_settings
from storage.tables import exports, models
from storage.vocabulary import Format, JobKind, Quantization, Verdict
from storage.workspace import Workspace
from tests.artefacts import artefact_sha256, record_version
from tests.data_files import as_csv
from tests.tiny_models import digits, save_onnx
from tests.unit.engine.jobs.asking import Quiet

SETTINGS = f"""labels = {[str(number) for number in range(10)]}
[preprocess]
dtype = "float32"
scale = 0.0625
layout = "NCHW"
[gate]
margin = 0.02
"""


@pytest.fixture
def context(workspace: Workspace, writer: Writer, warm_hosts: Hosts) -> Iterator[Context]:
    """Return what handlers work with: a ready version of the classifier of digits, with test and validation data."""
    settings = WorkspaceSettings()
    pool = Pool(settings.limits)
    folder = workspace.version_folder("digits", 1)
    folder.mkdir(parents=True)
    file = save_onnx(folder / "model.onnx")
    workspace.model_settings("digits").write_text(SETTINGS)
    images, classes = digits()
    data = workspace.test / "digits"
    data.mkdir(parents=True)
    np.savez(data / "test.npz", x=images[1400:], y=classes[1400:])
    np.savez(data / "validation.npz", x=images[1000:1400], y=classes[1000:1400])
    with writer.transaction() as connection:
        record_version(connection, "digits", 1, file)
    yield Context(workspace, writer, settings, warm_hosts, pool, time.time)
    pool.close()


def asked(context: Context, kind: JobKind, **parameters: Any) -> Job:
    """Return a running job about the version."""
    with context.writer.transaction() as connection:
        jobs.add(
            connection,
            kind,
            "digits",
            1,
            requested_by="ann",
            now=1.0,
            parameters=JobParameters(**parameters),
        )
        job = jobs.claim(connection, frozenset({kind}), now=1.0)
    assert job is not None
    return job


def exported(context: Context, quantize: Quantization) -> HandedIn:
    """Export the version with smaller numbers and return the answer."""
    job = asked(context, JobKind.EXPORT, to=Format.ONNX, quantize=quantize)
    outcome = export.run(context, job, Quiet())
    return msgspec.json.decode(outcome.result, type=HandedIn)


def parentage(context: Context) -> dict[str, Exported]:
    """Return what is on record of exports."""
    with context.writer.transaction() as connection:
        return exports.read(connection, "digits")


def inbox(context: Context) -> list[str]:
    """Return what lies in the inbox, hidden things included."""
    return sorted(path.name for path in (context.workspace.train / "digits").iterdir())


def test_an_export_lies_in_the_inbox_with_its_parentage_on_record(context: Context) -> None:
    """Whatever number it gets there, its content tells what it was made from, and how well its outputs agree."""
    answer = exported(context, Quantization.INT8)
    assert answer.file == "train/digits/digits-1-onnx-int8.onnx"
    assert inbox(context) == ["digits-1-onnx-int8.onnx"]
    file = context.workspace.root / answer.file
    assert recognise(file).format is Format.ONNX
    assert digest(file.parent, [file.name]) == (answer.sha256, answer.bytes)
    assert file.stat().st_mode & 0o777 == 0o644
    [made_of] = parentage(context).values()
    original = context.workspace.version_folder("digits", 1) / "model.onnx"
    assert (made_of.sha256, made_of.parent, made_of.parent_sha256) == (
        answer.sha256,
        1,
        artefact_sha256(original),
    )
    assert (made_of.way, made_of.requested_by) == ("onnx, int8", "ann")
    assert list(made_of.tools) == ["onnxruntime", "onnx"]
    parity = made_of.parity
    assert parity == answer.parity
    assert (parity.dataset, parity.n, parity.tolerance) == ("validation.npz", EXAMPLES, None)
    assert parity.agreement is not None
    assert parity.agreement > 0.97


def test_the_same_export_again_adds_nothing(context: Context) -> None:
    """What lies in the inbox is the same already; something else of that name stays, and gets no new content."""
    first = exported(context, Quantization.DYNAMIC)
    again = exported(context, Quantization.DYNAMIC)
    assert (again.sha256, again.file) == (first.sha256, first.file)
    assert len(parentage(context)) == 1
    (context.workspace.root / first.file).write_bytes(b"a person's own")
    third = exported(context, Quantization.DYNAMIC)
    assert third.file == "train/digits/digits-1-onnx-dynamic-2.onnx"
    assert (context.workspace.root / first.file).read_bytes() == b"a person's own"


def test_what_a_crash_left_in_the_inbox_goes(context: Context) -> None:
    """The next export takes its place; nobody ever sees it."""
    half = context.workspace.train / "digits" / HIDDEN / "model.onnx"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half a model")
    answer = exported(context, Quantization.DYNAMIC)
    assert inbox(context) == ["digits-1-onnx-dynamic.onnx"]
    assert (context.workspace.root / answer.file).stat().st_size == answer.bytes


def test_ranges_are_taken_from_validation_data_only(context: Context) -> None:
    """Without them an int8 export is refused, and one that needs no ranges is compared on test data."""
    (context.workspace.test / "digits" / "validation.npz").unlink()
    with pytest.raises(
        JobError, match=r"onnx-int8 takes its ranges from validation data.*validation\.npz does not exist"
    ):
        exported(context, Quantization.INT8)
    assert not (context.workspace.train / "digits").exists()
    assert exported(context, Quantization.FLOAT16).parity.dataset == "test.npz"


def test_data_of_any_format_calibrate_and_compare(context: Context) -> None:
    """A table is read once, in a process of its own, and both models answer the same rows of it."""
    data = context.workspace.test / "digits"
    (data / "validation.npz").unlink()
    images, classes = digits()
    as_csv(context.workspace.root, images[1000:1300], classes[1000:1300]).rename(data / "validation.csv")
    shaped = SETTINGS.replace("[preprocess]\n", "[preprocess]\nreshape = [8, 8]\n")
    context.workspace.model_settings("digits").write_text(shaped)
    parity = exported(context, Quantization.INT8).parity
    assert (parity.dataset, parity.n) == ("validation.csv", EXAMPLES)
    assert parity.agreement is not None
    assert parity.agreement > 0.97


def test_without_any_data_nothing_is_exported(context: Context) -> None:
    """What cannot be checked is not handed in."""
    for file in (context.workspace.test / "digits").iterdir():
        file.unlink()
    with pytest.raises(JobError, match="What is made of digits@1 cannot be checked"):
        exported(context, Quantization.FLOAT16)


def test_a_way_that_does_not_exist_is_told(context: Context) -> None:
    """It is a mistake of who asked, with what there is instead."""
    job = asked(context, JobKind.EXPORT, to=Format.LITERT)
    with pytest.raises(UnknownError, match="There is no way from onnx to litert") as told:
        export.run(context, job, Quiet())
    assert "onnx-float16, onnx-dynamic, onnx-int8" in told.value.message


def test_outputs_that_should_be_the_same_and_are_not_fail_the_export(context: Context) -> None:
    """A real conversion that rounds, declared as one that does not: it is found out by its outputs, and nothing is kept."""
    route = way_to(Format.ONNX, Format.ONNX, Quantization.DYNAMIC)
    assert route is not None
    liar = Way((ExportRoute(**{**msgspec.structs.asdict(route.routes[0]), "quantize": None}),))
    with context.writer.transaction() as connection:
        [version] = models.versions(connection, "digits")
    settings = read_model_settings(context.workspace.model_settings("digits"))
    with (
        pytest.raises(JobError, match="onnx gives other outputs than digits@1") as told,
        made(origin_of(context, version, settings), liar, Quiet()),
    ):
        pass
    assert told.value.code == "parity"
    assert not (context.workspace.train / "digits").exists()


def test_a_cancelled_export_leaves_nothing(context: Context) -> None:
    """Neither in the inbox nor in the folders of processes."""
    job = asked(context, JobKind.EXPORT, to=Format.ONNX, quantize=Quantization.INT8)
    with pytest.raises(JobError) as told:
        export.run(context, job, Quiet(stopping=True))
    assert told.value.code == "cancelled"
    assert not (context.workspace.train / "digits").exists()
    assert not list(left(context.workspace.scratch))
    assert parentage(context) == {}


def left(folder: Path) -> Iterator[Path]:
    """Yield what lies in a folder that may not exist."""
    if folder.is_dir():
        yield from folder.iterdir()


def test_optimising_measures_every_variant_and_keeps_what_was_asked_for(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is compared on the same validation examples and run in turns with the original; one becomes a version."""
    monkeypatch.setattr(variants, "ROUNDS", 3)
    outcome = optimise.run(context, asked(context, JobKind.OPTIMISE, keep=("onnx-int8",)), Quiet())
    answer = msgspec.json.decode(outcome.result, type=Optimised)
    assert (answer.dataset, answer.n, answer.metric, answer.failed) == ("validation.npz", 400, "accuracy", ())
    assert {row.name for row in answer.variants} == {"onnx-float16", "onnx-dynamic", "onnx-int8"}
    assert answer.original.p50_ms is not None
    assert answer.original.value > 0.85
    for row in answer.variants:
        assert row.bytes < answer.original.bytes * 2
        assert row.p50_ms is not None
        assert row.load_s > 0
        assert row.faster is not None
        assert row.faster_low is not None
        assert row.faster_high is not None
        assert 0 < row.faster_low <= row.faster <= row.faster_high
        assert row.advantage is not None
        assert row.low is not None
        assert row.high is not None
        assert row.low < row.advantage < row.high
        assert row.value - answer.original.value == pytest.approx(row.advantage)
        assert row.verdict in set(Verdict)
    assert any(row.pareto for row in (answer.original, *answer.variants))
    assert outcome.message == answer.recommendation
    kept = [row for row in answer.variants if row.file]
    assert [row.name for row in kept] == ["onnx-int8"]
    assert inbox(context) == ["digits-1-onnx-int8.onnx"]
    assert list(parentage(context)) == [kept[0].sha256]


def test_an_unknown_variant_is_told_before_anything_is_made(context: Context) -> None:
    """A slip of the finger costs no minute."""
    job = asked(context, JobKind.OPTIMISE, keep=("onnx-int4",))
    with pytest.raises(UnknownError, match="There is no variant onnx-int4 of onnx") as told:
        optimise.run(context, job, Quiet())
    assert told.value.hint == "There are: onnx-float16, onnx-dynamic, onnx-int8, pareto"
