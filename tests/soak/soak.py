"""A real engine on a fresh workspace for a while, under arrivals, mistakes, deletions and kill -9, then the reckoning.

``make soak MINUTES=60`` runs it; a short one runs among the tests. Owns the course of it: one half with kills of the
engine, one half in which the same engine lives on, so that its memory can be looked at, then rest and checks.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from storage import launch, snapshot
from storage.database import Reader
from storage.records import Version
from storage.tables import models
from storage.vocabulary import FINISHED, JobKind, Status
from storage.workspace import Workspace, create_workspace, engine_pid
from tests.soak import reckoning
from tests.soak.acts import MODELS, Acts
from tests.soak.memory import Memory
from tests.tiny_models import onnx_model, save_data

SEED: Final = 20261126
MINUTES: Final = 60.0

KILLING: Final = 1 / 2
"""The share of the time in which the engine is killed; in the rest only its hosts and model processes are."""

REST_S: Final = 240.0
"""How long the engine may take to come to rest: what was killed while it loaded is tried again after half a minute."""

LOOK_S: Final = 1.0

SETTINGS: Final = """\
task = "classification"
[preprocess]
dtype = "float32"
scale = 0.0625
layout = "NCHW"
"""


def soak(root: Path, seconds: float, *, seed: int = SEED) -> tuple[list[str], str]:
    """Soak an engine in the workspace ``root``; return what is wrong afterwards, and an account of it all."""
    workspace = _workspace(root)
    chance = random.Random(seed)
    acts = Acts(workspace, onnx_model().SerializeToString(), chance)
    for _ in range(2):
        for model in MODELS:
            _put(workspace, model, acts)
    launch.start(workspace)
    began = time.monotonic()
    memory = Memory()
    try:
        while (passed := time.monotonic() - began) < seconds:
            acts.act(killing=passed < seconds * KILLING)
            memory.look(engine_pid(workspace), time.monotonic())
        problems = _rest(workspace, acts)
        problems += reckoning.processes_hold_nothing(workspace)
        with_engine = reckoning.record_is_true(workspace, acts)
    finally:
        acts.meet_family()
        launch.stop(workspace)
    problems += with_engine
    problems += reckoning.nothing_is_left(workspace, acts)
    problems += memory.problems()
    return problems, f"{reckoning.account(workspace, acts)}\n{memory.account()}"


def _workspace(root: Path) -> Workspace:
    workspace = create_workspace(root)
    for model in MODELS:
        for folder in (workspace.train, workspace.test, workspace.models):
            (folder / model).mkdir()
        save_data(workspace.test / model / "test.npz")
        workspace.model_settings(model).write_text(SETTINGS)
    return workspace


def _put(workspace: Workspace, model: str, acts: Acts) -> None:
    """Put the first versions in place; the second, which is left alone, is deployed."""
    number = 2 if (workspace.models / model / "1").exists() else 1
    folder = workspace.version_folder(model, number)
    folder.mkdir()
    content = acts.content()
    (folder / "model.onnx").write_bytes(content)
    acts.must.add((model, content))
    if number == 2:
        workspace.current_link(model).symlink_to("2")


def _rest(workspace: Workspace, acts: Acts) -> list[str]:
    """Wait until nothing waits or runs; return what still does after long enough."""
    deadline = time.monotonic() + REST_S
    asked: set[tuple[str, int]] = set()
    calm = 0
    while time.monotonic() < deadline:
        time.sleep(LOOK_S)
        acts.meet_family()
        waiting = _waiting(workspace, asked)
        calm = 0 if waiting else calm + 1
        # Twice, because between two looks a job that has ended may have been followed by another.
        if calm > 2:
            return []
    return [f"after {REST_S:.0f} s of rest: {what}" for what in waiting]


def _waiting(workspace: Workspace, asked: set[tuple[str, int]]) -> list[str]:
    """Return what is not finished; a version whose process was killed while it loaded is asked for once more."""
    reader = Reader(workspace.database)
    try:
        shot = snapshot.read(reader)
        with reader.transaction() as connection:
            versions = [found for model in MODELS for found in models.versions(connection, model)]
            arrivals = models.arrivals(connection)
    finally:
        reader.close()
    waiting = [f"job {job.id} {job.kind} is {job.state}" for job in shot.jobs if job.state not in FINISHED]
    for version in versions:
        name = f"{version.model}@{version.number}"
        if version.status in {Status.SETTLING, Status.CHECKING}:
            waiting.append(f"{name} is {version.status}")
        elif reckoning.was_killed(version):
            waiting.append(f"{name} is {version.status}: {version.reason}")
            _ask_once(workspace, version, asked)
    waiting += [
        f"train/{arrival.model}/{arrival.name} is {arrival.status}"
        for arrival in arrivals
        if arrival.status is Status.SETTLING
    ]
    return waiting


def _ask_once(workspace: Workspace, version: Version, asked: set[tuple[str, int]]) -> None:
    from storage import jobs

    key = (version.model, version.number)
    if key not in asked:
        asked.add(key)
        jobs.submit(workspace, JobKind.EVALUATE, *key, requested_by="soak")


def main() -> None:
    """Soak for as many minutes as ``SOAK_MINUTES`` says; exit with 1 where something is wrong afterwards."""
    seconds = 60 * float(os.environ.get("SOAK_MINUTES", MINUTES))
    seed = int(os.environ.get("SOAK_SEED", SEED))
    with tempfile.TemporaryDirectory() as folder:
        problems, account = soak(Path(folder, "workspace"), seconds, seed=seed)
    print(account)
    print(f"{seconds:.0f} s, seed {seed}: {len(problems)} problems")
    print("\n".join(problems))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
