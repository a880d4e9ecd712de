"""Evaluating on data of another name, and on data that change meanwhile: what is on record is of what was read."""

from typing import Any

import numpy as np
import pytest

from engine.jobs import evaluate
from engine.processes.data_process import DataProcess
from engine.processes.protocol import Prepared
from storage import jobs
from storage.errors import JobError
from storage.records import JobParameters
from storage.tables import evaluations, models
from storage.vocabulary import JobKind, JobState
from tests.data_files import as_csv, npz
from tests.tiny_models import digits
from tests.unit.engine.jobs.test_evaluate_data import Bench, bench

__all__ = ["bench"]


def test_other_data_than_the_test_data_do_not_pass_for_them(bench: Bench) -> None:
    """Evaluated on the validation data, a version is still to be evaluated on test data that have changed."""
    images, classes = digits()
    np.savez(bench.data / "validation.npz", x=images[1000:1100], y=classes[1000:1100])
    with bench.context.writer.transaction() as connection:
        job = jobs.add(
            connection,
            JobKind.EVALUATE,
            "digits",
            1,
            requested_by="ann",
            now=1.0,
            parameters=JobParameters(data="validation"),
        )
    evaluate.run(bench.context, job, bench.listener)
    with bench.context.writer.transaction() as connection:
        found = evaluations.of_job(connection, job.id)
        [version] = models.versions(connection, "digits")
        assert models.data_stamp(connection, version.id) == ""
        jobs.finish(connection, job.id, JobState.SUCCEEDED, now=1.0)
    assert found is not None
    assert (found.dataset_name, found.dataset_rows) == ("validation", 100)
    bench.put(npz)
    bench.evaluate()
    with bench.context.writer.transaction() as connection:
        assert models.data_stamp(connection, version.id) != ""


def test_data_that_change_while_they_are_read_are_read_again_another_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of two halves of which each is of another moment is nobody's data: nothing of it is kept."""
    bench.settings("reshape = [8, 8]\n")
    file = bench.put(as_csv)
    prepare = DataProcess.prepare

    def changes(process: DataProcess, *given: Any, **named: Any) -> Prepared:
        read = prepare(process, *given, **named)
        file.write_text("".join(file.read_text().splitlines(keepends=True)[:101]))
        return read

    with monkeypatch.context() as patch:
        patch.setattr(DataProcess, "prepare", changes)
        with pytest.raises(JobError) as caught:
            bench.evaluate()
    assert caught.value.message == "test.csv changed while it was read."
    assert bench.copies() == []
    assert bench.evaluate().dataset_rows == 100
