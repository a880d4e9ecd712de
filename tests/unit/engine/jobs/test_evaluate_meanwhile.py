"""Evaluating on data of another name, and on data that change meanwhile: what is on record is of what was read."""

from typing import Any

import msgspec
import numpy as np
import pytest

from engine.jobs import evaluate
from engine.processes.data_process import DataProcess
from engine.processes.endings import Activity, ended
from engine.processes.model_process import ModelProcess
from engine.processes.protocol import Evaluated, Prepared
from storage import interrupted, jobs
from storage.errors import JobError
from storage.records import JobParameters
from storage.tables import evaluations, faults, models
from storage.vocabulary import JobKind, JobState, Status
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


def test_a_host_that_was_ended_is_held_against_a_version_only_where_nobody_tries_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the next try comes to is what counts; where there is none, it is told that there are no figures."""
    bench.put(npz)

    def lost(_process: ModelProcess, *_given: Any, **_named: Any) -> Evaluated:
        raise ended(None, Activity.EVALUATING, "", 0)

    monkeypatch.setattr(ModelProcess, "evaluate", lost)
    with bench.context.writer.transaction() as connection:
        first = jobs.add(connection, JobKind.EVALUATE, "digits", 1, requested_by="ann", now=1.0)
    with pytest.raises(JobError, match="together with its host"):
        evaluate.run(bench.context, first, bench.listener)
    with bench.context.writer.transaction() as connection:
        assert not faults.all_open(connection, "digits")
        assert models.versions(connection, "digits")[0].status is Status.READY
        interrupted.interrupt(connection, first, error="lost", now=1.0)
        [second, _] = jobs.read(connection, limit=2)
    # On probation a fault would roll the version back, and it is looked at again in a moment.
    watched = msgspec.structs.replace(second, requested_by=jobs.PROBATION)
    with pytest.raises(JobError, match="together with its host"):
        evaluate.run(bench.context, watched, bench.listener)
    with bench.context.writer.transaction() as connection:
        assert not faults.all_open(connection, "digits")
    with pytest.raises(JobError, match="together with its host"):
        evaluate.run(bench.context, second, bench.listener)
    with bench.context.writer.transaction() as connection:
        [fault] = faults.all_open(connection, "digits")
        assert fault.code == evaluate.EVALUATION_FAULT
