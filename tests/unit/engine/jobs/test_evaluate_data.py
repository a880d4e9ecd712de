"""Evaluating on data of every format: real models, real confined processes, real files."""

import os
from pathlib import Path

import numpy as np
import pytest

from engine.data.manifest import MANIFEST
from engine.jobs import evaluate
from engine.jobs.context import Context, Outcome
from engine.jobs.reading import prepared_data
from storage import jobs
from storage.errors import JobError
from storage.records import Evaluation, Metric
from storage.settings import Retention, Trust, WorkspaceSettings
from storage.tables import evaluations
from storage.vocabulary import JobKind, JobState
from tests.artefacts import record_version
from tests.data_files import EVERY, Write, as_csv, image_folder, npz
from tests.tiny_models import ROWS, digits, expected_probabilities, save_onnx

LABELS = f"labels = {[str(number) for number in range(10)]}\n"
PREPROCESS = '[preprocess]\ndtype = "float32"\nscale = 0.0625\nlayout = "NCHW"\n'


class Listener:
    """Hears how far a job is."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def progress(self, _done: int, _total: int, message: str = "") -> None:
        """Note what is told."""
        self.heard.append(message)

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Nobody asks for the end."""
        return False


class Bench:
    """A ready version of the classifier of digits, to be evaluated on what lies in its folder."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.listener = Listener()
        self.data = context.workspace.test / "digits"
        self.data.mkdir(parents=True)
        folder = context.workspace.version_folder("digits", 1)
        folder.mkdir(parents=True)
        file = save_onnx(folder / "model.onnx")
        self.settings("")
        with context.writer.transaction() as connection:
            record_version(connection, "digits", 1, file)

    def settings(self, more: str) -> None:
        """Write model.toml."""
        self.context.workspace.model_settings("digits").write_text(LABELS + PREPROCESS + more)

    def put(self, write: Write) -> Path:
        """Write the digits that the model was not trained on."""
        images, classes = digits()
        return write(self.data, images[1000:], classes[1000:])

    def evaluate(self, version: int = 1) -> Evaluation:
        """Do an evaluation job, and return what it recorded."""
        found = self.do(version)[1]
        assert found is not None
        return found

    def do(self, version: int = 1, *, by: str = "test") -> tuple[Outcome, Evaluation | None]:
        """Do an evaluation job for somebody; return how it ended, and what it recorded."""
        with self.context.writer.transaction() as connection:
            job = jobs.add(connection, JobKind.EVALUATE, "digits", version, requested_by=by, now=1.0)
        try:
            outcome = evaluate.run(self.context, job, self.listener)
        finally:
            with self.context.writer.transaction() as connection:
                jobs.finish(connection, job.id, JobState.SUCCEEDED, now=1.0)
        with self.context.writer.transaction() as connection:
            return outcome, evaluations.of_job(connection, job.id)

    def copies(self) -> list[Path]:
        """Return the prepared copies."""
        return sorted(self.context.workspace.prepared.glob("digits/*"))


@pytest.fixture
def bench(context: Context) -> Bench:
    """Return a bench in a workspace of its own."""
    return Bench(context)


def accuracy(found: Evaluation) -> float:
    """Return the accuracy of an evaluation."""
    metric = found.metric("accuracy")
    assert metric is not None
    return metric.value


def expected() -> float:
    """Return the accuracy that numpy computes of the model's own weights."""
    return float(np.mean(expected_probabilities().argmax(axis=1) == digits()[1][1000:]))


@pytest.mark.parametrize("write", EVERY, ids=[write.__name__ for write in EVERY])
def test_the_same_figure_whatever_the_format(bench: Bench, write: Write) -> None:
    """The file is found by its name, read once, and gives what numpy gives."""
    bench.put(write)
    if write is as_csv:
        bench.settings("reshape = [8, 8]\n")
    found = bench.evaluate()
    assert accuracy(found) == pytest.approx(expected(), abs=1e-9)
    assert (found.dataset_name, found.dataset_rows) == (
        "t10k-images-idx3-ubyte"
        if "idx" in write.__name__
        else "test_x"
        if write.__name__ == "npy"
        else "test",
        ROWS,
    )


def test_a_table_that_needs_a_shape_is_told_the_line(bench: Bench) -> None:
    """Pixels in columns are proposed as images, ready to be pasted."""
    bench.put(as_csv)
    with pytest.raises(JobError, match=r"inputs have the shape \[\?, 64\]") as caught:
        bench.evaluate()
    assert "reshape = [1, 8, 8]" in caught.value.hint


def test_a_second_evaluation_reads_nothing_again(bench: Bench) -> None:
    """The copy is kept as long as the data stay as they are."""
    bench.settings("reshape = [8, 8]\n")
    bench.put(as_csv)
    bench.evaluate()
    [copy] = bench.copies()
    made = (copy / "input-0.npy").stat()
    bench.listener.heard.clear()
    bench.evaluate()
    assert (copy / "input-0.npy").stat() == made
    assert "reading test.csv" not in bench.listener.heard


def test_changed_data_are_read_again_and_the_old_copy_goes(bench: Bench) -> None:
    """What is evaluated is what lies there now, and the disk holds one copy of it."""
    bench.settings("reshape = [8, 8]\n")
    file = bench.put(as_csv)
    before = bench.evaluate()
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:101]))
    after = bench.evaluate()
    assert (before.dataset_rows, after.dataset_rows) == (ROWS, 100)
    assert before.dataset_sha256 != after.dataset_sha256
    assert len(bench.copies()) == 1


