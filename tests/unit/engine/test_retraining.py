"""Trainings begin by themselves for the reasons that an owner names, and never twice for the same one."""

import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.retraining import Known, Reason, Retraining, reason
from storage import jobs
from storage.records import Job, Version
from storage.settings import ModelSettings, read_model_settings
from storage.tables import faults as fault_table
from storage.tables import models, training
from storage.train_settings import Train
from storage.training_records import TrainingRun
from storage.vocabulary import Format, JobKind, JobState, Role, Status, TrainingState, TrainTrigger
from tests.watched import START, Watched, examiner, examiner_hosts, watched

__all__ = ["examiner", "examiner_hosts", "watched"]

DAY = 86400.0
NOW = START + 100 * DAY
ALL = tuple(TrainTrigger)

CURRENT = Version(
    id=1,
    model="mnist",
    number=3,
    status=Status.READY,
    found_at=START,
    format=Format.KERAS,
    sha256="3" * 64,
    reason="",
    role=Role.CURRENT,
    bytes=1000,
    artefact="model.keras",
    source="train/mnist/model.keras",
    parameters=None,
)

LAST = TrainingRun(
    id=7,
    model="mnist",
    job_id=1,
    state=TrainingState.SUCCEEDED,
    started_at=START + 50 * DAY,
    finished_at=START + 50 * DAY,
    how="warm start",
    base_version=2,
    base_sha256="2" * 64,
    seed=0,
    settings={},
    data=None,
    versions={},
    curve=(),
    best_epoch=None,
    artefact="trained-7.keras",
    sha256="",
    version=3,
    message="",
    data_stamp="then",
    data_bytes=1000,
)

BELOW = {"objective-missed": "Version 3: accuracy 90 % is below 0.97 with 95 % confidence."}
FALLING = {"quality-trend": "Version 3 gets worse."}


def known(
    *triggers: TrainTrigger,
    faults: dict[str, str] | None = None,
    last: TrainingRun | None = LAST,
    asked_at: float | None = None,
    stamp: str = "now",
    volume: int = 1000,
    **settings: object,
) -> Known:
    """Return what is known about a model."""
    train = msgspec.convert({"automatic": [str(one) for one in triggers], **settings}, Train)
    return Known(train, CURRENT, faults or {}, last, asked_at, stamp, lambda: volume)


def words(found: Reason | None) -> str:
    """Return why, or nothing."""
    return "" if found is None else found.words


@pytest.mark.parametrize(
    ("case", "begins"),
    [
        (known(faults=BELOW, volume=9000), ""),
        (known(*ALL, faults=BELOW), "objective-missed: Version 3: accuracy"),
        (known(TrainTrigger.QUALITY_TREND, faults=BELOW | FALLING), "quality-trend: Version 3 gets worse"),
        (known(TrainTrigger.SCHEDULE, faults=BELOW | FALLING, every="60d"), ""),
        (known(TrainTrigger.NEW_DATA, volume=1090), ""),
        (known(TrainTrigger.NEW_DATA, volume=1100), "new-data: the training data have grown by 10%"),
        (
            known(TrainTrigger.NEW_DATA, volume=1010, new_data=0.01),
            "new-data: the training data have grown by 1%",
        ),
        (known(TrainTrigger.NEW_DATA, volume=1000), "new-data: the training data are others"),
        (known(TrainTrigger.NEW_DATA, volume=800), "new-data: the training data are others"),
        (known(TrainTrigger.NEW_DATA, volume=9000, last=None), ""),
        (known(TrainTrigger.NEW_DATA, stamp="then", volume=9000), ""),
        (known(TrainTrigger.SCHEDULE), "schedule: training 7 was 50d ago"),
        (known(TrainTrigger.SCHEDULE, every="51d"), ""),
        (known(TrainTrigger.SCHEDULE, last=None), "schedule: version 3 came 100d ago"),
    ],
)
def test_each_reason_counts_where_its_owner_names_it(case: Known, begins: str) -> None:
    """And no other one does; without a word of its owner's nothing is trained."""
    found = words(reason(case, now=NOW))
    assert found.startswith(begins)
    assert bool(found) == bool(begins)


@pytest.mark.parametrize(
    "case",
    [
        known(*ALL, faults=BELOW, asked_at=NOW - 0.9 * DAY),
        known(*ALL, faults=BELOW, asked_at=NOW - 1.1 * DAY, interval="2d"),
        known(*ALL, faults=BELOW, stamp=""),
        known(*ALL, faults=BELOW | {"failing-jobs": "The last 3 jobs 'train' failed."}),
        known(
            *ALL,
            faults=BELOW,
            stamp="then",
            last=msgspec.structs.replace(LAST, base_sha256=CURRENT.sha256 or ""),
        ),
        known(
            *ALL,
            faults=BELOW,
            stamp="then",
            last=msgspec.structs.replace(LAST, base_sha256=CURRENT.sha256 or "", state=TrainingState.FAILED),
        ),
    ],
    ids=["asked", "longer interval", "no data", "failing", "same again", "failed on the same"],
)
def test_it_cannot_loop(case: Known) -> None:
    """Too soon, without data, again and again in vain, or from the same version with the same data: nothing begins."""
    assert reason(case, now=NOW) is None


