"""What the repair of a nearly full disk removes: exactly what it says, and nothing that anything needs."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.freeing import removing
from engine.jobs import repair
from engine.jobs.context import Context, Outcome
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from storage import jobs
from storage.database import Writer
from storage.errors import RefusedError
from storage.job_answers import Repairs
from storage.maintenance_settings import WorkspaceChecks
from storage.records import JobParameters, Version
from storage.settings import Retention, WorkspaceSettings
from storage.spare import Spare
from storage.tables import events, faults, models, training
from storage.vocabulary import Format, JobKind, Severity, Status, TrainingState
from storage.workspace import Workspace
from tests.ward import Quiet

NEVER_ENOUGH = WorkspaceChecks(free_gib=1e9)

DEPLOYED, BEFORE, NEWER = 7, 6, 8
"""Of eight versions: what is current, what is previous, and a candidate."""


@pytest.fixture
def context(workspace: Workspace, writer: Writer) -> Iterator[Context]:
    """Return a workspace whose owner wants the files of two retired versions kept."""
    settings = WorkspaceSettings(retention=Retention(versions=2), checks=NEVER_ENOUGH)
    hosts, pool = Hosts(scratch=workspace.scratch, limits=settings.limits), Pool(settings.limits)
    yield Context(workspace, writer, settings, hosts, pool, time.time)
    pool.close()
    hosts.close()


@pytest.fixture
def versions(context: Context) -> dict[int, Version]:
    """Return eight versions of a model, of which the seventh is deployed and the sixth was before it."""
    with context.writer.transaction() as connection:
        model = models.ensure(connection, "mnist", now=1.0)
        for number in range(1, NEWER + 1):
            file = put(context.workspace.version_folder("mnist", number) / "model.onnx")
            added = models.add_version(connection, model, number, status=Status.READY, found_at=1.0)
            models.set_artefact(
                connection,
                added,
                artefact=file.name,
                kind=Format.ONNX,
                sha256=f"{number:064x}",
                size=file.stat().st_size,
            )
        found = {version.number: version for version in models.versions(connection, "mnist")}
        connection.execute(
            "UPDATE models SET current_id = ?, previous_id = ?", (found[DEPLOYED].id, found[BEFORE].id)
        )
    return found


def put(file: Path, size: int = 8192) -> Path:
    """Write a file that takes room."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)
    return file


def asked(context: Context, **parameters: Any) -> Outcome:
    """Have the disk freed, as its fault's repair does."""
    with context.writer.transaction() as connection:
        faults.open_fault(connection, "disk-low", "It is.", at=1.0, severity=Severity.ERROR)
        [fault] = faults.all_open(connection)
        told = JobParameters(fault=fault.id, **parameters)
        jobs.add(connection, JobKind.REPAIR, "", None, requested_by="ann", now=1.0, parameters=told)
        job = jobs.claim(connection, frozenset({JobKind.REPAIR}), now=1.0)
    assert job is not None
    try:
        return repair.run(context, job, Quiet())
    finally:
        with context.writer.transaction() as connection:
            connection.execute("DELETE FROM jobs WHERE kind IN ('repair', 'check')")


def removed(context: Context, **parameters: Any) -> dict[str, Spare]:
    """Return what the repair says that it removed, or would."""
    [told] = msgspec.json.decode(asked(context, **parameters).result, type=Repairs).faults
    return {one.path: one.what for one in told.removes}


def files(workspace: Workspace) -> set[str]:
    """Return every file of the workspace but the database."""
    found = (str(path.relative_to(workspace.root)) for path in workspace.root.rglob("*") if path.is_file())
    return {path for path in found if not path.startswith(".modeltender/modeltender.db")}


