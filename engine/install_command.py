"""``modeltender engine install``: writes the systemd unit that keeps a workspace's engine running.

Owns where units lie, whom an engine runs as and which unit may be overwritten; what a unit says is `engine.units`'. It
never talks to the service manager: what to type next is printed. Light to import, as it is mounted beside ``engine status``.
"""

import os
import pwd
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from engine import units
from engine.options import answer, standard_options
from storage.errors import RefusedError, SettingsError, WorkspaceError
from storage.text import clean
from storage.vocabulary import ExitCode
from storage.workspace import Workspace

SYSTEM_UNITS = Path("/etc/systemd/system")

MODE = 0o644


class UnitDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``engine install --json`` says."""

    name: str
    file: str
    written: bool
    unit: str
    next: tuple[str, ...]
    """What to type so that the unit is used, one command each."""


@click.command(epilog="Example: modeltender engine install --systemd --user -w /srv/serving")
@standard_options
@click.option("--systemd", is_flag=True, help="Write a systemd unit, the only kind there is.")
@click.option(
    "--user/--system",
    "for_user",
    default=None,
    help="For your own service manager, or for the machine's, which starts it at boot. By default the machine's if "
    "you are root.",
)
@click.option(
    "--name", default="", metavar="NAME", help="The name of the unit; by default the folder's name."
)
@click.option(
    "--run-as",
    default="",
    metavar="USER",
    help="With --system: the user it runs as; by default the workspace's owner.",
)
@click.option(
    "--writable",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Another path that your commands write to; may be given several times.",
)
@click.option("--print", "only_print", is_flag=True, help="Print the unit and write nothing.")
def install(
    *,
    workspace: Workspace,
    as_json: bool,
    systemd: bool,
    for_user: bool | None,
    name: str,
    run_as: str,
    writable: tuple[Path, ...],
    only_print: bool,
) -> int:
    """Have systemd keep the engine running.

    Writes a unit that confines the engine, restarts it if it fails or hangs, and limits its memory and its share of the
    processor as [limits] in modeltender.toml says. Run the command again to bring the unit up to date.
    """
    if not systemd:
        raise click.UsageError("Say for which service manager: --systemd")
    for_user = os.geteuid() != 0 if for_user is None else for_user
    if for_user and run_as:
        raise click.UsageError("--run-as belongs to --system: your own service manager runs it as yourself.")
    facts = _facts(
        workspace, name or units.default_name(workspace.root), run_as, for_user=for_user, writable=writable
    )
    folder = _user_units() if for_user else SYSTEM_UNITS
    file, unit = folder / units.file_name(facts.name), units.text(facts)
    if not only_print:
        _write(file, unit, workspace)
    following = _next(file.name, for_user=for_user)
    document = UnitDocument(name=file.name, file=str(file), written=not only_print, unit=unit, next=following)
    answer(document, unit.rstrip() if only_print else _in_words(document), as_json=as_json)
    return ExitCode.DONE


def _facts(
    workspace: Workspace, name: str, run_as: str, *, for_user: bool, writable: tuple[Path, ...]
) -> units.Facts:
    if not units.valid_name(name):
        raise click.UsageError(
            f"'{clean(name, 40)}' cannot name a unit: letters, digits, '-', '_' and '.', at most {units.NAME_LENGTH}."
        )
    root, python = workspace.root, Path(sys.executable)
    for path in (root, python):
        if str(path) != clean(str(path), len(str(path))) or (path == python and set(str(path)) & units.UNFIT):
            raise WorkspaceError(
                f"{clean(str(path))} has characters in its name that no unit can hold.", "Rename the folder."
            )
    from storage.settings import read_workspace_settings

    limits = read_workspace_settings(workspace.settings_file).limits
    return units.Facts(
        name=name,
        workspace=root,
        python=python,
        writable=tuple(dict.fromkeys([*_elsewhere(workspace), *(path.absolute() for path in writable)])),
        user=None if for_user else _owner(workspace, run_as),
        apart=not for_user or _may_stand_apart(),
        nice=limits.nice,
        total_gib=limits.total_gib,
        divides=limits.cpu is not None,
    )


def _owner(workspace: Workspace, run_as: str) -> str:
    """Return the name of the user that the engine is to run as."""
    try:
        return pwd.getpwnam(run_as).pw_name if run_as else pwd.getpwuid(workspace.root.stat().st_uid).pw_name
    except KeyError:
        who = (
            f"'{clean(run_as, 40)}'"
            if run_as
            else f"number {workspace.root.stat().st_uid}, the workspace's owner,"
        )
        raise WorkspaceError(f"There is no user {who} on this machine.", "Name one: --run-as USER") from None


def _elsewhere(workspace: Workspace) -> Iterator[Path]:
    """Yield what the engine writes outside the workspace: where its folders lead to, and files of promotion targets."""
    from storage.settings import read_model_settings, read_workspace_settings
    from storage.target_settings import TensorFlowServing, Triton

    for folder in (workspace.train, workspace.test, workspace.models, workspace.state):
        real = folder.resolve()
        if not real.is_relative_to(workspace.root):
            yield real
    textfile = read_workspace_settings(workspace.settings_file).metrics.textfile
    if textfile and not (workspace.root / textfile).is_relative_to(workspace.root):
        yield Path(textfile).parent
    for file in sorted(workspace.models.glob("*/model.toml")):
        try:
            targets = read_model_settings(file).targets
        except SettingsError:
            # The engine makes a fault of it; what its targets are, nobody can tell.
            continue
        for target in targets:
            if isinstance(target, TensorFlowServing | Triton):
                # The folder: a file is replaced by one that is written beside it.
                folder = (workspace.root / target.config).parent
                if not folder.is_relative_to(workspace.root):
                    yield folder


def _may_stand_apart() -> bool:
    """Whether this user may make user namespaces, without which a user's service manager cannot hide any file."""
    from engine.processes import kernel

    pid = os.fork()
    if not pid:
        try:
            kernel.unshare(kernel.CLONE_NEWUSER)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _user_units() -> Path:
    configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(configuration) / "systemd" / "user"


def _write(file: Path, unit: str, workspace: Workspace) -> None:
    """Write a unit in one step, unless that would take the place of somebody else's."""
    shown = clean(str(file))
    try:
        if file.exists() and f"{units.MARK}{clean(str(workspace.root))}\n" not in file.read_text(
            errors="replace"
        ):
            raise RefusedError(
                f"{shown} is there already and not this workspace's; it was not touched.",
                "Give this one a name of its own: --name NAME",
                code="unit-exists",
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}.partial")
        partial.write_text(unit, encoding="utf-8")
        partial.chmod(MODE)
        partial.replace(file)
    except OSError as error:
        raise WorkspaceError(
            f"{shown} cannot be written: {error.strerror}.",
            "Write your own service manager's with --user, or print it with --print.",
        ) from None


def _next(unit: str, *, for_user: bool) -> tuple[str, ...]:
    control = "systemctl --user" if for_user else "systemctl"
    commands = (f"{control} daemon-reload", f"{control} enable --now {unit}")
    return (*commands, "loginctl enable-linger") if for_user else commands


def _in_words(document: UnitDocument) -> str:
    lines = [f"Wrote {clean(document.file, 4096)}.", "Start it now and whenever the machine starts:"]
    return "\n".join([*lines, *(f"  {command}" for command in document.next)])
