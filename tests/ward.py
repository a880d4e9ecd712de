"""A workspace with a deployed model under a doctor's eyes: real files, real models in real processes, real jobs."""

import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.jobs.context import Context
from engine.lanes import carry_out
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from engine.repository.soundness import Soundness
from storage import jobs
from storage.database import Writer
from storage.fault_records import Fault
from storage.records import Job, JobParameters, Metric, Version
from storage.settings import Trust, WorkspaceSettings
from storage.tables import events, models
from storage.tables import faults as fault_table
from storage.vocabulary import Format, JobKind, JobState
from storage.workspace import Workspace
from tests.artefacts import record_version
from tests.tiny_models import digits, onnx_model, save_onnx, weights

MODEL = "digits"

SETTINGS = (
    f"labels = {[str(number) for number in range(10)]}\n"
    '[preprocess]\ndtype = "float32"\nscale = 0.0625\nlayout = "NCHW"\n'
)

Save = Callable[[Path], Path]


class Quiet:
    """A report to nobody."""

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Tell nobody."""

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Nobody asks for the end."""
        return False


class Ward:
    """Version 1 of the classifier of digits is previous and version 2 deployed; the figures of version 2 are known."""

    def __init__(self, context: Context, seed: int = 0) -> None:
        """Begin; ``seed`` picks the details of what is planted."""
        self.context = context
        self.seed = seed
        self.chance = random.Random(seed)
        self.held: list[NDArray[Any]] = []
        """Memory that is kept from one check to the next."""
        self.passed = 0.0
        """Seconds by which the clock was put forward."""
        self.context = context._replace(now=self.now)
        (context.workspace.test / MODEL).mkdir(parents=True)
        self.settings("")
        self.data(*good_data(797))
        for number in (1, 2):
            self.put(number, save_onnx)
        self.deploy(1)
        self.deploy(2)
        self.evaluate()

    def now(self) -> float:
        """Return the time, put forward."""
        return time.time() + self.passed

    def settings(self, more: str) -> None:
        """Write model.toml."""
        folder = self.context.workspace.models / MODEL
        folder.mkdir(exist_ok=True)
        self.context.workspace.model_settings(MODEL).write_text(SETTINGS + more)

    def workspace_settings(self, settings: WorkspaceSettings) -> None:
        """Have the engine begin with other settings."""
        self.context = self.context._replace(settings=settings)

    def trust_loaders(self) -> None:
        """Let Python files of models' owners be run."""
        self.workspace_settings(WorkspaceSettings(trust=Trust(own_loaders=True)))

    def data(self, images: "NDArray[Any]", classes: "NDArray[Any]", part: str = "test") -> None:
        """Write a part of the data."""
        folder = self.context.workspace.train if part == "train" else self.context.workspace.test
        (folder / MODEL).mkdir(exist_ok=True)
        np.savez(folder / MODEL / f"{part}.npz", x=images, y=classes)

    def put(self, number: int, save: Save, kind: Format = Format.ONNX, name: str = "model.onnx") -> Path:
        """Put a version in place, and record it as the repository does once it has loaded."""
        folder = self.folder(number)
        folder.mkdir(parents=True)
        file = save(folder / name)
        with self.context.writer.transaction() as connection:
            record_version(connection, MODEL, number, file, kind, at=self.now())
        return file

    def folder(self, number: int) -> Path:
        """Return a version's folder."""
        return self.context.workspace.version_folder(MODEL, number)

    def deploy(self, number: int) -> None:
        """Deploy a version without asking the gate, as a person who insists does."""
        self.do(JobKind.PROMOTE, number, force=True, reason="to see what happens")

    def evaluate(self, number: int | None = None) -> Job:
        """Evaluate a version, or what is deployed."""
        return self.do(JobKind.EVALUATE, number)

    def check(self, model: str = MODEL) -> dict[str, dict[str, Any]]:
        """Check a model, or the workspace, and return what each check said."""
        result = msgspec.json.decode(self.do(JobKind.CHECK, None, model=model).result)
        return {told["code"]: told for told in result["answers"]}

    def repair(self, fault: Fault) -> Job:
        """Repair a fault, and do everything that follows from that."""
        return self.do(JobKind.REPAIR, None, model=fault.model, fault=fault.id)

    def do(self, kind: JobKind, number: int | None, *, model: str = MODEL, **parameters: Any) -> Job:
        """Ask for a job, and do what waits until nothing does; return it as it ended."""
        with self.context.writer.transaction() as connection:
            asked = jobs.add(
                connection,
                kind,
                model,
                number,
                requested_by="ann",
                now=self.now(),
                parameters=JobParameters(**parameters),
            )
        self.work()
        with self.context.writer.transaction() as connection:
            found = jobs.read_one(connection, asked.id)
        assert found is not None
        return found

    def work(self) -> None:
        """Do every job that waits."""
        while self._one():
            pass

    def _one(self) -> bool:
        """Do the oldest waiting job as a lane does; return whether there was one."""
        with self.context.writer.transaction() as connection:
            job = jobs.claim(connection, frozenset(JobKind), now=self.now())
        if job is None:
            return False
        outcome = carry_out(self.context, job, Quiet())
        with self.context.writer.transaction() as connection:
            jobs.finish(
                connection,
                job.id,
                outcome.state,
                now=self.now(),
                message=outcome.message,
                code=outcome.code,
                error=outcome.error,
                hint=outcome.hint,
                result=outcome.result,
            )
        assert outcome.code != "internal", outcome.error
        return True

    def take_in(self) -> int:
        """Take the model that was handed in as the next version, as the repository does, and evaluate it."""
        inbox = self.context.workspace.train / MODEL
        [file] = [path for path in inbox.iterdir() if path.suffix == ".onnx"]
        with self.context.writer.transaction() as connection:
            number = 1 + max(version.number for version in models.versions(connection, MODEL))
        self.put(number, lambda target: Path(shutil.copy(file, target)))
        assert self.succeeded(self.evaluate(number))
        return number

    def faults(self) -> dict[str, Fault]:
        """Return the open faults of what checks look for, by their code."""
        with self.context.writer.transaction() as connection:
            return {fault.code: fault for fault in fault_table.all_open(connection)}

    def current(self) -> Version:
        """Return what is deployed."""
        with self.context.writer.transaction() as connection:
            model = models.read_one(connection, MODEL)
        assert model is not None
        assert model.current is not None
        return model.current

    def messages(self) -> list[str]:
        """Return the log, oldest first."""
        with self.context.writer.transaction() as connection:
            return [event.message for event in events.read(connection, limit=1000)][::-1]

    def succeeded(self, job: Job) -> bool:
        """Whether a job did what it should."""
        return job.state is JobState.SUCCEEDED


