"""``make pictures``: the pictures in the README and in docs/console.md, made from the running program.

A real engine works on the sample models; what one of them is shown gets noisier, a better version of another arrives, one
deployed file is damaged, and each screen of the console is kept as it shows that: ``python -m tests.console.picture FOLDER``.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sample_models.build import build
from sample_models.demo import MODEL, deliver
from storage import snapshot
from storage.database import Reader
from storage.vocabulary import Look
from storage.workspace import Workspace, create_workspace
from tests.benchmarks.stage import Stage
from tests.console.screen import Console as Shown
from tests.console.screen import shows
from tui.app import Console
from tui.feed import Feed
from tui.views import without_fonts

SIZE = (100, 30)
"""Columns and rows: more than the least, and still legible at the width of a page."""

OVERVIEW_SIZE = (120, 34)
"""Both charts' room."""

DAMAGED = "breast-cancer"

WORN = "mnist-onnx"
SHIPMENTS = 24
NOISE = 2.6
"""By how much of 255 the standard deviation of the noise grows from one shipment of test images to the next."""

PATIENCE_S = 180.0
"""The longest that an arrival, or a look for damage, may take on a slow machine."""


class Picture(NamedTuple):
    """A picture's file, the keys that lead to it, and what it shows then."""

    file: str
    keys: tuple[str, ...]
    wait: str
    size: tuple[int, int] = SIZE


PICTURES = (
    Picture("console.svg", ("g", "j"), f"{WORN}  accuracy", OVERVIEW_SIZE),
    Picture("console-model.svg", ("g", "j", "2"), "Versions"),
    Picture("console-devices.svg", ("3",), "100%│"),
    Picture("console-jobs.svg", ("4",), "succeeded at"),
    Picture("console-events.svg", ("5",), "f mends it"),
    Picture("console-compare.svg", ("g", "j", "j", "2", "enter"), "at a margin of"),
    Picture("console-settings.svg", ("7",), "Settings"),
    Picture("console-replay.svg", ("left_curly_bracket",) * 3, "REPLAY"),
    Picture("console-help.svg", ("question_mark",), "Keys:"),
    Picture("console-actions.svg", ("colon",), "Actions:"),
)


def main(folder: Path) -> None:
    """Make every picture in ``folder``."""
    with tempfile.TemporaryDirectory(prefix="modeltender-pictures-") as parent:
        workspace = create_workspace(Path(parent) / "demo")
        build(workspace.root, on_progress=lambda line: print(line, file=sys.stderr))
        with Stage(workspace.root) as stage:
            stage.settle()
            _wear(workspace)
            deliver(workspace)
            _await(workspace, lambda shown: any(m.candidate and m.candidate.gate for m in shown.models))
            stage.settle()
            _damage(workspace)
            _await(workspace, lambda shown: any(fault.model == DAMAGED for fault in shown.faults))
            stage.settle()
            for picture in PICTURES:
                (folder / picture.file).write_text(asyncio.run(take(workspace, picture)))


async def take(workspace: Workspace, picture: Picture) -> str:
    """Return what the console shows of ``workspace``, as SVG."""
    feed = Feed(workspace)
    feed.look()
    # The pictures are the same whoever's terminal they are made on.
    os.environ["COLORTERM"] = "truecolor"
    console = Console(workspace, feed, host="gpu-box-1", wanted=Look.DARK)
    try:
        async with console.run_test(size=picture.size) as pilot:
            await shows(pilot, lambda shown: f"{MODEL}" in shown and "accuracy" in shown)
            await _press(pilot, picture)
            shown = console.export_screenshot(title=f"modeltender {workspace.root.name}")
    finally:
        feed.stop()
    return without_fonts(shown)


async def _press(pilot: Shown, picture: Picture) -> None:
    for key in picture.keys:
        await pilot.press(key)
        await pilot.pause(0.5)
    await shows(pilot, picture.wait)


def _wear(workspace: Workspace) -> None:
    """Bring test images of one model again and again, each time as a camera that wears would see them."""
    file = workspace.test / WORN / "test.npz"
    with np.load(file) as whole:
        images, labels = whole["x"], whole["y"]
    rng = np.random.default_rng(0)
    for number in range(SHIPMENTS):
        seen = images + rng.normal(0.0, NOISE * number, images.shape)
        fresh = file.with_name("fresh.tmp")
        with fresh.open("wb") as out:
            np.savez(out, x=np.clip(seen, 0, 255).astype(images.dtype), y=labels)
        before = time.time()
        fresh.replace(file)
        _await(workspace, partial(_evaluated_since, before))


def _evaluated_since(moment: float, shown: snapshot.Snapshot) -> bool:
    model = next(model for model in shown.models if model.name == WORN)
    return (
        model.current is not None
        and model.current.evaluation is not None
        and model.current.evaluation.at > moment
    )


def _damage(workspace: Workspace) -> None:
    """Let a deployed file hold something else, as a disk or a careless copy would."""
    file = next(path for path in (workspace.models / DAMAGED / "1").iterdir() if path.is_file())
    file.chmod(0o644)
    with file.open("ab") as damaged:
        damaged.write(b"damaged")


def _await(workspace: Workspace, condition: Callable[[snapshot.Snapshot], bool]) -> None:
    reader = Reader(workspace.database)
    deadline = time.monotonic() + PATIENCE_S
    try:
        while not condition(snapshot.read(reader)):
            if time.monotonic() > deadline:
                sys.exit("The picture's subject did not appear in time.")
            time.sleep(0.2)
    finally:
        reader.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
