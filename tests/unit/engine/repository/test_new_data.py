"""New and changed test data: what is evaluated again because of them, and how often."""

import shutil
from pathlib import Path

import pytest

from engine.data.identity import stamp
from engine.repository.new_data import LOOK_AGAIN_S
from storage import jobs
from storage.tables import models
from storage.vocabulary import JobKind, JobState, Status
from tests.watched import Watched


class Bench:
    """Two ready versions of a model, the first one deployed, and a hand on their data and their jobs."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        watched.ready("mnist", {1: 0.9, 2: 0.91})
        watched.deploy("mnist", 1)
        watched.settle()
        self.work()

    def work(self, *, evaluate: bool = True) -> None:
        """Do what waits, as the lane does it: an evaluation notes the data that it is about to read."""
        for job in self.waiting():
            version = self.watched.version("mnist", job)
            found = self.data()
            with self.watched.writer.transaction() as connection:
                if found:
                    models.set_data_stamp(connection, version.id, stamp(found[0]))
            if evaluate and found:
                self.watched.evaluated("mnist", job)
        with self.watched.writer.transaction() as connection:
            for row in jobs.read(connection, limit=100):
                if row.state is JobState.QUEUED:
                    jobs.finish(connection, row.id, JobState.SUCCEEDED, now=self.watched.clock.now())

    def data(self) -> list[Path]:
        """Return the data files of the model."""
        return sorted((self.watched.workspace.test / "mnist").glob("*"))

    def put(self, content: str = "some data", name: str = "test.csv") -> Path:
        """Write a data file."""
        file = self.watched.workspace.test / "mnist" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def waiting(self) -> list[int]:
        """Return the versions whose evaluation waits."""
        return sorted(job.version or 0 for job in self.watched.jobs() if job.state is JobState.QUEUED)


@pytest.fixture
def bench(watched: Watched) -> Bench:
    """Return a bench that was evaluated on data which lie there."""
    made = Bench(watched)
    made.put()
    watched.settle()
    made.work()
    watched.settle()
    assert made.waiting() == []
    return made


def test_first_data_lead_to_an_evaluation(watched: Watched) -> None:
    """A version that was loaded without data is evaluated when there are some."""
    watched.put_version("mnist", 1)
    watched.settle()
    version = watched.version("mnist", 1)
    with watched.writer.transaction() as connection:
        models.set_version(connection, version.id, status=Status.READY)
        for job in jobs.read(connection, limit=10):
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=1.0)
    folder = watched.workspace.test / "mnist"
    folder.mkdir()
    (folder / "test.npz").write_text("data")
    watched.settle()
    [job] = [job for job in watched.jobs() if job.state is JobState.QUEUED]
    assert (job.version, job.requested_by) == (1, jobs.NEW_DATA)
    assert "new test data: version 1 to be evaluated again" in watched.messages()


def test_changed_data_are_evaluated_once_by_current_and_candidate(bench: Bench) -> None:
    """Those two are compared, so both get figures of the new data; nothing else is asked for, and only once."""
    bench.put("other data")
    bench.watched.settle()
    assert bench.waiting() == [1, 2]
    bench.watched.scan(LOOK_AGAIN_S + 1)
    assert bench.waiting() == [1, 2]
    bench.work()
    bench.watched.scan(LOOK_AGAIN_S + 1)
    bench.watched.settle()
    assert bench.waiting() == []


def test_data_that_are_still_written_are_left_alone(bench: Bench) -> None:
    """An evaluation of half a file would fail, or worse, succeed."""
    for size in range(1, 6):
        bench.put("x" * size)
        bench.watched.scan(0.2)
        assert bench.waiting() == []
    bench.watched.settle()
    assert bench.waiting() == [1, 2]


def test_an_evaluation_that_fails_is_not_asked_for_again(bench: Bench) -> None:
    """The same broken data would fail again; other data are another matter."""
    bench.put("broken")
    bench.watched.settle()
    bench.work(evaluate=False)
    bench.watched.scan(LOOK_AGAIN_S + 1)
    assert bench.waiting() == []
    bench.put("mended")
    bench.watched.settle()
    assert bench.waiting() == [1, 2]


def test_an_evaluation_that_is_cancelled_is_not_asked_for_again(bench: Bench) -> None:
    """Who cancels it means it."""
    bench.put("unwanted")
    bench.watched.settle()
    for job in bench.watched.jobs():
        jobs.cancel(bench.watched.workspace, job.id)
    bench.watched.scan(LOOK_AGAIN_S + 1)
    bench.watched.settle()
    assert bench.waiting() == []


def test_a_restart_asks_for_nothing(bench: Bench) -> None:
    """What a version was evaluated on is on record, not in an engine's memory."""
    bench.watched.restart()
    bench.watched.settle()
    assert bench.waiting() == []


