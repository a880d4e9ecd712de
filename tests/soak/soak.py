"""A real engine on a fresh workspace for a while, under people, mishaps and kill -9, with a console attached; then the reckoning.

``make soak MINUTES=60`` runs it; a short one runs among the tests. Owns the course of it: kills of the engine (in a long one
in its first half only, so that memory can be looked at), then rest and checks.
"""

import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from storage import launch
from storage.workspace import Workspace, create_workspace
from tests.soak import reckoning
from tests.soak.acts import MODELS, Acts
from tests.soak.mishaps import Mishaps
from tests.soak.rest import rest
from tests.soak.watch import Watch
from tests.tiny_models import onnx_model, save_data

SEED: Final = 20261126
MINUTES: Final = 60.0

BEHIND: Final = 12
"""Jobs that wait before people stop for a while: on a busy machine the engine would never come to rest otherwise."""

TOLD_S: Final = 60.0
"""How often a long one says how far it is."""


class Pace(NamedTuple):
    """How quickly things happen."""

    pause_s: tuple[float, float]
    """Between two acts: some fall into the work that the last one caused, some after it."""
    hold_s: tuple[float, float]
    """How long a lock is held, a process stands still, and settings stay broken."""
    look_s: float
    killing: float
    """The share of the time in which the engine is killed; in the rest only its hosts and model processes are."""


QUICK: Final = Pace((0.02, 0.8), (0.2, 1.0), 1.0, 1.0)
PATIENT: Final = Pace((0.05, 1.0), (0.5, 8.0), 3.0, 0.5)
"""For hours: locks are held for longer than the engine waits for one (5 s) too."""

SHORTENED: Final = """\
[repository]
rescan_s = 1.0
[limits]
process_idle_s = 18
warm_processes = 4
[sampling]
interval_s = 0.2
[schedule]
evaluate = "30s"
check = "30s"
[checks]
evaluation_age = "14h"
model_age = "43h"
[retention]
samples_s = 600
minutes = "15m"
hours = "8h"
days = "73d"
events = 400
jobs = 400
[repair]
automatic = ["restore", "reload", "re-evaluate"]
"""
"""Schedules and retention of a workspace, fifty times as quick and more; some are as quick as can be set."""

SETTINGS: Final = """\
task = "classification"
[preprocess]
dtype = "float32"
scale = 0.0625
layout = "NCHW"
"""


class Found(NamedTuple):
    """What came of a soak."""

    problems: list[str]
    account: str


def soak(
    root: Path,
    seconds: float,
    *,
    seed: int = SEED,
    pace: Pace = QUICK,
    tell: Callable[[str], None] | None = None,
) -> Found:
    """Soak an engine in the workspace ``root``; return what is wrong afterwards, and an account of it all."""
    workspace = _workspace(root)
    backups = root.with_name(f"{root.name}-backups")
    backups.mkdir()
    chance = random.Random(seed)
    acts = Acts(workspace, onnx_model().SerializeToString(), chance)
    mishaps = Mishaps(acts, chance, pace.hold_s, backups)
    for _ in range(2):
        for model in MODELS:
            _put(workspace, model, acts)
    mishaps.start()
    try:
        with Watch(workspace, pace.look_s) as watch:
            _live(acts, mishaps, watch, seconds, pace, tell)
            problems = rest(workspace, mishaps, acts)
        problems += reckoning.processes_hold_nothing(workspace)
        with_engine = reckoning.record_is_true(workspace, acts)
    finally:
        mishaps.meet_family()
        launch.stop(workspace)
    problems += [*with_engine, *mishaps.problems, *watch.problems(), *watch.ledger.problems(acts.asked)]
    problems += reckoning.nothing_is_left(workspace, mishaps.family)
    account = reckoning.account(workspace, acts, mishaps)
    return Found(problems, f"{account}\n{watch.account()}")


def _live(
    acts: Acts,
    mishaps: Mishaps,
    watch: Watch,
    seconds: float,
    pace: Pace,
    tell: Callable[[str], None] | None,
) -> None:
    """Have things happen for so long."""
    began = told = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        if watch.ledger.waiting() <= BEHIND:
            acts.act(mishaps.weighed(killing=passed < seconds * pace.killing), pace.pause_s)
        else:
            time.sleep(pace.look_s)
        mishaps.see_to_engine()
        if tell is not None and time.monotonic() - told >= TOLD_S:
            told = time.monotonic()
            tell(
                f"{passed / 60:.0f} min, {sum(acts.counts.values())} acts, {len(mishaps.problems)} problems\n{watch.account()}"
            )


def _workspace(root: Path) -> Workspace:
    workspace = create_workspace(root)
    workspace.settings_file.write_text(SHORTENED)
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


def main() -> None:
    """Soak for as many minutes as ``SOAK_MINUTES`` says; exit with 1 where something is wrong afterwards.

    The workspace is kept then, for whoever looks for the cause.
    """
    seconds = 60 * float(os.environ.get("SOAK_MINUTES", MINUTES))
    seed = int(os.environ.get("SOAK_SEED", SEED))
    folder = Path(tempfile.mkdtemp(prefix="soak-"))

    def tell(words: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)

    print(f"{seconds:.0f} s, seed {seed}, in {folder}", flush=True)
    problems, account = soak(folder / "workspace", seconds, seed=seed, pace=PATIENT, tell=tell)
    print(account)
    print(f"{seconds:.0f} s, seed {seed}: {len(problems)} problems")
    print("\n".join(problems))
    if not problems:
        shutil.rmtree(folder)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
