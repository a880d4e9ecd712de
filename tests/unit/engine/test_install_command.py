"""``engine install`` writes a unit where it belongs, brings it up to date, and takes nobody else's place."""

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from engine import install_command
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tui.command_line import main

MODELTENDER = Path(sys.executable).with_name("modeltender")


def install(workspace: Workspace, *words: str, configuration: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command, with a folder of settings of the test's own."""
    return subprocess.run(
        [MODELTENDER, "engine", "install", *words, "-w", str(workspace.root)],
        check=False,
        text=True,
        capture_output=True,
        timeout=60,
        env=os.environ | {"XDG_CONFIG_HOME": str(configuration)},
    )


def test_a_unit_of_ones_own_is_written_and_what_to_type_is_said(workspace: Workspace, tmp_path: Path) -> None:
    """It lies where the user's service manager looks, and runs this program on this workspace."""
    said = install(workspace, "--systemd", "--user", configuration=tmp_path)
    file = tmp_path / "systemd" / "user" / "modeltender-workspace.service"
    assert (said.returncode, said.stderr) == (ExitCode.DONE, "")
    assert said.stdout.splitlines() == [
        f"Wrote {file}.",
        "Start it now and whenever the machine starts:",
        "  systemctl --user daemon-reload",
        "  systemctl --user enable --now modeltender-workspace.service",
        "  loginctl enable-linger",
    ]
    assert f'ExecStart="{sys.executable}" -P -m engine run --workspace "{workspace.root}"' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_writing_it_again_brings_it_up_to_date(workspace: Workspace, tmp_path: Path) -> None:
    """New limits are in the unit after the command was typed once more."""
    install(workspace, "--systemd", "--user", configuration=tmp_path)
    workspace.settings_file.write_text("[limits]\nnice = 12\ntotal_gib = 4\n")
    assert install(workspace, "--systemd", "--user", configuration=tmp_path).returncode == ExitCode.DONE
    unit = (tmp_path / "systemd" / "user" / "modeltender-workspace.service").read_text()
    assert "\nNice=12\n" in unit
    assert "\nMemoryMax=4294967296\n" in unit


def test_printing_writes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """--print shows what would be written, for the system's manager too."""
    said = install(workspace, "--systemd", "--system", "--print", configuration=tmp_path)
    assert said.returncode == ExitCode.DONE
    owner = pwd.getpwuid(workspace.root.stat().st_uid).pw_name
    assert f"\nUser={owner}\n" in said.stdout
    assert list(tmp_path.glob("systemd/**/*")) == []


def test_json_holds_the_unit(workspace: Workspace, tmp_path: Path) -> None:
    """A script gets the file, its content and what to type next."""
    said = install(workspace, "--systemd", "--user", "--name", "a-1", "--json", configuration=tmp_path)
    document = json.loads(said.stdout)
    file = tmp_path / "systemd" / "user" / "modeltender-a-1.service"
    assert (document["name"], document["file"], document["written"]) == (file.name, str(file), True)
    assert document["unit"] == file.read_text()
    assert document["next"][1] == "systemctl --user enable --now modeltender-a-1.service"


def test_a_unit_of_somebody_elses_is_not_touched(workspace: Workspace, tmp_path: Path) -> None:
    """Another workspace's unit, or a person's own, keeps its place."""
    file = tmp_path / "systemd" / "user" / "modeltender-workspace.service"
    file.parent.mkdir(parents=True)
    file.write_text("[Service]\nExecStart=/bin/true\n")
    said = install(workspace, "--systemd", "--user", "--json", configuration=tmp_path)
    assert said.returncode == ExitCode.NO
    assert json.loads(said.stdout)["error"]["code"] == "unit-exists"
    assert file.read_text() == "[Service]\nExecStart=/bin/true\n"


def test_what_targets_write_stays_writable(workspace: Workspace, tmp_path: Path) -> None:
    """The folder of a server's configuration, what a link of the workspace leads to, and what was named."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    workspace.test.rmdir()
    workspace.test.symlink_to(elsewhere)
    model = workspace.models / "m"
    model.mkdir()
    (model / "model.toml").write_text(
        '[[targets]]\nkind = "tensorflow-serving"\nconfig = "/etc/serving/models.config"\n'
        '[[targets]]\nkind = "triton"\nconfig = "inside/config.pbtxt"\n'
    )
    (workspace.models / "broken").mkdir()
    (workspace.models / "broken" / "model.toml").write_text("no settings")
    said = install(
        workspace, "--systemd", "--system", "--print", "--writable", "/srv/out", configuration=tmp_path
    )
    paths = [
        line.partition("=")[2] for line in said.stdout.splitlines() if line.startswith("ReadWritePaths=")
    ]
    named = [f'"-{path}"' for path in (elsewhere, "/etc/serving", "/srv/out")]
    assert paths == [f'"{workspace.root}"', *named]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Say for which service manager: --systemd"),
        (("--systemd", "--user", "--run-as", "root"), "--run-as belongs to --system"),
        (("--systemd", "--user", "--name", "a b"), "'a b' cannot name a unit"),
        (("--systemd", "--system", "--print", "--run-as", "no-such-user"), "There is no user 'no-such-user'"),
    ],
)
def test_what_cannot_be_done_is_said(
    words: tuple[str, ...], sentence: str, workspace: Workspace, tmp_path: Path
) -> None:
    """A sentence each, and nothing is written."""
    said = install(workspace, *words, configuration=tmp_path)
    assert said.returncode == ExitCode.USAGE
    assert sentence in said.stderr
    assert list(tmp_path.glob("systemd/**/*")) == []


def test_a_folder_that_cannot_be_written_is_told(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever may not write the system's units is told of the other ways."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(install_command, "SYSTEM_UNITS", tmp_path / "file" / "system")
    assert main(["engine", "install", "--systemd", "--system", "-w", str(workspace.root)]) == ExitCode.USAGE
    assert "cannot be written: Not a directory" in capsys.readouterr().err
