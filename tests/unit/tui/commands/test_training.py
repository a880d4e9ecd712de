"""What ``train``, ``build`` and ``runs`` ask of the engine, and how they tell what came of it."""

import threading
import time

import msgspec
import pytest

from storage import jobs
from storage.database import Writer
from storage.records import Job, JobParameters
from storage.tables import engine, models, training
from storage.training_records import Epoch, TrainedOn
from storage.vocabulary import ExitCode, JobKind, JobState, Status, TrainingState
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import failed

RUN = [
    "run",
    "model",
    "state",
    "how",
    "base",
    "base_sha256",
    "version",
    "artefact",
    "sha256",
    "seed",
    "settings",
    "data",
    "versions",
    "best_epoch",
    "epochs",
    "started_at",
    "finished_at",
    "message",
    "trigger",
]
"""The promised fields of a training's document."""


def record(writer: Writer, *, job_id: int = 1, sha256: str = "", state: TrainingState | None = None) -> int:
    """Record a training of two epochs, as the engine does, and return its number."""
    with writer.transaction() as connection:
        run = training.begin(
            connection,
            "mnist",
            key=f"key {job_id}",
            job_id=job_id,
            at=time.time(),
            how="warm start",
            base_version=1,
            base_sha256="b" * 64,
            seed=7,
            settings={"epochs": 2},
        )
        for number in (1, 2):
            figures = {"loss": 1 / number, "val_loss": 2 / number, "val_accuracy": 0.5 * number}
            training.add_epoch(connection, run.id, Epoch(number, 0.25, figures))
        if state is not None:
            training.set_result(
                connection,
                run.id,
                data=TrainedOn(500, "c" * 64, 200, ""),
                versions={"keras": "3.15.0"},
                best_epoch=2,
                artefact="trained-1.keras",
                sha256=sha256,
            )
            training.finish(connection, run.id, state, at=time.time(), message="as it went")
    return run.id


def known_sha256(writer: Writer) -> tuple[int, str]:
    """Return the number and content of a version that is on record."""
    with writer.transaction() as connection:
        version = next(found for found in models.versions(connection, "mnist") if found.sha256)
    return version.number, version.sha256 or ""


def trained(writer: Writer, job: Job) -> None:
    """Do a training job as the engine does."""
    run = record(writer, job_id=job.id, sha256=known_sha256(writer)[1], state=TrainingState.SUCCEEDED)
    with writer.transaction() as connection:
        result = msgspec.json.encode({"run": run}).decode()
        jobs.finish(connection, job.id, JobState.SUCCEEDED, now=time.time(), result=result)


def test_the_version_that_came_of_it_is_told(ask: Run, writer: Writer, working: Begin) -> None:
    """With what it began from, its figures, and where it goes from there."""
    done = working(trained)
    said = ask("train", "mnist", "--epochs", "2", "--from-scratch")
    number = known_sha256(writer)[0]
    assert (said.status, said.err) == (ExitCode.DONE, "")
    assert said.out == (
        "mnist: warm start from version 1, 2 epochs: val_accuracy 1, val_loss 1\n"
        f"It is version {number}.\n"
        f"It will be evaluated automatically; see: modeltender show mnist@{number}\n"
    )
    assert [(job.kind, job.model, job.parameters) for job in done] == [
        (JobKind.TRAIN, "mnist", JobParameters(epochs=2, from_scratch=True))
    ]


def test_the_document_has_exactly_the_promised_fields(ask: Run, working: Begin) -> None:
    """Scripts read all that decided the outcome, and how it went."""
    working(trained)
    document = ask("build", "mnist", "--json").json
    assert list(document) == RUN
    assert document["epochs"][0] == {
        "number": 1,
        "duration_s": 0.25,
        "figures": {"loss": 1.0, "val_loss": 2.0, "val_accuracy": 0.5},
    }
    assert document["data"] == {
        "train_rows": 500,
        "train_sha256": "c" * 64,
        "validation_rows": 200,
        "validation_sha256": None,
    }
    assert ask("runs", "mnist", "--json").json == [document]


