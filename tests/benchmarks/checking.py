"""What it costs to see that nothing has changed: a hundred deployed models' files against what `sha256sum` takes for them.

``python -m tests.benchmarks.checking`` runs it alone, in about a minute and with 2.5 GB in the folder for temporary files;
with a number behind it, for so many models.
"""

import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.jobs import check, check_facts
from engine.jobs.context import Context
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from engine.repository.soundness import STILL_S, Soundness
from storage import jobs
from storage.database import Writer
from storage.records import Job, Version
from storage.settings import WorkspaceSettings
from storage.tables import deployed, models
from storage.vocabulary import Format, JobKind, Status
from storage.workspace import create_workspace
from tests.artefacts import artefact_sha256
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage
from tests.ward import Quiet

MODELS = 100
LEAST, MOST = 5 << 20, 20 << 20
"""Bytes of an artefact."""

ROUNDS = 3
"""Times that either side hashes everything."""

WHOLE = 9
"""Models of which the whole check is run, with everything that is asked of them: three of each format."""

WIDE = 1024
"""Numbers that each model takes."""

Save = Callable[[Path, "np.random.Generator", int], Path]


class Deployed(NamedTuple):
    """A deployed model of the bench."""

    version: Version
    file: Path


def save_onnx(file: Path, rng: np.random.Generator, units: int) -> Path:
    """Save a layer as ONNX."""
    from onnx import TensorProto, helper, numpy_helper

    kernel = rng.random((WIDE, units), dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "kernel"], ["y"])],
        "wide",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", WIDE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", units])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file.write_bytes(made.SerializeToString())
    return file


def save_torch(file: Path, rng: np.random.Generator, units: int) -> Path:
    """Save a layer as TorchScript."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, yet the files are everywhere
        import torch

        torch.manual_seed(int(rng.integers(1 << 30)))
        torch.jit.script(torch.nn.Linear(WIDE, units)).save(str(file))
    return file


def save_keras(file: Path, rng: np.random.Generator, units: int) -> Path:
    """Save a layer as Keras does."""
    from tests.tiny_models import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(int(rng.integers(1 << 30)))
    keras.Sequential([keras.Input((WIDE,)), keras.layers.Dense(units)]).save(file)
    return file


KINDS: tuple[tuple[Save, Format, str], ...] = (
    (save_onnx, Format.ONNX, "model.onnx"),
    (save_torch, Format.TORCHSCRIPT, "model.pt"),
    (save_keras, Format.KERAS, "model.keras"),
)


def run(stage: Stage) -> list[Figure]:
    """Hash what is deployed as a check does, and run whole checks."""
    stage.settle()
    return measured(MODELS)


def measured(count: int) -> list[Figure]:
    """Return the figures of so many models, in a workspace of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="modeltender-checking-") as folder,
        opened(Path(folder)) as context,
    ):
        placed = [place(context, number) for number in range(count)]
        return [hashing(context, placed), reading(context, placed[:WHOLE])]


@contextmanager
def opened(folder: Path) -> Iterator[Context]:
    """Open a workspace as an engine does that only checks."""
    workspace, settings = create_workspace(folder / "workspace"), WorkspaceSettings()
    writer = Writer(workspace.database)
    hosts, pool = Hosts(scratch=folder / "scratch", limits=settings.limits), Pool(settings.limits)
    try:
        yield Context(workspace, writer, settings, hosts, pool, time.time, Soundness())
    finally:
        pool.close()
        hosts.close()
        writer.close()


