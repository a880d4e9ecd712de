"""The key that sees to what was taken out of the inbox: both ways out, each with its question, and what the engine makes of them."""

from typing import Any, cast

import pytest

from engine import jobs as kinds
from engine.jobs.context import Context
from storage import jobs
from storage.database import Writer
from storage.settings import WorkspaceSettings
from storage.tables import models, quarantine
from storage.vocabulary import Custody, JobKind
from storage.workspace import Workspace, engine_lock
from tests.attacks import keras_lambda, zip_bomb
from tests.console.conftest import Open, add_kept
from tests.console.screen import Console, read_it, shows, text, told
from tests.console.test_actions import SIZE, answered, asked, select
from tests.handmade_models import save_onnx
from tests.ward import Quiet
from tests.watched import AtOnce, Watched


async def reason(pilot: Console, words: str) -> None:
    """Read a question, and answer it with a reason."""
    await read_it(pilot)
    await pilot.press("tab", *words)
    await read_it(pilot)
    await pilot.press("enter")


async def test_i_releases_with_a_reason(open_console: Open, refused: Workspace, writer: Writer) -> None:
    """Of what is kept one is chosen; what was found in it and what would happen are said, and that one is asked for."""
    async with open_console(refused).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "digits-onnx")
        await pilot.press("i")
        shown = await shows(pilot, "In quarantine: what arrived in train/digits-onnx")
        assert "delete      [bold]evil[/].keras: evil.keras unpacks" in shown
        assert "release     [bold]evil" not in shown, "no trust lifts that"
        assert "release     own.keras asks Keras" in shown
        await pilot.press("j", "enter")
        shown = await shows(pilot, "Release own.keras?")
        for part in (
            "found: Lambda layer 'scale'; Lambda layer 'shift'",
            "back to train/digits-onnx",
            "--revoke",
        ):
            assert part in " ".join(shown.replace("│", " ").split())
        await reason(pilot, "ours")
        [job] = await answered(writer)
        await told(pilot, f"J{job.id} queued: release digits-onnx")
    assert (job.kind, job.model, job.parameters.entry) == (JobKind.RELEASE, "digits-onnx", 2)
    assert job.parameters.reason == "ours"


async def test_i_deletes_with_a_reason(open_console: Open, refused: Workspace, writer: Writer) -> None:
    """That nothing brings it back is said first; neither y nor Enter alone deletes anything."""
    async with open_console(refused).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "digits-onnx")
        await pilot.press("i", "enter")
        shown = await shows(pilot, "Delete [bold]evil[/].keras?")
        assert "This removes it for good" in shown
        await read_it(pilot)
        await pilot.press("y", "tab")
        await read_it(pilot)
        await pilot.press("enter")
        await shows(pilot, "A reason is needed")
        assert asked(writer) == []
        await pilot.press(*"a bomb")
        await read_it(pilot)
        await pilot.press("enter")
        [job] = await answered(writer)
    assert (job.kind, job.parameters.entry, job.parameters.reason) == (JobKind.DELETE, 1, "a bomb")


async def test_a_single_way_out_is_asked_about_at_once(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """Of one thing that no trust lifts there is nothing to choose; Enter is no."""
    with writer.transaction() as connection:
        add_kept(connection, "churn-mlp", "bomb.keras", "bomb.keras unpacks to 300 MiB")
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "churn-mlp")
        await pilot.press("i")
        await shows(pilot, "Delete bomb.keras?")
        await read_it(pilot)
        await pilot.press("enter")
        await shows(pilot, lambda shown: "Delete bomb.keras?" not in shown)
    assert asked(writer) == []


@pytest.mark.parametrize("key", ["1", "2"], ids=["overview", "model"])
async def test_the_key_is_offered_where_something_is_kept(
    open_console: Open, refused: Workspace, writer: Writer, key: str
) -> None:
    """The footer names it for a model with something in quarantine; of another one it says that there is nothing."""
    async with open_console(refused).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "digits-onnx")
        await pilot.press(key)
        await shows(pilot, lambda shown: "i quarantine" in shown.splitlines()[-1])
        await pilot.press("1")
        await select(pilot, "churn-mlp")
        await pilot.press(key)
        await shows(pilot, lambda shown: "i quarantine" not in shown.splitlines()[-1])
        await pilot.press("i")
        await told(pilot, "Nothing that arrived in train/churn-mlp is in quarantine.")
    assert asked(writer) == []


async def test_a_model_with_nothing_else_to_do_names_the_key(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """The line about it ends with the key, and on a console that changes nothing only with what is the matter."""
    with writer.transaction() as connection:
        add_kept(connection, "churn-mlp", "own.keras", "own.keras asks for code", "a layer")
    said = "1 of train/churn-mlp in quarantine"
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "churn-mlp")
        await shows(pilot, f"{said}: i releases or deletes it")
    async with open_console(staged, read_only=True).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "churn-mlp")
        await shows(pilot, said)
        assert "i releases" not in text(pilot)
        await pilot.press("i")
        await told(pilot, "This console is read-only")


async def test_what_is_asked_for_is_what_happens(
    open_console: Open, workspace: Workspace, writer: Writer
) -> None:
    """Real files that were really refused: the released one is back and becomes a version, the deleted one is gone."""
    watched = Watched(workspace, writer, AtOnce())
    folder = workspace.train / "mnist"
    folder.mkdir(parents=True)
    save_onnx(folder / "good.onnx")
    watched.settle()
    for attack in (keras_lambda, zip_bomb):
        attack(folder, workspace.root / "canary")
        watched.settle()
    with writer.transaction() as connection:
        ours, bomb = quarantine.kept(connection, "mnist")
    assert (ours.liftable, bomb.liftable) == (True, False)
    with engine_lock(workspace):
        async with open_console(workspace).run_test(size=SIZE, notifications=True) as pilot:
            ways = (
                (("i", "enter"), "Release", ours, f"released; it lies in train/mnist/{ours.name} again"),
                (("i",), "Delete", bomb, "deleted"),
            )
            # The first job is the evaluation of the good version, which nobody does here.
            for number, (keys, does, entry, done) in enumerate(ways, start=2):
                await shows(pilot, f"{4 - number} of train/mnist in quarantine: i releases or deletes it")
                await pilot.press(*keys)
                await shows(pilot, f"{does} {entry.name}?")
                await reason(pilot, "reviewed")
                await told(pilot, f"J{number} queued: ")
                work(watched)
                await told(pilot, f"J{number} done: {done}")
            watched.settle()
            await pilot.press("i")
            await told(pilot, "Nothing that arrived in train/mnist is in quarantine.")
    with writer.transaction() as connection:
        states = [entry.state for entry in quarantine.read(connection)]
        versions = models.versions(connection, "mnist")
    assert states == [Custody.DELETED, Custody.RELEASED]
    assert [version.number for version in versions] == [2, 1]
    assert not list(workspace.quarantine.rglob("*.keras"))


def work(watched: Watched) -> None:
    """Do the job that waits, as the engine does; neither of these kinds needs hosts or model processes."""
    with watched.writer.transaction() as connection:
        job = jobs.claim(connection, frozenset({JobKind.RELEASE, JobKind.DELETE}), now=watched.clock.now())
    assert job is not None
    none = cast("Any", None)
    context = Context(watched.workspace, watched.writer, WorkspaceSettings(), none, none, watched.clock.now)
    outcome = kinds.handler(job.kind)(context, job, Quiet())
    with watched.writer.transaction() as connection:
        jobs.finish(connection, job.id, outcome.state, now=watched.clock.now(), message=outcome.message)
