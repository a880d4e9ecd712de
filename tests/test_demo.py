"""``make demo`` without a terminal tells the whole story as text, and ends what it started."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage.workspace import Workspace, engine_pid


@pytest.mark.timeout(240)
def test_story_without_a_terminal(samples: Path, tmp_path: Path) -> None:
    """The sample models are evaluated, a better version arrives, is judged and promoted, and no engine is left."""
    del samples  # trained before, so that this is about the story
    folder = tmp_path / "demo"
    told = subprocess.run(
        [sys.executable, "-P", "-m", "sample_models.demo", str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Traceback" not in told.stderr
    story = told.stdout
    steps = ["evaluate --all", "models", "A training job saves", "show mnist", "promote mnist", "devices"]
    places = [story.index(step) for step in steps]
    assert places == sorted(places)
    assert "accuracy 0.9" in story
    assert "superior" in story
    assert (folder / "models" / "mnist" / "current").readlink() == Path("3")
    assert engine_pid(Workspace(folder)) is None
