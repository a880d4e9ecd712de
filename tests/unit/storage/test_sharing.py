"""A workspace is its owner's alone, or members of one group look at it besides; who looks changes nothing."""

import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.repository import integrity
from storage import jobs, launch, modes, salvaging, sharing, upkeep
from storage.database import Reader, Writer, prepare, visit
from storage.errors import WorkspaceError
from storage.tables import events
from storage.vocabulary import ExitCode, JobKind
from storage.workspace import Workspace, check_writable, create_workspace, engine_pid, find_workspace
from tests.users import GROUP, OWNER, STRANGER, VIEWER, as_user, needs_root


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a folder that every user of this machine reaches."""
    folder = Path(tempfile.mkdtemp(prefix="modeltender-shared-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the group have a name."""
    monkeypatch.setattr(sharing, "group_number", lambda _name: GROUP)


@pytest.fixture
def shared(place: Path, known: None) -> Workspace:
    """Return a workspace of this user's that members of the group may look at, and no database of which is open."""
    workspace = create_workspace(place / "models")
    prepare(workspace.database)
    sharing.open_to(workspace, "mlops")
    return workspace


def look(workspace: Workspace) -> int:
    """Print what a viewer reads: the messages of events, the newest first."""
    reader = Reader(find_workspace(workspace.root).database)
    with reader.transaction() as connection:
        print(*(event.message for event in events.read(connection, limit=10)))
    reader.close()
    return 0


def say(writer: Writer, message: str) -> None:
    """Record an event."""
    with writer.transaction() as connection:
        events.add(connection, "said", message, at=1.0)


def modes_in(folder: Path) -> dict[str, int]:
    """Return the modes of what is in a folder."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.fixture
def own(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a workspace whose group is this user's own, which needs no other user."""
    prepare(workspace.database)
    monkeypatch.setattr(sharing, "group_number", lambda _name: os.getegid())
    sharing.open_to(workspace, "own")
    return workspace


def test_figures_and_logs_are_opened_and_nothing_else(own: Workspace) -> None:
    """Copies of models and data stay the owner's, also where they relied on the closed folder around them."""
    for copies in (own.prepared, own.objects):
        copies.mkdir(exist_ok=True)
        copies.chmod(0o755)
    own.lock.touch(0o600)
    (own.state / "modeltender-schema-3.db").touch(0o644)
    sharing.open_to(own, "own")
    assert stat.S_IMODE(own.state.stat().st_mode) == modes.SHARED_FOLDER
    found = modes_in(own.state)
    opened = {name for name, mode in found.items() if mode & 0o077}
    assert opened == {"modeltender.db", "modeltender.db-wal", "modeltender.db-shm", "engine.lock", "logs"}
    assert not any(mode & 0o007 for mode in found.values())


def test_an_engine_that_starts_leaves_it_open(own: Workspace) -> None:
    """Making the folders anew, as every start of an engine does, changes nothing of who may look."""
    create_workspace(own.root)
    assert stat.S_IMODE(own.state.stat().st_mode) == modes.SHARED_FOLDER
    assert stat.S_IMODE(own.log.parent.stat().st_mode) == modes.SHARED_FOLDER
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (own.scratch, own.prepared)} == {0o700}


def test_closed_again_nobody_else_looks(own: Workspace) -> None:
    """What was opened is the owner's alone as before."""
    sharing.close(own)
    assert stat.S_IMODE(own.state.stat().st_mode) == modes.PRIVATE_FOLDER
    assert not any(mode & 0o077 for mode in modes_in(own.state).values())
    assert sharing.read(own).group is None


def test_a_folder_that_is_open_by_chance_is_closed(workspace: Workspace) -> None:
    """Only what ``share`` did counts: a folder that the umask left open is nobody's wish."""
    workspace.state.chmod(0o755)
    create_workspace(workspace.root)
    assert stat.S_IMODE(workspace.state.stat().st_mode) == modes.PRIVATE_FOLDER


