"""A workspace under the eyes of a real `Repository`, with a clock that tests turn by hand."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from engine.examiner import Examiner
from engine.processes.client import Hosts
from engine.processes.examiner_process import Suspect
from engine.repairs import offering
from engine.repository.examinations import Examines
from engine.repository.examine import Examined, examine
from engine.repository.repository import Repository
from engine.repository.versions import PATIENCE_S
from storage import jobs
from storage.database import Writer
from storage.fault_records import Event, Fault
from storage.promotion_records import Promotion
from storage.records import Arrival, Job, Metric, Model, NewEvaluation, Version
from storage.settings import LimitSettings, WorkspaceSettings
from storage.tables import evaluations, events, inbox, models, promotions
from storage.tables import faults as fault_table
from storage.vocabulary import Status
from storage.workspace import Workspace
from tests.handmade_models import save_onnx

START = 1_700_000_000.0

ANSWER_S = 60.0
"""How long an answer may take on a busy machine; a pass of the engine would not wait for it."""


class Clock:
    """Wall-clock and monotonic time that pass only when told to."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.jumped = 0.0
        """By how much somebody set the wall clock."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return START + self.passed + self.jumped

    def monotonic(self) -> float:
        """Return seconds since some moment."""
        return 100.0 + self.passed


class AtOnce:
    """Looks into files itself, for tests of other things in processes of their own."""

    trouble = ""

    def submit(self, suspect: Suspect) -> "Future[Examined]":
        """Return what ``suspect`` is."""
        answer: Future[Examined] = Future()
        answer.set_result(examine(suspect.folder, suspect.item))
        return answer

    def expect(self) -> None:
        """Need no preparation."""


class HostsAtHand:
    """Stands in for hosts where only their examiner is asked, and looks into files itself."""

    def open_examiner(self, readable: Sequence[Path]) -> "HostsAtHand":
        """Be the examiner."""
        del readable  # nothing is walled off here
        return self

    def examine(self, suspects: Sequence[Suspect], *, deadline_s: float) -> tuple[Examined, ...]:
        """Return what the suspects are."""
        del deadline_s  # nothing takes long
        return tuple(examine(suspect.folder, suspect.item) for suspect in suspects)

    def close(self) -> None:
        """Keep nothing open."""


class Awaited:
    """A real examiner, whose answers are waited for: a pass that a test makes sees all of them."""

    def __init__(self, examiner: Examiner) -> None:
        self._examiner = examiner

    @property
    def trouble(self) -> str:
        """Why nothing can be examined."""
        return self._examiner.trouble

    def submit(self, suspect: Suspect) -> "Future[Examined]":
        """Return what ``suspect`` is, when that is known."""
        answer = self._examiner.submit(suspect)
        answer.exception(ANSWER_S)
        return answer

    def expect(self) -> None:
        """Have a process at hand."""
        self._examiner.expect()


class Watched:
    """What a test does with folders, and what the record says then."""

    def __init__(self, workspace: Workspace, writer: Writer, examiner: Examines) -> None:
        self.workspace = workspace
        self.writer = writer
        self.examiner = examiner
        self.clock = Clock()
        self.restart()

    def restart(self) -> None:
        """Forget everything that is not on record, as a new engine has."""
        self.repository = Repository(
            self.workspace,
            self.writer,
            WorkspaceSettings(),
            self.examiner,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
        )
        self.repository.when_faulty(offering.offer_new)

    def scan(self, after: float = 0.0) -> float:
        """Make one pass after some seconds; return in how many the next one is wanted."""
        self.clock.passed += after
        due = self.repository.scan()
        assert due is not None
        return due

    def settle(self) -> None:
        """Make passes as they are wanted until everything that is still has been decided about."""
        due = self.scan()
        for _ in range(100):
            if due > PATIENCE_S:
                return
            due = self.scan(due + 0.001)
        raise AssertionError("the passes never come to rest")

    def put_version(self, model: str, number: int, name: str | None = None) -> Path:
        """Put a version folder with an ONNX file into the repository, as a person would."""
        return save_onnx(
            self.workspace.version_folder(model, number) / "model.onnx", name or f"{model} {number}"
        )

    def inbox(self, model: str = "mnist") -> Path:
        """Return the inbox of a model, which is there."""
        folder = self.workspace.train / model
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def deploy(self, model: str, number: int) -> None:
        """Point ``current`` at a version by hand."""
        link = self.workspace.current_link(model)
        link.unlink(missing_ok=True)
        link.symlink_to(str(number))

    def evaluated(
        self, model: str, number: int, accuracy: float = 0.9, *, n: int = 2000, dataset: str = "d" * 64
    ) -> None:
        """Record that a version was loaded and evaluated, as the evaluate job does."""
        version = self.version(model, number)
        new = NewEvaluation(
            dataset_name="test",
            dataset_rows=n,
            dataset_sha256=dataset,
            artefact_sha256=version.sha256 or "",
            preprocessing_sha256="p" * 64,
            runtime="onnxruntime",
            runtime_version="1",
            device="cpu",
            batch_size=32,
            isolation="full",
            duration_s=0.1,
            confusion=None,
            metrics=(Metric("accuracy", accuracy, accuracy - 0.01, accuracy + 0.01, n),),
            # The first ones are right, so that of two versions the better one has every example right that the other has.
            correct=np.packbits(np.arange(n) < round(accuracy * n)).tobytes(),
        )
        with self.writer.transaction() as connection:
            models.set_version(connection, version.id, status=Status.READY)
            evaluations.add(
                connection, version.id, new, job_id=None, at=self.clock.now(), requested_by="arrival"
            )

    def ready(self, model: str, accuracies: dict[int, float]) -> None:
        """Put versions in place and record that they are ready with these accuracies."""
        for number in accuracies:
            self.put_version(model, number)
        self.settle()
        for number, accuracy in accuracies.items():
            self.evaluated(model, number, accuracy)

    def model(self, name: str) -> Model:
        """Return a model that must be on record."""
        with self.writer.transaction() as connection:
            found = models.read_one(connection, name)
        assert found is not None
        return found

    def versions(self, model: str) -> dict[int, Version]:
        """Return a model's versions by number."""
        with self.writer.transaction() as connection:
            return {version.number: version for version in models.versions(connection, model)}

    def version(self, model: str, number: int) -> Version:
        """Return a version that must be on record."""
        return self.versions(model)[number]

    def arrivals(self) -> dict[str, Arrival]:
        """Return the files of the inbox that are no versions, by name."""
        with self.writer.transaction() as connection:
            return {arrival.name: arrival for arrival in inbox.read(connection)}

    def faults(self) -> list[Fault]:
        """Return the open faults."""
        with self.writer.transaction() as connection:
            return fault_table.all_open(connection)

    def events(self) -> list[Event]:
        """Return the log, oldest first."""
        with self.writer.transaction() as connection:
            return events.read(connection, limit=10_000)[::-1]

    def messages(self) -> list[str]:
        """Return what the log says, oldest first."""
        return [event.message for event in self.events()]

    def promotions(self, model: str) -> list[Promotion]:
        """Return the history of what was deployed, newest first."""
        with self.writer.transaction() as connection:
            return promotions.read(connection, model)

    def jobs(self) -> list[Job]:
        """Return the jobs that were asked for."""
        with self.writer.transaction() as connection:
            return jobs.read(connection, limit=10_000)


@pytest.fixture(scope="session")
def examiner_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Return hosts that stay warm for all tests of a run: an examiner of a test's own is a fork away."""
    held = Hosts(scratch=tmp_path_factory.mktemp("scratch"), limits=LimitSettings())
    yield held
    held.close()


@pytest.fixture
def examiner(workspace: Workspace, examiner_hosts: Hosts) -> Iterator[Examiner]:
    """Return a real examiner of the workspace's folders."""
    held = Examiner(examiner_hosts.open_examiner, (workspace.train, workspace.models), idle_s=60)
    held.start()
    yield held
    held.stop()


@pytest.fixture
def watched(workspace: Workspace, writer: Writer, examiner: Examiner) -> Watched:
    """Return an empty workspace that is watched."""
    return Watched(workspace, writer, Awaited(examiner))