def clutter(context: Context) -> dict[str, Spare]:
    """Leave one of each thing that may go, and one beside it that must not; return the ones that may."""
    workspace = context.workspace
    with context.writer.transaction() as connection:
        for state in (TrainingState.FAILED, TrainingState.RUNNING):
            run = begin(connection, "mnist", base=None, key=state)
            if state is not TrainingState.RUNNING:
                training.finish(connection, run, state, at=1.0, message="")
    for number in (1, 2):
        put(workspace.training / str(number) / "log.txt")
        put(workspace.training / str(number) / "checkpoint.npz")
        put(workspace.state / f"modeltender-schema-{number + 8}.db")
    put(workspace.discarded / "ab12" / "deep" / "weights.bin")
    put(workspace.rehearsal / "px" / "weights.bin")
    put(workspace.train / "mnist" / ".modeltender-export" / "model.onnx")
    put(workspace.train / "mnist" / "new.onnx")
    put(workspace.log)
    put(workspace.log.with_name("engine.log.1"))
    put(workspace.prepared / "mnist" / "abc" / "array.npy")
    put(workspace.objects / ("0" * 60 + "dead") / "model.onnx")
    put(workspace.objects / f"{DEPLOYED:064x}" / "model.onnx")
    put(workspace.damaged / "mnist@2" / "model.onnx")
    put(workspace.quarantine / "1" / "bad.onnx")
    return {
        ".modeltender/discarded/ab12": Spare.LEFTOVER,
        ".modeltender/rehearsal/px": Spare.LEFTOVER,
        "train/mnist/.modeltender-export": Spare.LEFTOVER,
        ".modeltender/training/1/checkpoint.npz": Spare.LEFTOVER,
        ".modeltender/logs/engine.log.1": Spare.LOG,
        ".modeltender/data/mnist/abc": Spare.PREPARED,
        f".modeltender/objects/{'0' * 60}dead": Spare.COPY,
        ".modeltender/modeltender-schema-9.db": Spare.BACKUP,
        **{f"models/mnist/{number}": Spare.RETIRED for number in (1, 2, 3)},
    }


def begin(connection: Any, model: str, *, base: int | None, key: str = "k") -> int:
    """Record that a training begins; return its number."""
    return training.begin(
        connection,
        model,
        key=key,
        job_id=1,
        at=1.0,
        how="keras",
        base_version=base,
        base_sha256="",
        seed=0,
        settings={},
    ).id


def test_a_dry_run_lists_exactly_what_then_goes(context: Context, versions: dict[int, Version]) -> None:
    """Each thing with what it is; nothing is touched by the list, and nothing else by what follows."""
    wanted, before = clutter(context), files(context.workspace)
    assert removed(context, dry_run=True) == wanted
    assert files(context.workspace) == before
    assert removed(context) == wanted
    gone = before - files(context.workspace)
    assert gone
    assert all(any(f"{file}/".startswith(f"{path}/") for path in wanted) for file in gone)
    assert not any((context.workspace.root / path).exists() for path in wanted)
    with context.writer.transaction() as connection:
        told = " ".join(event.message for event in events.read(connection, limit=100))
        statuses = {version.number: version.status for version in models.versions(connection, "mnist")}
    assert all(path in told for path in wanted)
    assert {number for number, status in statuses.items() if status is Status.MISSING} == {1, 2, 3}
    with pytest.raises(RefusedError, match="nothing is left that may be removed"):
        asked(context)
    assert (
        ".modeltender/damaged"
        in msgspec.json.decode(asked(context, dry_run=True).result)["faults"][0]["detail"]
    )


def test_retired_versions_stay_where_their_owner_says_nothing(
    context: Context, versions: dict[int, Version]
) -> None:
    """They are told of, with the setting that lets them go."""
    del versions  # they are there
    silent = context._replace(settings=WorkspaceSettings(checks=NEVER_ENOUGH))
    put(context.workspace.log.with_name("engine.log.1"))
    answer = msgspec.json.decode(asked(silent).result, type=Repairs)
    assert [one.what for one in answer.faults[0].removes] == [Spare.LOG]
    assert "5 retired versions in models/ ([retention] versions)" in answer.faults[0].detail


def test_what_a_version_that_stays_was_made_of_stays(context: Context, versions: dict[int, Version]) -> None:
    """Version 4 stays and was trained on from 2, and a training that was cut off began from 1: only 3 goes."""
    with context.writer.transaction() as connection:
        run = begin(connection, "mnist", base=2)
        connection.execute(
            "UPDATE training_runs SET sha256 = ?, state = ? WHERE id = ?",
            (versions[4].sha256, TrainingState.SUCCEEDED, run),
        )
        begin(connection, "mnist", base=1, key="cut off")
    assert removed(context) == {"models/mnist/3": Spare.RETIRED}


