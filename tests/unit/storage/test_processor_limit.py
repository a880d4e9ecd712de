"""What people write of the processor: cores or percent, and one sentence for anything else."""

import pytest

from storage.errors import SettingsError
from storage.processor_limit import share
from storage.settings import read_workspace_settings
from storage.workspace import Workspace


@pytest.mark.parametrize(
    ("written", "machine", "cores"),
    [
        (1, 8, 1.0),
        (1.5, 8, 1.5),
        (0.25, 1, 0.25),
        (16, 8, 8.0),
        (0.01, 8, 0.01),
        ("0.001%", 2, 0.01),
        ("50%", 8, 4.0),
        ("12.5 %", 4, 0.5),
        (" 100% ", 3, 3.0),
    ],
)
def test_cores_and_percent(written: float | str, machine: int, cores: float) -> None:
    """A number is cores, a percentage is of the machine's; nobody is granted more than there are."""
    assert share(written, machine) == cores


@pytest.mark.parametrize(
    "written", ["0", "-1", "0.009", "1e-300", "nan", "inf", "'0%'", "'101%'", "'half'", "'1.5'", "'%'"]
)
def test_anything_else_is_refused_in_one_sentence(workspace: Workspace, written: str) -> None:
    """The sentence names the key, what is expected and what is there."""
    workspace.settings_file.write_text(f"[limits]\ncpu = {written}\n")
    with pytest.raises(
        SettingsError,
        match=r"limits\.cpu: expected (cores from 0\.01, such as 1\.5, or a part|a finite number)",
    ):
        read_workspace_settings(workspace.settings_file)


@pytest.mark.parametrize(("written", "read"), [("1.5", 1.5), ("2", 2), ("'75%'", "75%")])
def test_it_is_read_as_it_is_written(workspace: Workspace, written: str, read: float | str) -> None:
    """Settings keep what was said; how many cores that is depends on where the engine runs."""
    workspace.settings_file.write_text(f"[limits]\ncpu = {written}\n")
    assert read_workspace_settings(workspace.settings_file).limits.cpu == read
