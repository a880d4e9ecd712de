"""Comparisons that stop early, with real models in real confined processes: who is run, and on how many examples."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.jobs import early, evaluate
from engine.jobs.context import Context, Handler, Outcome
from engine.processes.endings import CANCELLED, ModelProcessError
from storage import jobs
from storage.comparisons import Compared, Early
from storage.errors import JobError, RefusedError
from storage.records import JobParameters, Metric
from storage.tables import events
from storage.vocabulary import JobKind, JobState, Verdict
from tests.artefacts import record_version
from tests.tiny_models import digits, onnx_model, weights

MODEL = "digits"
SETTINGS = (
    f"labels = {[str(number) for number in range(10)]}\n"
    '[preprocess]\ndtype = "float32"\nscale = 0.0625\nlayout = "NCHW"\n'
    "[gate]\nmargin = 0.02\n"
)
SORTED = "sorted"
"""All the digits there are, the zeros first: examples in the file's order would be no sample of them."""


class Listener:
    """Hears how far a job is; may ask for its end when so many examples are done."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int, str]] = []
        self.enough = 10**9

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Note what is told."""
        self.heard.append((done, total, message))

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Whether enough was done."""
        return any(done >= self.enough for done, _, _ in self.heard)


class Bench:
    """Versions of the classifier of digits: 1 good, 2 the same, 3 one that takes some digits for others."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.listener = Listener()
        workspace = context.workspace
        folder = workspace.test / MODEL
        folder.mkdir(parents=True)
        images, classes = digits()
        np.savez(folder / "test.npz", x=images[1000:], y=classes[1000:])
        order = np.argsort(classes, kind="stable")
        np.savez(folder / f"{SORTED}.npz", x=images[order], y=classes[order])
        for number, swapped in ((1, ()), (2, ()), (3, (0, 1))):
            file = workspace.version_folder(MODEL, number) / "model.onnx"
            file.parent.mkdir(parents=True)
            save(file, swapped)
        workspace.model_settings(MODEL).write_text(SETTINGS)
        with context.writer.transaction() as connection:
            for number in (1, 2, 3):
                file = workspace.version_folder(MODEL, number) / "model.onnx"
                record_version(connection, MODEL, number, file)

    def evaluate(self, number: int) -> None:
        """Evaluate a version completely."""
        self._do(JobKind.EVALUATE, number, JobParameters())

    def compare(self, before: int, after: int, data: str = "") -> Compared:
        """Compare two versions early."""
        outcome = self._do(JobKind.EARLY, after, JobParameters(against=before, data=data))
        return msgspec.json.decode(outcome.result, type=Compared)

    def _do(self, kind: JobKind, number: int, parameters: JobParameters) -> Outcome:
        with self.context.writer.transaction() as connection:
            job = jobs.add(
                connection, kind, MODEL, number, requested_by="test", now=1.0, parameters=parameters
            )
        try:
            run: Handler = early.run if kind is JobKind.EARLY else evaluate.run
            return run(self.context, job, self.listener)
        finally:
            with self.context.writer.transaction() as connection:
                jobs.finish(connection, job.id, JobState.SUCCEEDED, now=1.0)


def save(file: Path, swapped: tuple[int, ...]) -> None:
    """Save the classifier, which takes the two classes in ``swapped`` for each other."""
    from onnx import numpy_helper

    model, (kernel, bias) = onnx_model(), (array.copy() for array in weights())
    if swapped:
        kernel[:, swapped], bias[list(swapped)] = kernel[:, swapped[::-1]], bias[list(swapped[::-1])]
    for tensor, array in zip(model.graph.initializer, (kernel, bias), strict=True):
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    # Versions with the same weights are different files all the same.
    model.producer_name = file.parent.name
    file.write_bytes(model.SerializeToString())


@pytest.fixture
def bench(context: Context) -> Bench:
    """Return a bench in a workspace of its own."""
    return Bench(context)


