"""The forms in which people write a time, and who they are."""

import os
import time
from pathlib import Path

import click
import pytest

from storage.errors import WorkspaceError
from storage.workspace import Workspace
from tui.commands.options import moment, requester, workspace_at


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("1.5h", 5400), ("7d", 604_800), ("2w", 1_209_600)]
)
def test_an_age_is_a_moment_in_the_past(text: str, seconds: float) -> None:
    """An age counts back from now."""
    before = time.time()
    assert before - seconds <= moment(text) <= time.time() - seconds


@pytest.mark.parametrize("text", ["2025-06-15T15:06:40", "2025-06-15T15:06:40Z", "2025-06-15T17:06:40+02:00"])
def test_a_date_without_a_zone_is_utc(text: str) -> None:
    """A date is read as the times that are printed, unless it names another zone."""
    assert moment(text) == 1_750_000_000.0


@pytest.mark.parametrize("text", ["", "7", "7y", "-7d", "yesterday", "2025-13-01"])
def test_anything_else_is_a_usage_error(text: str) -> None:
    """What is neither an age nor a date is refused with examples of both."""
    with pytest.raises(click.BadParameter, match="neither an age"):
        moment(text)


def test_a_workspace_is_found_from_below(workspace: Workspace) -> None:
    """A folder inside a workspace stands for it."""
    assert workspace_at(workspace.models) == workspace


def test_a_current_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that was removed there is no current workspace, which is no traceback."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(WorkspaceError, match="does not exist any more"):
        workspace_at(None)
    # monkeypatch goes back to a folder that exists
    os.chdir(tmp_path)


def test_somebody_asks() -> None:
    """Every job says who asked for it."""
    assert requester()
