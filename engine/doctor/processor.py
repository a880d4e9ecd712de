"""How much of the processor model processes may take together, and what holds them to it: the kernel's word, not ours."""

from pathlib import Path

from engine.devices import cgroup
from engine.doctor.report import Check, fine, warning
from engine.processes import processor_share
from storage.errors import EngineError, SettingsError
from storage.settings import read_workspace_settings
from storage.text import clean
from storage.workspace import Workspace, engine_pid

NAME = "processor limit"

REMEDY = "modeltender engine install --systemd: its unit has a control group that the engine divides"


def examine(workspace: Workspace | None) -> list[Check]:
    """Return what was found, where settings set a limit."""
    if workspace is None:
        return []
    try:
        written = read_workspace_settings(workspace.settings_file).limits.cpu
    except SettingsError:  # reported by its own check
        return []
    if written is None:
        return []
    try:
        pid = engine_pid(workspace) or 0
    except EngineError:  # reported by its own check
        return []
    try:
        return [check(written, processor_share.of_engine(pid) if pid else None, pid)]
    except ProcessLookupError:  # it ended at this moment, or is not to be seen from here
        return [check(written, None, 0)]


def check(written: float | str, group: Path | None, pid: int) -> Check:
    """Return whether model processes of the engine ``pid``, or of one to come, are held to what settings say."""
    found = processor_share.granted(written, pid=pid)
    value = f'"{clean(written)}"' if isinstance(written, str) else f"{written:g}"
    said = f"limits.cpu = {value}: {found.granted:g} of {len(processor_share.whole(pid).cores)} cores"
    cores = f"{len(found.cores)} core{'s' if len(found.cores) > 1 else ''}"
    quota = None if group is None else cgroup.quota(group)
    if quota is not None:
        return fine(
            NAME, f"{said}, held by the kernel to {quota:g} (cpu.max of a control group); pinned to {cores}"
        )
    if found.exact:
        return fine(NAME, f"{said}, held by pinning every model process to the same {cores}")
    when = "pinning them holds" if pid else "without a service manager, pinning them will hold"
    return warning(NAME, f"{said}, but {when} model processes to {cores}, not to less", REMEDY)