def test_a_bad_candidate_is_refused_after_a_part_of_the_examples(bench: Bench) -> None:
    """Neither version has answered these data before; both run on drawn examples, though the file is sorted."""
    found = bench.compare(1, 3, SORTED)
    assert (found.from_version, found.to_version, found.verdict) == (1, 3, Verdict.INFERIOR)
    assert found.early == Early(used=512, examples=1797, decided=True, ran=(1, 3))
    [figure] = found.figures
    assert (figure.name, figure.method, figure.n) == ("accuracy", "betting", 512)
    # A fifth of the digits are zeros and ones; in the file's order all of the first 512 would be of the first three.
    assert figure.advantage == pytest.approx(-0.2, abs=0.06)
    assert figure.high is not None
    assert figure.high < 0
    assert (found.gained or 0) - (found.lost or 0) == round(figure.advantage * 512)
    assert (512, 1797) in [(done, total) for done, total, _ in bench.listener.heard]


def test_nothing_is_recorded_but_a_line_in_the_log(bench: Bench) -> None:
    """A part of the examples is no evaluation, and a look counts no candidate."""
    bench.compare(1, 3, SORTED)
    with bench.context.writer.transaction() as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("evaluations", "judged")
        ]
        told = [event.message for event in events.read(connection, limit=10)]
    assert counts == [0, 0]
    assert "version 3 beside version 1: inferior after 512 of 1,797 examples" in told


def test_answers_on_record_are_not_asked_for_again(bench: Bench) -> None:
    """A version that was evaluated on the same examples is held to what it answered then."""
    bench.evaluate(1)
    found = bench.compare(1, 3)
    assert found.early is not None
    assert (found.early.ran, found.verdict) == ((3,), Verdict.INFERIOR)
    # Where everything is on record nothing is run, and nothing need be saved.
    bench.evaluate(3)
    whole = bench.compare(1, 3)
    assert whole.early is None
    assert whole.figures[0].n == 797
    # Data that it never saw are others.
    assert bench.compare(1, 3, SORTED).early == Early(used=512, examples=1797, decided=True, ran=(1, 3))


def test_the_same_comparison_takes_the_same_examples(bench: Bench) -> None:
    """The order is drawn from what is compared, so that nobody can try until a lucky one comes."""
    assert bench.compare(1, 3, SORTED) == bench.compare(1, 3, SORTED)


def test_two_that_are_alike_pass(bench: Bench) -> None:
    """The same weights in another file differ nowhere, and a loss of the margin is soon ruled out."""
    found = bench.compare(1, 2, SORTED)
    assert (found.verdict, found.gained, found.lost) == (Verdict.NON_INFERIOR, 0, 0)
    assert found.early is not None
    assert found.early.used < 1000


def test_too_few_examples_are_left_to_the_fixed_test(bench: Bench) -> None:
    """With a small margin all of them run, and the answer says how many would decide."""
    settings = bench.context.workspace.model_settings(MODEL)
    settings.write_text(SETTINGS.replace("margin = 0.02", "margin = 0.001"))
    found = bench.compare(1, 2)
    assert (found.verdict, found.figures[0].method) == (Verdict.INCONCLUSIVE, "Tango")
    assert found.early == Early(used=797, examples=797, decided=False, ran=(1, 2))
    assert found.figures[0].confidence == pytest.approx(0.95)
    assert (found.figures[0].needed or 0) > 797


def test_figures_that_are_no_right_or_wrong_are_refused(bench: Bench) -> None:
    """The refusal says what the model is judged by."""
    settings = bench.context.workspace.model_settings(MODEL)
    settings.write_text(SETTINGS.replace("[gate]\n", '[gate]\nmetric = "log_loss"\n'))
    with pytest.raises(RefusedError, match=r"digits is judged by log_loss\."):
        bench.compare(1, 3)
    settings.write_text(f'task = "regression"\n{SETTINGS}')
    with pytest.raises(RefusedError, match=r"digits is judged by regression\."):
        bench.compare(1, 3)


def test_it_can_be_cancelled(bench: Bench) -> None:
    """Somebody who has seen enough ends it, at the next look at the latest."""
    settings = bench.context.workspace.model_settings(MODEL)
    settings.write_text(SETTINGS.replace("margin = 0.02", "margin = 0"))
    bench.listener.enough = 512
    with pytest.raises(ModelProcessError) as caught:
        bench.compare(1, 2, SORTED)
    assert caught.value.code == CANCELLED


def test_data_that_are_not_there_are_told(bench: Bench) -> None:
    """The sentence is the one of an evaluation."""
    with pytest.raises(JobError, match="There are no later data for digits"):
        bench.compare(1, 3, "later")
