"""What is on record of a version after its real process has loaded and evaluated it."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from engine.jobs.context import Context
from engine.runtimes import installed_versions, runtime_for
from storage.errors import JobError
from storage.records import EvaluationFailure, TensorSpec, Version
from storage.tables import faults, models
from storage.vocabulary import Format
from tests.data_files import npz
from tests.tiny_models import digits, expected_probabilities
from tests.unit.engine.jobs.test_evaluate_data import LABELS, Bench, accuracy, bench

__all__ = ["bench"]

FAILED = EvaluationFailure(at=1.0, message="It was so.", hint="", proposal="[preprocess]\nflatten = true")


def on_record(context: Context) -> Version:
    """Return the version as it is on record."""
    with context.writer.transaction() as connection:
        return models.versions(connection, "digits")[0]


def test_what_a_version_is_and_needs_is_on_record_once_it_has_loaded(bench: Bench) -> None:
    """Signature, parameters, runtime, device, time and memory: also where there are no data to evaluate it on."""
    with pytest.raises(JobError, match="test data"):
        bench.evaluate()
    version = on_record(bench.context)
    loading = version.loading
    assert loading is not None
    assert loading.inputs == (TensorSpec("x", (None, 1, 8, 8), "float32"),)
    assert loading.outputs == (TensorSpec("probabilities", (None, 10), "float32"),)
    assert version.parameters == 650
    runtime = runtime_for(Format.ONNX)
    assert (loading.runtime, loading.device) == (runtime.name, "cpu")
    assert loading.runtime_version == installed_versions(runtime)[runtime.distributions[0]]
    assert 0 < loading.load_s < 60
    assert loading.peak_rss_bytes is not None


def test_peak_memory_includes_the_evaluation(bench: Bench) -> None:
    """A hundred megabytes of examples count as soon as they have been evaluated."""
    with pytest.raises(JobError, match="test data"):
        bench.evaluate()
    before = on_record(bench.context).loading
    rows = 100 * 2**20 // (64 * 4)
    np.savez(bench.data / "test.npz", x=np.ones((rows, 1, 8, 8), np.float32), y=np.zeros(rows, np.uint8))
    bench.evaluate()
    after = on_record(bench.context).loading
    assert before is not None
    assert after is not None
    assert (after.peak_rss_bytes or 0) > (before.peak_rss_bytes or 0) + 50 * 2**20
    assert replace(after, peak_rss_bytes=before.peak_rss_bytes) == before


def test_why_an_evaluation_failed_stays_until_one_works(bench: Bench) -> None:
    """The sentence and its advice are kept with the version and go with the next evaluation that works."""
    file = bench.data / "test.npz"
    np.savez(file, x=np.ones((3, 7, 7), np.uint8), y=np.zeros(3, np.uint8))
    with pytest.raises(JobError) as caught:
        bench.evaluate()
    failure = on_record(bench.context).failure
    assert failure is not None
    assert (failure.message, failure.hint) == (caught.value.message, caught.value.hint_for("digits"))
    assert "[preprocess] in models/digits/model.toml" in failure.hint
    bench.put(npz)
    bench.evaluate()
    assert on_record(bench.context).failure is None


def test_what_to_do_about_a_fault_is_the_latest_advice(bench: Bench) -> None:
    """A second failure of another kind replaces the first one's sentence and its advice alike."""
    file = bench.data / "test.npz"
    np.savez(file, x=np.ones((3, 8, 8), np.uint8), y=np.full(3, 99))
    with pytest.raises(JobError):
        bench.evaluate()
    np.savez(file, x=np.ones((3, 7, 7), np.uint8), y=np.zeros(3, np.uint8))
    with pytest.raises(JobError) as caught:
        bench.evaluate()
    with bench.context.writer.transaction() as connection:
        [fault] = [fault for fault in faults.all_open(connection, "digits") if fault.version == 1]
    assert (fault.message, fault.repair, fault.count) == (
        caught.value.message,
        caught.value.hint_for("digits"),
        2,
    )