def test_where_setgid_may_not_be_said_it_is_inherited(
    own: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that systemd confines makes folders in a shared workspace all the same."""
    change = Path.chmod

    def refuse(path: Path, mode: int) -> None:
        if mode & stat.S_ISGID:
            raise PermissionError
        change(path, mode)

    monkeypatch.setattr(Path, "chmod", refuse)
    own.log.parent.rmdir()
    old = os.umask(0o077)
    try:
        create_workspace(own.root)
        own.objects.mkdir(mode=0o700)
        integrity.make_folder(own.objects / "new" / "variables")
    finally:
        os.umask(old)
    assert stat.S_IMODE((own.objects / "new" / "variables").stat().st_mode) & 0o777 == 0o700


@pytest.mark.parametrize("ends", [Writer, visit, upkeep.compact])
def test_a_closed_database_leaves_a_log(ends: Callable[[Path], object], own: Workspace) -> None:
    """Whoever closes it last, what a viewer may not make is there."""
    ended = ends(own.database)
    if isinstance(ended, Writer):
        ended.close()
    elif ended is not None:
        with ended:  # type: ignore[attr-defined]
            pass
    found = modes_in(own.state)
    assert (found["modeltender.db-wal"], found["modeltender.db-shm"]) == (0o640, 0o640)


def test_a_private_database_leaves_none(workspace: Workspace) -> None:
    """Where nobody else looks, one file is the whole database."""
    Writer(workspace.database).close()
    assert [path.name for path in workspace.state.glob("modeltender.db*")] == ["modeltender.db"]


def test_a_salvaged_database_is_open_as_well(own: Workspace) -> None:
    """A new database in the place of a damaged one is read by the same people, and the damaged one by nobody else."""
    kept, _ = salvaging.salvage(own.database)
    found = modes_in(own.state)
    assert (found["modeltender.db"], found["modeltender.db-shm"], found[kept.name]) == (0o640, 0o640, 0o600)
    assert not list(own.state.glob("*salvaged*"))


def test_what_keeps_members_out_is_told(own: Workspace) -> None:
    """Folders that are not modeltender's to open are named, and those that are open are not."""
    own.models.chmod(0o700)
    own.settings_file.write_text("")
    own.settings_file.chmod(0o640)
    barred = sharing.read(own).barred
    assert str(own.models) in barred
    assert str(own.settings_file) not in barred
    own.models.chmod(0o755)
    assert str(own.models) not in sharing.read(own).barred


def test_a_group_that_is_not_there(workspace: Workspace) -> None:
    """An unknown group is a sentence, and nothing is changed."""
    with pytest.raises(WorkspaceError, match="There is no group 'no-such-group' on this machine"):
        sharing.open_to(workspace, "no-such-group")
    assert stat.S_IMODE(workspace.state.stat().st_mode) == modes.PRIVATE_FOLDER


@needs_root
def test_a_member_reads_what_nobody_works_on(shared: Workspace) -> None:
    """The database of an engine that ended is read without the right to write anything."""
    writer = Writer(shared.database)
    say(writer, "the last words")
    writer.close()
    assert as_user(VIEWER, lambda: look(shared), groups=[GROUP]) == (0, "the last words\n")


@needs_root
def test_a_member_reads_beside_a_writer_and_after_kill_9(shared: Workspace) -> None:
    """What is written is seen while the writer lives, and what it wrote last after it was killed."""
    reads, ready = os.pipe()
    pid = os.fork()
    if not pid:
        writer = Writer(shared.database)
        say(writer, "never written back")
        os.write(ready, b"1")
        signal.pause()
        os._exit(0)
    os.close(ready)
    try:
        assert os.read(reads, 1) == b"1"
        os.close(reads)
        assert as_user(VIEWER, lambda: look(shared), groups=[GROUP]) == (0, "never written back\n")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert as_user(VIEWER, lambda: look(shared), groups=[GROUP]) == (0, "never written back\n")


@needs_root
def test_a_member_asks_for_nothing(shared: Workspace) -> None:
    """Jobs, folders and the sharing itself are refused in one sentence that says whose the workspace is."""
    acts: list[Callable[[], object]] = [
        lambda: jobs.submit(shared, JobKind.CHECK, "mnist", requested_by="a member"),
        lambda: check_writable(shared),
        lambda: launch.start(shared),
        lambda: sharing.open_to(shared, "mlops"),
        lambda: sharing.close(shared),
    ]
    for act in acts:
        told = as_user(VIEWER, act, groups=[GROUP])
        assert told.status == ExitCode.USAGE, told
        assert told.text.startswith(f"{shared.root} belongs to root: you may look at it, and not act on it.")
    assert engine_pid(shared) is None


@needs_root
def test_a_member_reaches_no_copy_of_a_model(shared: Workspace) -> None:
    """Of the state a member reads figures and logs, and no folder that holds bytes of models or data."""
    create_workspace(shared.root)

    def listed() -> int:
        for folder in (shared.scratch, shared.quarantine, shared.discarded, shared.prepared, shared.training):
            with pytest.raises(PermissionError):
                list(folder.iterdir())
        print(list(shared.log.parent.iterdir()))
        return 0

    assert as_user(VIEWER, listed, groups=[GROUP]) == (0, "[]\n")


@needs_root
def test_everybody_else_gets_one_sentence(shared: Workspace) -> None:
    """A stranger learns who may look; where nobody may, whom to ask."""
    told = as_user(STRANGER, lambda: look(shared))
    assert told.status == ExitCode.USAGE
    assert told.text.splitlines()[0] == (
        f"{shared.state} belongs to root, and only members of the group group {GROUP} may look at it."
    )
    sharing.close(shared)
    told = as_user(VIEWER, lambda: look(shared), groups=[GROUP])
    assert told.status == ExitCode.USAGE
    assert told.text.splitlines()[0] == f"{shared.state} belongs to root, and you may not look at it."


@needs_root
def test_an_owner_gives_only_to_groups_of_theirs(place: Path, known: None) -> None:
    """Who is no member of a group is told so, and the workspace stays closed; a member opens it."""
    workspace = Workspace(place / "models")
    workspace.root.mkdir()
    os.chown(workspace.root, OWNER, OWNER)

    def made() -> None:
        create_workspace(workspace.root)
        prepare(workspace.database)

    def opened() -> None:
        sharing.open_to(workspace, "mlops")

    assert as_user(OWNER, made) == (0, "")
    told = as_user(OWNER, opened)
    assert told.text.startswith("You are no member of the group mlops, so you may give it nothing.")
    assert stat.S_IMODE(workspace.state.stat().st_mode) == modes.PRIVATE_FOLDER
    assert as_user(OWNER, opened, groups=[GROUP]) == (0, "")
    # The log is made anew by an owner who is a member no more, and by root for them.
    assert as_user(OWNER, lambda: Writer(workspace.database).close()) == (0, "")
    assert as_user(VIEWER, lambda: look(workspace), groups=[GROUP]) == (0, "\n")
    Writer(workspace.database).close()
    assert {path.stat().st_uid for path in workspace.state.glob("modeltender.db*")} == {OWNER}
    assert as_user(VIEWER, lambda: look(workspace), groups=[GROUP]) == (0, "\n")


@needs_root
def test_root_follows_no_link_to_what_is_another_users(place: Path, known: None) -> None:
    """An owner cannot have root open what they may not read themselves."""
    treasure = place / "treasure"
    treasure.mkdir(mode=0o700)
    secret = treasure / "engine.log"
    secret.touch(0o600)
    workspace = create_workspace(place / "models")
    for folder in (workspace.root, workspace.state, workspace.log.parent):
        os.chown(folder, OWNER, OWNER)
    (workspace.log.parent / "engine.log").symlink_to(secret)
    sharing.open_to(workspace, "mlops")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    shutil.rmtree(workspace.state)
    workspace.state.symlink_to(treasure)
    os.chown(workspace.state, OWNER, OWNER, follow_symlinks=False)
    with pytest.raises(WorkspaceError, match="is a link to a folder of another user"):
        sharing.open_to(workspace, "mlops")
    assert stat.S_IMODE(treasure.stat().st_mode) == 0o700


@needs_root
def test_a_lock_that_may_not_be_opened_is_no_sign_that_no_engine_runs(shared: Workspace) -> None:
    """An engine of another user that left the lock to itself: nobody else is told that there is none."""
    shared.lock.touch(0o600)
    told = as_user(VIEWER, lambda: engine_pid(shared), groups=[GROUP])
    assert told.status == ExitCode.UNREACHABLE
    assert "cannot be told: engine.lock cannot be opened (Permission denied)." in told.text
    assert "chmod u+rw" in told.text