def good_data(rows: int, seed: int | None = None) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return digits that the model was not trained on: the first ones, or drawn from them."""
    images, classes = digits()
    if seed is None:
        return images[1000 : 1000 + rows], classes[1000 : 1000 + rows]
    chosen = 1000 + np.random.default_rng(seed).choice(797, rows, replace=False)
    return images[chosen], classes[chosen]


def save_digits(
    kernel: "NDArray[Any] | None" = None, bias: "NDArray[Any] | None" = None, *, noise: bool = False
) -> Save:
    """Return what saves the classifier as ONNX with other weights, or with random numbers among its answers."""
    from onnx import helper, numpy_helper

    def save(file: Path) -> Path:
        model = onnx_model()
        own_kernel, own_bias = weights()
        del model.graph.initializer[:]
        model.graph.initializer.extend(
            [
                numpy_helper.from_array(
                    own_kernel if kernel is None else kernel.astype(np.float32), "kernel"
                ),
                numpy_helper.from_array(own_bias if bias is None else bias.astype(np.float32), "bias"),
            ]
        )
        if noise:
            gemm, softmax = model.graph.node[1], model.graph.node[2]
            gemm.output[0] = "clean"
            drawn = [
                helper.make_node("RandomUniformLike", ["clean"], ["drawn"], low=-3.0, high=3.0),
                helper.make_node("Add", ["clean", "drawn"], ["logits"]),
            ]
            del model.graph.node[2:]
            model.graph.node.extend([*drawn, softmax])
        file.write_bytes(model.SerializeToString())
        return file

    return save


@pytest.fixture(scope="session")
def ward_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Return hosts that stay warm for all tests of a run."""
    held = Hosts(scratch=tmp_path_factory.mktemp("scratch"), limits=WorkspaceSettings().limits)
    yield held
    held.close()


@pytest.fixture
def ward(workspace: Workspace, writer: Writer, ward_hosts: Hosts) -> Iterator[Ward]:
    """Return a ward in a workspace of its own."""
    with opened(workspace, writer, ward_hosts) as found:
        yield found


@contextmanager
def opened(workspace: Workspace, writer: Writer, hosts: Hosts, seed: int = 0) -> Iterator[Ward]:
    """Open a ward in an empty workspace."""
    settings = WorkspaceSettings()
    pool = Pool(settings.limits)
    try:
        yield Ward(Context(workspace, writer, settings, hosts, pool, time.time, Soundness()), seed)
    finally:
        pool.close()