def test_what_is_wrong_with_the_data_is_not_told_of_a_version_that_does_not_load(bench: Bench) -> None:
    """The last attempt failed for another reason, which its status tells."""
    version = on_record(bench.context)
    with bench.context.writer.transaction() as connection:
        models.set_failure(connection, version.id, FAILED)
    bench.context.workspace.version_folder("digits", 1).joinpath("model.onnx").write_bytes(b"something else")
    with pytest.raises(JobError, match="changed on disk"):
        bench.evaluate()
    assert on_record(bench.context).failure is None


def test_other_content_is_another_version_s_business(bench: Bench) -> None:
    """What was found out about a version is forgotten when its files hold something else, and only then."""
    bench.put(npz)
    bench.evaluate()
    version = on_record(bench.context)
    same = {"artefact": version.artefact, "kind": version.format, "size": version.bytes}
    with bench.context.writer.transaction() as connection:
        models.set_failure(connection, version.id, FAILED)
        models.set_artefact(connection, version.id, sha256=version.sha256, **same)  # type: ignore[arg-type]
    assert on_record(bench.context).loading == version.loading
    assert on_record(bench.context).failure == FAILED
    with bench.context.writer.transaction() as connection:
        models.set_artefact(connection, version.id, sha256="0" * 64, **same)  # type: ignore[arg-type]
    changed = on_record(bench.context)
    assert (changed.loading, changed.parameters, changed.failure) == (None, None, None)


@pytest.mark.parametrize(
    ("shape", "lines"),
    [
        ((8, 8), '[preprocess]\ndtype = "float32"\nlayout = "NCHW"\n# scale = 0.00392156862745098'),
        ((8, 8, 1), '[preprocess]\ndtype = "float32"\nlayout = "NCHW"\n# scale = 0.00392156862745098'),
        ((64,), '[preprocess]\nreshape = [1, 8, 8]\ndtype = "float32"\n# scale = 0.00392156862745098'),
    ],
    ids=["a missing channel axis", "channels last", "rows of pixels"],
)
def test_the_lines_that_are_proposed_make_the_data_fit(
    bench: Bench, shape: tuple[int, ...], lines: str
) -> None:
    """They are on record as they stand in model.toml, and are applied only when a person has written them there."""
    images, classes = digits()
    np.savez(bench.data / "test.npz", x=images[1000:].reshape(-1, *shape).astype(np.uint8), y=classes[1000:])
    settings = bench.context.workspace.model_settings("digits")
    settings.write_text(LABELS)
    with pytest.raises(JobError, match=r"expects float32 \[\?, 1, 8, 8\]"):
        bench.evaluate()
    failure = on_record(bench.context).failure
    assert failure is not None
    assert failure.proposal.startswith(lines)
    settings.write_text(f"{LABELS}{failure.proposal}\n")
    bench.evaluate()
    # The pixels go from 0 to 16: the scale of this model is for a person to know.
    scale = failure.proposal.replace("# scale = 0.00392156862745098", "scale = 0.0625")
    settings.write_text(f"{LABELS}{scale}\n")
    assert accuracy(bench.evaluate()) == pytest.approx(
        (expected_probabilities().argmax(axis=1) == classes[1000:]).mean()
    )
    assert on_record(bench.context).failure is None


@pytest.mark.parametrize(
    "inputs",
    [np.zeros((9, 7, 8), np.uint8), np.full((9, 1, 8, 8), "1.5"), np.zeros((9, 2, 8, 8), np.float32)],
    ids=["too few pixels", "texts", "too many channels"],
)
def test_nothing_is_proposed_where_nothing_safe_would_fit(bench: Bench, inputs: "NDArray[Any]") -> None:
    """Data of another kind are not bent until they fit."""
    np.savez(bench.data / "test.npz", x=inputs, y=np.zeros(9, np.uint8))
    bench.context.workspace.model_settings("digits").write_text(LABELS)
    with pytest.raises(JobError):
        bench.evaluate()
    failure = on_record(bench.context).failure
    assert failure is not None
    assert failure.proposal == ""