@pytest.mark.parametrize("kind", [JobKind.COMPARE, JobKind.EVALUATE])
def test_a_model_that_is_worked_on_keeps_its_versions(
    kind: JobKind, context: Context, versions: dict[int, Version]
) -> None:
    """And a running evaluation its prepared data; those of another model go."""
    del versions  # they are there
    put(context.workspace.prepared / "mnist" / "abc" / "array.npy")
    put(context.workspace.prepared / "wine" / "abc" / "array.npy")
    with context.writer.transaction() as connection:
        jobs.add(connection, kind, "mnist", 1, requested_by="ann", now=1.0)
        jobs.claim(connection, frozenset({kind}), now=1.0)
    mine = {".modeltender/data/mnist/abc"} if kind is JobKind.COMPARE else set()
    assert set(removed(context)) == {".modeltender/data/wine/abc", *mine}


def test_nothing_is_removed_through_a_link(
    context: Context, versions: dict[int, Version], tmp_path: Path
) -> None:
    """Neither a linked thing nor one in a linked folder, whatever it is called; nor does a link inside lead anywhere."""
    del versions  # they are there
    workspace, elsewhere = context.workspace, tmp_path / "elsewhere"
    theirs = [put(elsewhere / "models" / "1" / "m.onnx"), put(elsewhere / "data" / "array.npy")]
    (workspace.models / "mnist").rename(tmp_path / "moved")
    (workspace.models / "mnist").symlink_to(tmp_path / "moved")
    (workspace.prepared / "mnist").mkdir(parents=True)
    (workspace.prepared / "mnist" / "abc").symlink_to(elsewhere / "data")
    put(workspace.rehearsal / "px" / "weights.bin")
    (workspace.rehearsal / "px" / "out").symlink_to(elsewhere)
    assert removed(context) == {".modeltender/rehearsal/px": Spare.LEFTOVER}
    assert all(file.exists() for file in theirs)
    assert len(list((tmp_path / "moved").iterdir())) == NEWER


def test_what_has_another_name_elsewhere_brings_nothing(context: Context, tmp_path: Path) -> None:
    """So it is neither counted nor taken away."""
    older = put(context.workspace.log.with_name("engine.log.1"))
    os.link(older, tmp_path / "other")
    with pytest.raises(RefusedError, match="nothing is left"):
        asked(context)
    assert older.exists()


def test_what_cannot_be_moved_is_told_and_the_rest_goes(
    context: Context, versions: dict[int, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One kind that fails keeps no other one from it; a version whose folder stays is found again."""
    del versions  # they are there
    moved = removing.set_aside

    def refuse(workspace: Workspace, path: str) -> Path | None:
        if path.startswith("models/"):
            raise PermissionError(13, "Permission denied", path)
        return moved(workspace, path)

    put(context.workspace.log.with_name("engine.log.1"))
    monkeypatch.setattr(removing, "set_aside", refuse)
    answer = msgspec.json.decode(asked(context).result, type=Repairs)
    assert [one.what for one in answer.faults[0].removes] == [Spare.LOG]
    assert "Not done: retired versions: Permission denied" in answer.faults[0].detail
    assert (context.workspace.version_folder("mnist", 1) / "model.onnx").exists()


def test_a_fault_that_only_people_end_is_refused(context: Context) -> None:
    """With what they can do."""
    with context.writer.transaction() as connection:
        faults.open_fault(connection, "device-errors", "They are.", at=1.0, repair="Look at it")
        [fault] = faults.all_open(connection)
        told = JobParameters(fault=fault.id)
        job = jobs.add(connection, JobKind.REPAIR, "", None, requested_by="ann", now=1.0, parameters=told)
    with pytest.raises(RefusedError, match="by a person only"):
        repair.run(context, job, Quiet())


def test_free_pages_of_the_database_are_given_back(context: Context) -> None:
    """They are counted before, and the file is smaller afterwards."""
    with context.writer.transaction() as connection:
        connection.execute("CREATE TABLE ballast (words BLOB)")
        connection.executemany("INSERT INTO ballast VALUES (?)", [(bytes(4000),)] * 400)
    with context.writer.transaction() as connection:
        connection.execute("DROP TABLE ballast")
    assert removed(context) == {".modeltender/modeltender.db": Spare.PAGES}
    with pytest.raises(RefusedError, match="nothing is left"):
        asked(context)
    assert context.workspace.database.stat().st_size < 400 * 4096