def test_data_that_changed_while_no_engine_ran_are_noticed(bench: Bench) -> None:
    """The listing is the truth, also of data."""
    bench.put("changed at night")
    bench.watched.restart()
    bench.watched.settle()
    assert bench.waiting() == [1, 2]


def test_figures_from_before_this_was_recorded_are_not_called_old(watched: Watched) -> None:
    """A database of an earlier program says nothing of its data: they are taken for those that lie there."""
    bench = Bench(watched)
    bench.put()
    watched.settle()
    assert bench.waiting() == []
    bench.put("changed")
    watched.settle()
    assert bench.waiting() == [1, 2]


def test_data_that_go_leave_figures_as_they_are(bench: Bench) -> None:
    """There is nothing to evaluate on; the same data put back are looked at again."""
    file = bench.put()
    bench.watched.settle()
    bench.work()
    file.unlink()
    bench.watched.settle()
    assert bench.waiting() == []


def test_other_files_of_the_folder_do_not_matter(bench: Bench) -> None:
    """Validation data and notes are not what versions are compared on."""
    bench.put("y", "validation.csv")
    bench.put("z", "README.md")
    bench.watched.settle()
    assert bench.waiting() == []


def test_a_second_set_of_data_asks_for_nothing(bench: Bench) -> None:
    """Which of the two is meant nobody can say; removing one again changes nothing."""
    second = bench.put("again", "test.parquet")
    bench.watched.settle()
    assert bench.waiting() == []
    second.unlink()
    bench.watched.settle()
    assert bench.waiting() == []


def test_model_toml_may_name_other_data(bench: Bench) -> None:
    """Naming another file is new data, too."""
    bench.put("y", "other.csv")
    bench.watched.workspace.model_settings("mnist").write_text('[data]\ntest = "other.csv"\n')
    bench.watched.settle()
    assert bench.waiting() == [1, 2]


def test_an_image_that_is_added_is_noticed(bench: Bench) -> None:
    """Of a folder of images the folders of its classes are looked at."""
    (bench.watched.workspace.test / "mnist/test.csv").unlink()
    folder = bench.watched.workspace.test / "mnist/test/cat"
    folder.mkdir(parents=True)
    (folder / "1.png").write_text("a cat")
    bench.watched.settle()
    bench.work()
    bench.watched.settle()
    (folder / "2.png").write_text("another cat")
    bench.watched.settle()
    assert bench.waiting() == [1, 2]


def test_a_running_evaluation_is_waited_for(bench: Bench) -> None:
    """It may have read the old data or the new; what it noted at its start tells."""
    with bench.watched.writer.transaction() as connection:
        running = jobs.add(connection, JobKind.EVALUATE, "mnist", 1, requested_by="someone", now=1.0)
        jobs.claim(connection, frozenset({JobKind.EVALUATE}), now=1.0)
    bench.put("new")
    bench.watched.settle()
    assert bench.waiting() == [2]
    with bench.watched.writer.transaction() as connection:
        jobs.finish(connection, running.id, JobState.SUCCEEDED, now=2.0)
    bench.watched.settle()
    assert bench.waiting() == [1, 2]


def test_new_data_wait_for_settings_that_can_be_read(bench: Bench) -> None:
    """What they are tested for, only model.toml says; once it is mended, they are evaluated on as any new data."""
    settings = bench.watched.workspace.models / "mnist" / "model.toml"
    settings.write_text("task = ")
    bench.watched.settle()
    bench.put("new")
    bench.watched.settle()
    assert bench.waiting() == []
    settings.write_text("")
    bench.watched.settle()
    assert bench.waiting() == [1, 2]


def test_a_folder_that_is_gone_is_no_error(bench: Bench) -> None:
    """People move test/ about."""
    shutil.rmtree(bench.watched.workspace.test)
    bench.watched.settle()
    assert bench.waiting() == []
