"""Every attack in one workspace, under a real engine with a console open: both stay up, and each attack has a reason."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from textual.pilot import Pilot

from sample_models.hostile import ATTACKS, Stop
from storage import launch
from storage.database import Reader
from storage.records import Version
from storage.tables import models
from storage.vocabulary import Status
from storage.workspace import Workspace, create_workspace, engine_pid
from tests.hostile.arsenal import SECRET
from tests.saved_models import tensorflow
from tests.tiny_models import KERAS_WARNING
from tui.app import Console
from tui.feed import Feed
from tui.widgets.model_table import ModelTable

pytestmark = [pytest.mark.filterwarnings(KERAS_WARNING), pytest.mark.timeout(420)]

BEFORE_S = 300.0
"""For four frameworks to be imported and sixty files to be looked at, on a machine that is busy with other tests."""

DECIDED = {
    Stop.UNOPENED: {Status.QUARANTINED, Status.UNSUPPORTED, Status.FAILED},
    Stop.CHECKED: {Status.QUARANTINED},
    # Those that attack when they are asked have loaded: there are no data here to ask them about.
    Stop.WALLED: {Status.READY, Status.FAILED},
    Stop.CLEANED: {Status.READY},
}


def name_of(number: int) -> str:
    """Return what the model of an attack is called."""
    return f"attack-{number:02}"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Return a workspace in which every attack is a version, with an engine that runs."""
    root = tmp_path_factory.mktemp("attacked")
    workspace = create_workspace(root / "workspace")
    for number, attack in enumerate(ATTACKS):
        canary = root / f"canary-{number}"
        if attack.reads:
            canary.write_bytes(SECRET)
        folder = workspace.version_folder(name_of(number), 1)
        folder.mkdir(parents=True)
        with tensorflow():
            attack.write(folder / attack.name, canary)
    launch.start(workspace)
    yield workspace
    launch.stop(workspace)


def versions(workspace: Workspace) -> dict[int, Version]:
    """Return what is recorded about each attack, by its number."""
    reader = Reader(workspace.database)
    with reader.transaction() as connection:
        found = {number: models.versions(connection, name_of(number)) for number in range(len(ATTACKS))}
    reader.close()
    return {number: listed[0] for number, listed in found.items() if listed}


def decided(workspace: Workspace) -> dict[int, Version]:
    """Return what is recorded once the engine has decided about every attack."""
    deadline = time.monotonic() + BEFORE_S
    while True:
        found = versions(workspace)
        open_ones = [
            ascii(ATTACKS[number].name)
            for number in range(len(ATTACKS))
            if number not in found or found[number].status in {Status.SETTLING, Status.CHECKING}
        ]
        if not open_ones:
            return found
        assert time.monotonic() < deadline, open_ones
        time.sleep(0.2)


async def test_engine_and_console_stay_up(attacked: Workspace) -> None:
    """Nothing runs, every attack is decided about with a reason that names it, and the console shows them all."""
    engine = engine_pid(attacked)
    assert engine
    born = psutil.Process(engine).create_time()
    feed = Feed(attacked)
    feed.look()
    console = Console(attacked, feed, read_only=True, host="host", clock=time.time)
    async with console.run_test(size=(80, 24)) as pilot:
        found = decided(attacked)
        await _walk(pilot)
    feed.stop()
    assert (engine_pid(attacked), psutil.Process(engine).create_time()) == (engine, born)
    for number, version in found.items():
        _check(number, version, attacked.root.parent / f"canary-{number}")


def _check(number: int, version: Version, canary: Path) -> None:
    attack = ATTACKS[number]
    said = f"{attack.name!r} is {version.status}: {version.reason}"
    # A name that cannot be shown is not taken at all, whatever is in the file.
    allowed = DECIDED[attack.stop] if attack.name.isprintable() else {Status.UNSUPPORTED}
    assert version.status in allowed, said
    assert version.reason.isprintable()
    if attack.stop in {Stop.UNOPENED, Stop.CHECKED}:
        assert attack.says in version.reason, said
    if attack.reads:
        assert canary.read_bytes() == SECRET, said
    else:
        assert not list(canary.parent.glob(f"{canary.name}[!0-9]*")), said
        assert not canary.exists(), said


async def _walk(pilot: Pilot[int]) -> None:
    """Go through every row as a person does, opening some; nothing that a name says is done or drawn."""
    table = pilot.app.query_one(ModelTable)
    seen = set()
    for number in range(len(ATTACKS)):
        seen.add(table.selected)
        if number % 8 == 0:
            await pilot.press("enter")
            await pilot.pause()
            await pilot.press("escape")
        await pilot.press("j")
        drawn = "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", drawn)
    assert len(seen) == len(ATTACKS)
    assert pilot.app.is_running