def test_runs_tell_what_each_was_and_became(ask: Run, writer: Writer) -> None:
    """One that nobody works at was cut off; one that came to nothing says why; a version says where it came from."""
    number, sha256 = known_sha256(writer)
    record(writer, job_id=1, sha256=sha256, state=TrainingState.SUCCEEDED)
    record(writer, job_id=2, state=TrainingState.FAILED)
    record(writer, job_id=3)
    said = ask("runs", "mnist")
    lines = said.out.splitlines()
    assert lines[0].split() == ["RUN", "STATE", "HOW", "BASE", "VERSION", "EPOCHS", "RESULT", "STARTED"]
    assert [line.split()[:2] for line in lines[1:4]] == [["3", "cut"], ["2", "failed"], ["1", "succeeded"]]
    # "warm start" is two words.
    assert lines[3].split()[4:7] == ["1", str(number), "2"]
    assert lines[4] == "run 2: as it went"
    origin = f"version {number} came from training 1: warm start of version 1, val_accuracy 1, val_loss 1"
    assert origin in ask("show", "mnist").out
    assert origin in ask("show", f"mnist@{number}").out


def test_without_a_training_the_command_is_told(ask: Run) -> None:
    """Nothing is an answer too."""
    said = ask("runs", "mnist")
    assert (said.status, said.out) == (
        ExitCode.DONE,
        "mnist was not trained here. Train it with: modeltender train mnist\n",
    )


def test_a_failure_is_told_with_its_exit_status(ask: Run, working: Begin) -> None:
    """As with every job."""
    working(failed)
    said = ask("train", "mnist")
    assert said.status == ExitCode.FAILED
    assert said.err.startswith("modeltender: It does not load.")


def test_who_does_not_wait_gets_the_job(ask: Run) -> None:
    """The promise is a job that waits."""
    assert ask("train", "mnist", "--no-wait").out == "job 1 trains mnist: queued\n"
    assert ask("build", "new", "--untrained", "--no-wait", "--json").json["kind"] == "train"


def test_the_check_of_a_first_version_is_waited_for(ask: Run, writer: Writer, working: Begin) -> None:
    """A training begins from a version that is known to load: of a model that has just arrived, once it is ready."""
    with writer.transaction() as connection:
        first = models.versions(connection, "digits")[0].id
        models.set_version(connection, first, status=Status.CHECKING)
    statuses: list[Status] = []

    def ready() -> None:
        with writer.transaction() as connection:
            models.set_version(connection, first, status=Status.READY)

    def answer(writer: Writer, job: Job) -> None:
        with writer.transaction() as connection:
            statuses.append(models.versions(connection, "digits")[0].status)
        failed(writer, job)

    timer = threading.Timer(0.1, ready)
    timer.start()
    working(answer)
    ask("train", "digits")
    timer.join()
    assert statuses == [Status.READY]


@pytest.mark.parametrize(
    "words", [("train", "mnits"), ("runs", "mnits"), ("build", "a/b"), ("train", "mnist", "--epochs", "0")]
)
def test_unknown_names_are_usage_errors(ask: Run, words: tuple[str, ...]) -> None:
    """Nothing is asked of the engine."""
    assert ask(*words).status == ExitCode.USAGE


def test_a_model_without_a_version_may_have_a_program(ask: Run, writer: Writer, filled: Workspace) -> None:
    """Whether there is one for it is the engine's to know; that there are data for it is enough to ask."""
    (filled.train / "fresh").mkdir(parents=True)
    with writer.transaction() as connection:
        # The engine has listed the folder since.
        engine.scanned(connection, began=time.time() + 60)
    assert ask("train", "fresh", "--no-wait").status == ExitCode.DONE
