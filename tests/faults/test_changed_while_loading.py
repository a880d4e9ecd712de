"""A version's folder changes while a process loads what it held: the record follows the folder, and not the process."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import jobs as kinds
from engine.data.location import locate
from engine.jobs import evaluate, loading
from engine.jobs.context import Context
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from engine.repository.objects import Kept
from storage import jobs
from storage.errors import JobError
from storage.records import Version
from storage.settings import WorkspaceSettings
from storage.tables import trust
from storage.vocabulary import JobKind, JobState, Status
from tests.attacks import zip_bomb
from tests.data_files import npz
from tests.handmade_models import onnx_bytes
from tests.tiny_models import digits, save_onnx
from tests.unit.engine.jobs.asking import Quiet, ask
from tests.watched import Watched

Load = Callable[[Callable[[], None]], str]

BROKEN = {"loads": b"Relu", "breaks": b"Rely"}
"""What the one node of the model is: of a type that there is, and of one that there is not."""


@pytest.fixture
def context(watched: Watched, warm_hosts: Hosts) -> Iterator[Context]:
    """Return what the handler works with."""
    settings = WorkspaceSettings()
    pool = Pool(settings.limits)
    yield Context(watched.workspace, watched.writer, settings, warm_hosts, pool, watched.clock.now)
    pool.close()


@pytest.fixture
def load(watched: Watched, context: Context, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return what does a version's first evaluation, has something happen once its bytes are taken, and tells why that failed."""
    keep = loading.keep

    def do(meanwhile: Callable[[], None]) -> str:
        def kept(context: Context, version: Version, *, hashed: bool = False) -> Kept:
            found = keep(context, version, hashed=hashed)
            meanwhile()
            return found

        monkeypatch.setattr(loading, "keep", kept)
        with watched.writer.transaction() as connection:
            job = jobs.claim(connection, frozenset({JobKind.EVALUATE}), now=watched.clock.now())
        assert job is not None
        with pytest.raises(JobError) as caught:
            kinds.handler(job.kind)(context, job, Quiet())
        with watched.writer.transaction() as connection:
            jobs.finish(connection, job.id, JobState.FAILED, now=watched.clock.now())
        return caught.value.message

    return do


def told(watched: Watched) -> list[str]:
    """Return what the log says of loads."""
    return [event.code for event in watched.events() if event.code in {"ready", "load-failed"}]


@pytest.mark.parametrize(
    ("what", "node"),
    [
        ("harmful", "loads"),
        ("harmful", "breaks"),
        ("no model", "loads"),
        ("another model", "breaks"),
        ("gone", "loads"),
    ],
)
def test_what_lies_there_now_is_what_is_on_record(
    watched: Watched, load: Load, tmp_path: Path, what: str, node: str
) -> None:
    """What must not be tried stays so however well the old bytes load, and nothing is held against what came instead."""
    file = watched.put_version("mnist", 1)
    file.write_bytes(file.read_bytes().replace(BROKEN["loads"], BROKEN[node]))
    watched.settle()
    seen: list[Version] = []

    def meanwhile() -> None:
        if what == "gone":
            shutil.rmtree(file.parent)
        else:
            contents = {
                "harmful": zip_bomb(tmp_path, tmp_path / "canary").read_bytes(),
                "no model": b"These are notes.",
                "another model": onnx_bytes("another"),
            }
            file.write_bytes(contents[what])
        watched.settle()
        seen.append(watched.version("mnist", 1))

    said = load(meanwhile)
    status = {
        "harmful": Status.QUARANTINED,
        "no model": Status.UNSUPPORTED,
        "another model": Status.CHECKING,
        "gone": Status.MISSING,
    }[what]
    assert seen[0].status is status
    assert watched.version("mnist", 1) == seen[0]
    assert told(watched) == []
    assert (said == "mnist@1 changed on disk since it was recorded.") is (node == "loads")
    waiting = [job.kind for job in watched.jobs() if job.state is JobState.QUEUED]
    assert waiting == ([JobKind.EVALUATE] if what == "another model" else [])


def test_trust_that_is_taken_back_while_it_loads_stays_taken_back(watched: Watched, load: Load) -> None:
    """The bytes are the same; that nobody may load them is news, and is not undone by a load that was under way."""
    watched.put_version("mnist", 1)
    watched.settle()
    version = watched.version("mnist", 1)
    with watched.writer.transaction() as connection:
        trust.record(
            connection,
            version.sha256 or "",
            granted=True,
            model="mnist",
            version=1,
            at=0.0,
            requested_by="ann",
            reason="mine",
            found="it asks for code",
        )
    load(lambda: void(ask(watched, JobKind.REVOKE, 1, reason="not any more")))
    after = watched.version("mnist", 1)
    assert (after.status, after.reason) == (Status.QUARANTINED, "it asks for code")
    assert after.refusal is not None
    assert told(watched) == []


def void(_answer: object) -> None:
    """Take no interest in an answer."""


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_found_out_about_other_content_is_not_told_of_it(
    watched: Watched, context: Context, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    """An evaluation that began before the file was replaced: its figures have their content's hash, its failure is the job's alone."""
    file = save_onnx(watched.put_version("digits", 1))
    before = watched.workspace.model_settings("digits")
    before.write_text('[preprocess]\ndtype = "float32"\nscale = 0.0625\nlayout = "NCHW"\n')
    data = watched.workspace.test / "digits"
    data.mkdir(parents=True)
    images, classes = digits()
    npz(data, images[1000:, 1:] if fails else images[1000:], classes[1000:])
    watched.settle()
    old = watched.version("digits", 1)

    def replaced(*given: Any) -> Path:
        file.write_bytes(onnx_bytes("another"))
        watched.settle()
        return locate(*given)

    monkeypatch.setattr(evaluate, "locate", replaced)
    with watched.writer.transaction() as connection:
        job = jobs.claim(connection, frozenset({JobKind.EVALUATE}), now=watched.clock.now())
    assert job is not None
    with pytest.raises(JobError) if fails else contextlib.nullcontext():
        kinds.handler(job.kind)(context, job, Quiet())
    after = watched.version("digits", 1)
    assert (after.status, after.failure, after.loading) == (Status.CHECKING, None, None)
    assert after.sha256 != old.sha256
    assert "evaluation-failed" not in {fault.code for fault in watched.faults()}
    assert (after.evaluation is None) is fails
    if after.evaluation is not None:
        assert after.evaluation.artefact_sha256 == old.sha256