def test_an_image_that_was_overwritten_is_noticed(bench: Bench) -> None:
    """Also where no name in the folder has changed."""
    folder = bench.put(image_folder)
    before = bench.evaluate()
    first, second = sorted(folder.glob("0/*.png"))[:2]
    first.write_bytes(second.read_bytes())
    assert bench.evaluate().dataset_sha256 != before.dataset_sha256


def test_a_damaged_copy_is_made_again(bench: Bench) -> None:
    """A copy is worth nothing; the data are."""
    bench.put(image_folder)
    before = bench.evaluate()
    [copy] = bench.copies()
    os.truncate(copy / "targets.npy", 200)
    again = bench.evaluate()
    # Another process may find another batch size, which moves the last digit of a mean.
    assert [metric.name for metric in again.metrics] == [metric.name for metric in before.metrics]
    values = [metric.value for metric in before.metrics]
    assert [metric.value for metric in again.metrics] == pytest.approx(values, rel=1e-12)


def test_plain_arrays_are_not_copied(bench: Bench) -> None:
    """They are mapped where they lie."""
    bench.put(npz)
    bench.evaluate()
    assert bench.copies() == []


def test_columns_that_are_named_are_read(bench: Bench) -> None:
    """model.toml may say which columns are what, in arrays as in tables."""
    images, classes = digits()
    np.savez(
        bench.data / "test.npz", pictures=images[1000:], digit=classes[1000:], x=images[:797], y=classes[:797]
    )
    bench.settings('[data]\ninputs = ["pictures"]\ntarget = "digit"\n')
    named = bench.evaluate()
    assert accuracy(named) == pytest.approx(expected(), abs=1e-9)
    bench.settings("")
    assert bench.evaluate().preprocessing_sha256 != named.preprocessing_sha256


def test_copies_whose_source_is_gone_are_removed(bench: Bench) -> None:
    """Also without another evaluation: the engine tidies up every minute."""
    folder = bench.put(image_folder)
    bench.evaluate()
    copies = prepared_data(bench.context.workspace, bench.context.settings)
    copies.tidy()
    assert len(bench.copies()) == 1
    folder.rename(folder.with_name("elsewhere"))
    copies.tidy()
    assert bench.copies() == []


def test_the_longest_unused_copies_go_above_the_limit(bench: Bench) -> None:
    """Two ways of reading the same data are two copies; the limit is for all of them together."""
    bench.put(image_folder)
    bench.evaluate()
    [first] = bench.copies()
    bench.settings("resize = [8, 8]\n")
    bench.evaluate()
    assert len(bench.copies()) == 2
    os.utime(first / MANIFEST, (1.0, 1.0))
    size = sum(file.stat().st_size for file in first.glob("*.npy"))
    small = WorkspaceSettings(retention=Retention(prepared_gib=1.5 * size / 2**30))
    prepared_data(bench.context.workspace, small).tidy()
    assert len(bench.copies()) == 1
    assert not first.exists()


def test_two_sets_of_data_are_told_apart_by_the_person(bench: Bench) -> None:
    """Neither is taken in silence, and the line to write is ready."""
    bench.put(npz)
    bench.put(as_csv)
    with pytest.raises(JobError, match=r"2 sets of test data for digits: test\.csv, test\.npz") as caught:
        bench.evaluate()
    assert 'data = { test = "test.csv" }' in caught.value.hint
    outcome, found = bench.do(by=jobs.ARRIVAL)
    assert found is None
    assert outcome.message == f"loaded; not evaluated: {caught.value.message.rstrip('.')}"
    bench.settings('[data]\ntest = "test.npz"\n')
    assert accuracy(bench.evaluate()) == pytest.approx(expected(), abs=1e-9)


OWN = "def cost(targets, outputs):\n    return 2.0 * (outputs.argmax(axis=1) != targets)\n"


@pytest.mark.parametrize("trusted", [False, True])
def test_metrics_of_its_owner_are_run_where_the_workspace_trusts_them(bench: Bench, *, trusted: bool) -> None:
    """They are code: without the owner's word they stay unopened, and the evaluation says so."""
    bench.put(npz)
    bench.settings('[metrics]\nfile = "metrics.py"\n')
    (bench.context.workspace.models / "digits" / "metrics.py").write_text(OWN)
    trust = WorkspaceSettings(trust=Trust(own_metrics=trusted))
    bench.context = bench.context._replace(settings=trust)
    found = bench.evaluate()
    cost = found.metric("cost")
    if trusted:
        assert cost is not None
        assert cost.value == pytest.approx(2 * (1 - accuracy(found)))
        assert found.notes == ()
    else:
        assert cost is None
        assert "metrics.py was not run" in found.notes[0]


def test_metrics_that_are_missing_are_an_error(bench: Bench) -> None:
    """The sentence names the setting."""
    bench.put(npz)
    bench.settings('[metrics]\nfile = "metrics.py"\n')
    bench.context = bench.context._replace(settings=WorkspaceSettings(trust=Trust(own_metrics=True)))
    with pytest.raises(JobError, match=r"metrics of digits cannot be read from metrics\.py"):
        bench.evaluate()
