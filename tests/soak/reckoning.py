"""What must be true after a soak: of the record, of the folders, of the processes.

Each check returns sentences about what is wrong, none where all is well. It must not mend anything.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import psutil

from engine.repository.objects import OBJECT
from storage.database import Reader
from storage.records import Version
from storage.tables import deployed, models
from storage.vocabulary import Status
from storage.workspace import Workspace, engine_pid
from tests.artefacts import artefact_sha256
from tests.soak.acts import MODELS, Acts
from tests.soak.mishaps import Mishaps, is_alive

DISTURBED: Final = ("SIGKILL", "vanished", "host did not start", "model.toml")
"""How the reason of a version reads whose process or host was killed by us, or whose settings were broken by us."""

STATE: Final = (
    "modeltender.db",
    "modeltender.db-shm",
    "modeltender.db-wal",
    "engine.lock",
    "logs",
    "scratch",
    "data",
    "objects",
    "quarantine",
    "discarded",
    "damaged",
    "training",
)
"""What may lie in ``.modeltender`` when the engine has stopped; ``scratch`` and ``discarded`` must be
empty, and ``damaged`` holds what repairs have set aside."""

OWN_FILES: Final = 48
"""Descriptors of an engine at rest that holds no model: libraries, log, lock, database, watches."""

EACH: Final = 6
"""Descriptors for each host and each model process: socket, pipe, handle, and room."""


def was_disturbed(version: Version) -> bool:
    """Whether a version is not ready, or has no figure, for no other reason than what we did."""
    if version.status is Status.READY:
        told = version.failure.message if version.failure is not None else ""
    else:
        told = version.reason if version.status in {Status.FAILED, Status.QUARANTINED} else ""
    return any(words in told for words in DISTURBED)


def record_is_true(workspace: Workspace, acts: Acts) -> list[str]:
    """Every good content is one version and ready, every damaged one has a reason, and ``current`` is valid."""
    reader = Reader(workspace.database)
    try:
        with reader.transaction() as connection:
            recorded = {
                (model, found.number): found
                for model in MODELS
                for found in models.versions(connection, model)
            }
            contents = {
                (each.model, each.number): each.content.sha256 for each in deployed.all_deployed(connection)
            }
    finally:
        reader.close()
    return [
        *_contents(workspace, acts),
        *_versions(workspace, acts, recorded),
        *_links(workspace, recorded, contents),
    ]


def _contents(workspace: Workspace, acts: Acts) -> Iterator[str]:
    """Tell of good contents that are no version, or several."""
    found = Counter((file.parent.parent.name, file.read_bytes()) for file in _files(workspace))
    for known in sorted(acts.must | acts.may):
        count, model = found[known], known[0]
        if count > 1 or (known in acts.must and count == 0):
            yield f"a good model of {model} is {count} versions (...{known[1][-8:].decode()})"


def _versions(workspace: Workspace, acts: Acts, recorded: dict[tuple[str, int], Version]) -> Iterator[str]:
    """Tell of versions whose record does not say what lies in their folder."""
    there: set[tuple[str, int]] = set()
    for file in _files(workspace):
        key = (file.parent.parent.name, int(file.parent.name))
        there.add(key)
        version, name = recorded.get(key), f"{key[0]}@{key[1]}"
        content = (key[0], file.read_bytes())
        good = content in acts.must | acts.may
        if version is None:
            yield f"{name} lies in models/ and is not on record"
        elif good and version.status is not Status.READY:
            yield f"{name} is good and {version.status}: {version.reason}"
        elif good and version.sha256 != artefact_sha256(file):
            yield f"{name} is recorded with another content than it has"
        elif good and (version.evaluation is None or not 0.8 < version.evaluation.metrics[0].value <= 1):
            yield f"{name} is ready without an honest figure"
        elif (
            not good
            and content not in acts.damaged
            and (version.status is Status.READY or not version.reason)
        ):
            yield f"{name} is damaged and {version.status}: {version.reason or 'no reason'}"
    for key, version in recorded.items():
        if key not in there and version.status is not Status.MISSING:
            yield f"{key[0]}@{key[1]} has no folder and is {version.status}"


def _links(
    workspace: Workspace, recorded: dict[tuple[str, int], Version], contents: dict[tuple[str, int], str]
) -> Iterator[str]:
    """Tell of models whose link, record and deployed files do not say the same."""
    for model in MODELS:
        target = workspace.current_link(model).readlink().name
        version = recorded.get((model, int(target)))
        if version is None or version.role is None or version.role.value != "current":
            yield f"{model}: current leads to {target}, and the record says otherwise"
        elif version.status is not Status.READY:
            yield f"{model}: the deployed version {target} is {version.status}: {version.reason}"
        elif artefact_sha256(_deployed(workspace, model)) != contents[model, int(target)]:
            yield f"{model}: the deployed version {target} does not hold what was deployed"


def processes_hold_nothing(workspace: Workspace) -> list[str]:
    """The engine holds no file of a model, no file that is gone, and not many descriptors."""
    pid = engine_pid(workspace)
    if pid is None:
        return ["the engine does not run at the end"]
    held = [_target(pid, name) for name in os.listdir(f"/proc/{pid}/fd")]  # noqa: PTH208 - numbers
    below = tuple(f"{folder}/" for folder in (workspace.train, workspace.models, workspace.test))
    problems = [f"the engine still holds {path}" for path in held if path.startswith(below)]
    # What a host prints is kept in a file without a name, in its own folder.
    nameless = (
        path for path in held if path.endswith("(deleted)") and not path.startswith(f"{workspace.scratch}/")
    )
    problems += [f"the engine still holds {path}" for path in nameless]
    others = len(psutil.Process(pid).children(recursive=True))
    allowed = OWN_FILES + EACH * others
    if len(held) > allowed:
        kinds = Counter(path.partition(":")[0] for path in held)
        problems.append(f"the engine holds {len(held)} descriptors with {others} processes: {kinds}")
    return problems


def nothing_is_left(workspace: Workspace, family: Mapping[int, float]) -> list[str]:
    """After the engine has stopped no process lives, and no temporary file lies about."""
    problems = [f"process {pid} outlived its engine" for pid, born in family.items() if is_alive(pid, born)]
    problems += [
        f"left over: {path.relative_to(workspace.root)}"
        for path in workspace.models.rglob("*")
        if path.name.endswith((".partial", ".tmp")) or path.name.startswith(".")
        # What a person of this soak was about to put in place is no business of the engine's.
        if path.name != ".by-hand.tmp"
    ]
    problems += [
        f"left over: {path.relative_to(workspace.root)}"
        for path in workspace.train.rglob("*")
        if path.is_file() and path.suffix != ".onnx"
    ]
    problems += [
        f"left over: .modeltender/{path.name}" for path in workspace.state.iterdir() if path.name not in STATE
    ]
    problems += [
        f"left over: .modeltender/{path.relative_to(workspace.state)}"
        for folder in (workspace.scratch, workspace.discarded)
        for path in folder.iterdir()
    ]
    problems += [
        f"left over: .modeltender/objects/{path.name}"
        for path in (workspace.objects.iterdir() if workspace.objects.exists() else ())
        if not OBJECT.fullmatch(path.name)
    ]
    return problems


def account(workspace: Workspace, acts: Acts, mishaps: Mishaps) -> str:
    """Return what was done, for a person."""
    done = ", ".join(f"{name} {count}" for name, count in sorted(acts.counts.items()))
    versions = len(list(_files(workspace)))
    return (
        f"{sum(acts.counts.values())} acts: {done}\n"
        f"{versions} versions, {len(acts.must)} good contents, {mishaps.engines} engines, {len(mishaps.family)} processes"
    )


def _deployed(workspace: Workspace, model: str) -> Path:
    """Return the file of the deployed version, where there is one."""
    return next(workspace.current_link(model).resolve().glob("*.onnx"))


def _files(workspace: Workspace) -> Iterator[Path]:
    return workspace.models.glob("*/[0-9]*/*.onnx")


def _target(pid: int, name: str) -> str:
    try:
        return str(Path(f"/proc/{pid}/fd", name).readlink())
    except OSError:
        # It was closed between the listing and this look.
        return ""