def test_after_the_interval_it_is_asked_again() -> None:
    """A clock that was set back meanwhile does not stop it for long."""
    for asked_at in (NOW - 1.1 * DAY, NOW + DAY):
        found = reason(known(*ALL, faults=BELOW, asked_at=asked_at), now=NOW)
        assert words(found).startswith("objective-missed")


def test_a_program_may_have_data_of_its_own() -> None:
    """What the engine sees of the data decides nothing then, but for what is said about them."""
    same = msgspec.structs.replace(LAST, base_sha256=CURRENT.sha256 or "")
    own = known(TrainTrigger.SCHEDULE, last=same, stamp="", command=["python", "train.py"])
    assert words(reason(own, now=NOW)).startswith("schedule")


@pytest.fixture
def deployed(watched: Watched) -> Watched:
    """Return a workspace in which version 1 of mnist is deployed, with training data and a fault."""
    watched.ready("mnist", {1: 0.9})
    watched.deploy("mnist", 1)
    watched.settle()
    folder = watched.workspace.train / "mnist"
    folder.mkdir(exist_ok=True)
    save(folder / "train.npz", 10)
    with watched.writer.transaction() as connection:
        for job in jobs.read(connection, limit=100):
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=watched.clock.now())
        fault_table.open_fault(
            connection, "objective-missed", "It is.", at=watched.clock.now(), model="mnist", version=1
        )
    return watched


def save(file: Path, rows: int) -> None:
    """Write training data."""
    np.savez(file, x=np.zeros((rows, 4), np.float32), y=np.zeros(rows, np.int64))


def wanted(text: str, watched: Watched) -> ModelSettings:
    """Return the settings of a model."""
    file = watched.workspace.model_settings("mnist")
    file.write_text(f"[train]\n{text}\n")
    return read_model_settings(file)


def trainings(watched: Watched) -> list[Job]:
    """Return the trainings that were asked for, the latest first."""
    return [job for job in watched.jobs() if job.kind is JobKind.TRAIN]


def test_a_training_is_asked_for_once_and_told(deployed: Watched) -> None:
    """As a job that waits for those of people, with its reason on record; another look asks for no second one."""
    settings = wanted('automatic = ["objective-missed"]', deployed)
    looks = Retraining(deployed.workspace, deployed.writer, now=deployed.clock.now)
    looks.look("mnist", settings)
    assert trainings(deployed) == [], "what is still being written looks like this too"
    for _ in range(3):
        looks.look("mnist", settings)
    [job] = trainings(deployed)
    assert (job.requested_by, job.parameters.trigger) == (jobs.RETRAINING, TrainTrigger.OBJECTIVE_MISSED)
    assert job.parameters.reason == "objective-missed: It is"
    assert any("trained further automatically" in event.message for event in deployed.events())
    with deployed.writer.transaction() as connection:
        jobs.finish(connection, job.id, JobState.FAILED, now=deployed.clock.now())
    looks.look("mnist", settings)
    assert len(trainings(deployed)) == 1
    deployed.clock.passed += 2 * DAY
    looks.look("mnist", settings)
    assert len(trainings(deployed)) == 2


def test_data_that_are_still_written_wait(deployed: Watched) -> None:
    """Each look finds them changed, so none believes them."""
    settings = wanted('automatic = ["objective-missed"]', deployed)
    looks = Retraining(deployed.workspace, deployed.writer, now=deployed.clock.now)
    for rows in (10, 20, 30):
        save(deployed.workspace.train / "mnist" / "train.npz", rows)
        looks.look("mnist", settings)
    assert trainings(deployed) == []


def test_an_old_training_counts_although_its_job_is_forgotten(deployed: Watched) -> None:
    """Jobs are forgotten in time; what is on record of trainings keeps the interval."""
    settings = wanted('automatic = ["objective-missed"]\ninterval = "10d"', deployed)
    with deployed.writer.transaction() as connection:
        run = training.begin(
            connection,
            "mnist",
            key="k",
            job_id=0,
            at=deployed.clock.now(),
            how="warm start",
            base_version=1,
            base_sha256="",
            seed=0,
            settings={},
            trigger="schedule: it was time",
        )
        training.finish(connection, run.id, TrainingState.SUCCEEDED, at=deployed.clock.now(), message="")
    looks = Retraining(deployed.workspace, deployed.writer, now=deployed.clock.now)
    for _ in range(3):
        looks.look("mnist", settings)
    assert trainings(deployed) == []
    deployed.clock.passed += 11 * DAY
    looks.look("mnist", settings)
    assert len(trainings(deployed)) == 1


def test_what_is_not_deployed_is_not_trained(deployed: Watched) -> None:
    """Nobody uses it."""
    settings = wanted('automatic = ["objective-missed"]', deployed)
    deployed.workspace.current_link("mnist").unlink()
    deployed.settle()
    with deployed.writer.transaction() as connection:
        found = models.read_one(connection, "mnist")
    assert found is None or found.current is None
    looks = Retraining(deployed.workspace, deployed.writer, now=deployed.clock.now)
    for _ in range(3):
        looks.look("mnist", settings)
    assert trainings(deployed) == []
    assert os.path.lexists(deployed.workspace.train / "mnist")