def place(context: Context, number: int) -> Deployed:
    """Deploy a model of a size of its own."""
    rng = np.random.default_rng(number)
    save, kind, name = KINDS[number % len(KINDS)]
    model, size = f"model-{number:03}", int(rng.integers(LEAST, MOST))
    folder = context.workspace.version_folder(model, 1)
    folder.mkdir(parents=True)
    file = save(folder / name, rng, size // (4 * WIDE))
    data = context.workspace.test / model
    data.mkdir(parents=True)
    np.savez(data / "test.npz", x=rng.normal(0, 1, (64, WIDE)).astype(np.float32), y=np.arange(64))
    sha256 = artefact_sha256(file)
    with context.writer.transaction() as connection:
        owner = models.ensure(connection, model, now=context.now())
        version = models.add_version(connection, owner, 1, status=Status.READY, found_at=context.now())
        models.set_artefact(
            connection, version, artefact=name, kind=kind, sha256=sha256, size=file.stat().st_size
        )
        models.set_current(connection, owner, current_id=version, previous_id=None)
        found = models.version(connection, version)
        if found is None:
            raise RuntimeError(f"{model} was not recorded")
        content = deployed.content_of(found)
        if content is not None:
            deployed.remember(connection, version, content)
    return Deployed(found, file)


def hashing(context: Context, placed: list[Deployed]) -> Figure:
    """Hash every artefact as a check does, and with `sha256sum`, in turns."""
    size = sum(one.file.stat().st_size for one in placed)
    ours, theirs = list[float](), list[float]()
    for turn in range(2 * ROUNDS):
        # A B B A: whatever else the machine does favours neither.
        mine = turn % 4 in {0, 3}
        began = time.perf_counter()
        if mine:
            for version, _ in placed:
                content = check_facts.hashed(
                    context, version, version.artefact or "", version.companions, version.sha256 or ""
                )
                if content.found_sha256 != version.sha256:
                    raise RuntimeError(f"{version.model} is another one")
        else:
            command = ["sha256sum", *(str(one.file) for one in placed)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (ours if mine else theirs).append(time.perf_counter() - began)
    mine_s, their_s = statistics.median(ours), statistics.median(theirs)
    ratio = their_s / mine_s
    return Figure(
        f"the files of {len(placed)} deployed models ({size / 1e9:.1f} GB, {LEAST >> 20} to {MOST >> 20} MiB, warm cache) "
        "hashed as a check does",
        f"{size / mine_s / 1e9:.2f} GB/s",
        f"{size / their_s / 1e9:.2f} GB/s: sha256sum",
        f"{ratio:.2f}x",
        "0.8x",
        ratio >= 0.8,
    )


def reading(context: Context, placed: list[Deployed]) -> Figure:
    """Check models wholly, three times, and count what the engine reads the third time."""
    for _ in range(2):
        for version, _ in placed:
            look(context, version)
        # What was copied a moment ago is not believed to be what it was.
        time.sleep(STILL_S)
    size = sum(one.file.stat().st_size for one in placed)
    before, began = bytes_read(), time.perf_counter()
    for version, _ in placed:
        look(context, version)
    seconds, share = time.perf_counter() - began, (bytes_read() - before) / size
    return Figure(
        f"whole checks of {len(placed)} of them, each loaded in a fresh process and asked: what the engine reads of an "
        f"artefact ({seconds / len(placed):.2f} s a model)",
        f"{share:.2f} times",
        "",
        "",
        "once",
        share <= 1.1,
    )


def look(context: Context, version: Version) -> None:
    """Check a model as the engine's lane does."""
    with context.writer.transaction() as connection:
        asked = jobs.add(
            connection, JobKind.CHECK, version.model, None, requested_by="benchmark", now=context.now()
        )
        job = jobs.claim(connection, frozenset({JobKind.CHECK}), now=context.now())
    if job is None or job.id != asked.id:
        raise RuntimeError("another job waits")
    _finish(context, job)


def _finish(context: Context, job: Job) -> None:
    outcome = check.run(context, job, Quiet())
    with context.writer.transaction() as connection:
        jobs.finish(connection, job.id, outcome.state, now=context.now(), result=outcome.result)
        known = models.read_one(connection, job.model)
    if known is None or known.current is None or known.current.status is not Status.READY:
        raise RuntimeError(f"{job.model} does not load: {known}")


def bytes_read() -> int:
    """Return how many bytes this process has read so far, from the cache or not."""
    rows = dict(row.split(": ") for row in Path("/proc/self/io").read_text().splitlines())
    return int(rows["rchar"])


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else MODELS
    print(*(figure.row() for figure in measured(wanted)), sep="\n")
