"""What the console has to be before anybody is given it, in Textual's own test terminal; `test_acceptance_terminal` has the rest."""

import gc
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from textual import events as textual_events
from textual.widget import Widget

from storage import jobs
from storage.database import Writer
from storage.records import Refusal
from storage.tables import engine, faults, models
from storage.vocabulary import JobKind, Status
from storage.workspace import Workspace
from tests.console.conftest import Open, add_kept
from tests.console.screen import Clock, shows, text
from tests.console.stage import NOW
from tests.console.test_actions import answered, asked, select
from tests.console.test_screens import OPENS, TITLES
from tui import feed
from tui.command_line import COMMANDS, modeltender
from tui.dialogs.confirm import ARMED_AFTER_S
from tui.footers import footer
from tui.key import Key, Where
from tui.keys import KEYS, explained, of
from tui.widgets.lines import Lines

SMALL, LARGE = (80, 24), (160, 45)

SIZES = [(60, 16), SMALL, (100, 30), (120, 32), LARGE, (300, 80)]

ASKING = [key for key in of(Where.OVERVIEW) if key.asks]

CANCELLABLE = "speech-cmd"
"""The model of the stage of which a job runs."""


@pytest.mark.parametrize("key", ASKING, ids=lambda key: key.action)
async def test_no_accidental_action(
    open_console: Open, staged: Workspace, writer: Writer, clock: Clock, key: Key
) -> None:
    """Keys in a burst, a paste, Enter and closing keys confirm no question, however long it was looked at."""
    staged.model_settings("mnist").parent.mkdir(parents=True)
    if key.action == "app.trust":
        with writer.transaction() as connection:
            newest = models.versions(connection, "mnist")[0]
            refusal = Refusal(at=NOW, evidence=(), liftable=True)
            models.set_version(
                connection, newest.id, status=Status.QUARANTINED, reason="code", refusal=refusal
            )
    if key.action == "app.quarantine":
        with writer.transaction() as connection:
            add_kept(connection, "mnist", "own.keras", "own.keras asks for code", "a layer")
    # A way to export, and one out of the quarantine, is chosen before its question.
    opens = [key.keys, "enter"] if key.action in {"app.export", "app.quarantine"} else [key.keys]
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await select(pilot, CANCELLABLE if key.action == "app.cancel" else "mnist")
        pilot.app.post_message(textual_events.Paste(f"{key.keys}y\n"))
        await pilot.pause()
        assert len(pilot.app.screen_stack) == 1
        for burst in (["y"], ["enter"], ["y", "enter"], ["y", "y", "y", "y"], ["escape"], ["n"], ["q"]):
            await pilot.press(key.keys, *burst)
            await pilot.press("escape")
            await shows(pilot, lambda shown: "esc  cancel" not in shown)
        await pilot.press(*opens)
        await shows(pilot, "esc  cancel")
        clock.now += 60.0
        pilot.app.screen.post_message(textual_events.Paste("y\n"))
        await pilot.pause()
        assert "esc  cancel" in text(pilot)
        await pilot.press("enter")
        await shows(pilot, lambda shown: "esc  cancel" not in shown)
        await pilot.pause(0.1)
    assert asked(writer) == []
    assert not staged.model_settings("mnist").exists()
    with writer.transaction() as connection:
        assert not jobs.cancelled(connection, 3)


async def test_a_question_keeps_its_target(
    open_console: Open, staged: Workspace, writer: Writer, clock: Clock
) -> None:
    """Rows that change places, and another version that is deployed meanwhile, do not change what a yes is about."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await select(pilot, "mnist")
        await pilot.press("p")
        await shows(pilot, "Promote mnist v3?")
        with writer.transaction() as connection:
            for name in ("digits-onnx", "churn-mlp"):
                faults.open_fault(connection, "drift", "it drifts", at=NOW, model=name)
            models.set_current(connection, 1, current_id=1, previous_id=None)
        await shows(pilot, lambda _shown: bool(pilot.app.news.snapshot.faults))  # type: ignore[attr-defined]
        clock.now += ARMED_AFTER_S
        await pilot.press("y")
        [job] = await answered(writer)
    assert (job.kind, job.model, job.version) == (JobKind.PROMOTE, "mnist", 3)
    assert job.parameters.expected_current == 2
    assert len(job.parameters.expected_sha256) == 64


async def test_the_first_paint_is_complete(open_console: Open, staged: Workspace) -> None:
    """The first screen has the figures, the chart and the devices; nothing is filled in later."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        shown = text(pilot)
        for part in ("seg-unet", "0.7713", "cuda:0", "engine ●", "v1 0.7713 ±", "J3  ", "cannot be loaded"):
            assert part in shown


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the rows of panels that are painted again, each time it is; 0 stands for a whole panel."""
    found: list[int] = []
    refresh = Lines.refresh

    def noted(lines: Lines, *regions: object, **options: object) -> Widget:
        found.extend([1] * len(regions) or [0])
        return refresh(lines, *regions, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Lines, "refresh", noted)
    return found


async def test_nothing_is_painted_but_what_changed(
    open_console: Open, staged: Workspace, writer: Writer, painted: list[int]
) -> None:
    """Beats of the engine's heart paint nothing; a job that goes on paints its own lines, and no panel whole."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await shows(pilot, "v1 0.7713")
        await pilot.wait_for_scheduled_animations()
        painted.clear()
        for beat in range(1, 4):
            with writer.passing() as connection:
                engine.beat(connection, now=NOW + beat, rss_bytes=beat, cpu_percent=2.0, hosts=())
            await shows(pilot, lambda _, beat=beat: pilot.app.news.snapshot.engine.rss_bytes == beat)  # type: ignore[misc, attr-defined]
        assert painted == []
        with writer.passing() as connection:
            jobs.progress(connection, 3, done=8804, total=11005)
        await shows(pilot, lambda shown: shown.count("80%") == 2)
        assert painted == [1] * len(painted)
        assert len(painted) <= 4


async def test_hours_of_changes_leave_nothing_behind(
    open_console: Open, staged: Workspace, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After hundreds of changes on the screen there are hardly more objects than after the first ones: of each, hundreds are made."""
    monkeypatch.setattr(feed, "POLL_S", 0.001)
    counts = []
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await shows(pilot, "v1 0.7713")
        for tick in range(240):
            with writer.passing() as connection:
                engine.beat(connection, now=NOW + tick, rss_bytes=1, cpu_percent=1.0, hosts=())
                jobs.progress(connection, 3, done=tick + 1, total=1000)
            await shows(pilot, lambda _, done=tick + 1: pilot.app.news.snapshot.jobs[0].done == done)  # type: ignore[misc, attr-defined]
            if tick in {79, 239}:
                gc.collect()
                counts.append(len(gc.get_objects()))
    assert counts[1] - counts[0] < 800, counts


async def test_every_screen_is_complete_at_every_size(open_console: Open, faulty: Workspace) -> None:
    """Each line is as wide as the terminal, states and footer are whole, nothing is scrolled sideways; too small says so."""
    async with open_console(faulty).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        for where, key in OPENS.items():
            await pilot.press(key)
            await shows(pilot, TITLES[where])
            for size in SIZES:
                await pilot.resize_terminal(*size)
                lines = (await shows(pilot, _is_footed(size))).splitlines()
                assert {len(line) for line in lines} == {size[0]}, (where, size)
                assert TITLES[where] in "\n".join(lines)
                sideways = [each for each in pilot.app.screen.query(Widget) if each.show_horizontal_scrollbar]
                assert sideways == []
                if where is Where.OVERVIEW:
                    assert "1 FAULT" in "\n".join(lines)
            for size in ((59, 15), (10, 3), (1, 1)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
                if size == (59, 15):
                    shown = await shows(pilot, "this terminal is 59x15")
                    assert "seg-unet 1 FAULT" in shown
            await pilot.resize_terminal(*SMALL)
            await shows(pilot, TITLES[where])


def _is_footed(size: tuple[int, int]) -> Callable[[str], bool]:
    return lambda shown: (
        len(shown.splitlines()) == size[1]
        and len(shown.splitlines()[-1]) == size[0]
        and "quit" in shown.splitlines()[-1]
    )


async def test_every_key_is_explained(open_console: Open, staged: Workspace) -> None:
    """The help of a screen has each of its keys with its words, the list of actions finds each, and the footer those with a label."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        for where, opens in OPENS.items():
            await pilot.press(opens)
            await shows(pilot, TITLES[where])
            await pilot.press("question_mark")
            shown = await shows(pilot, f"Keys: {where}")
            lines = [f"{line.shown:<8}{line.words}" for line in explained(where)]
            if not all(line in shown for line in lines):
                shown = await shows(pilot, "↓ more   esc closes")
                await pilot.press(*["down"] * len(lines))
                shown += await shows(pilot, lines[-1])
            assert [line for line in lines if line not in shown] == []
            await pilot.press("escape", "colon")
            await shows(pilot, f"Actions: {where}")
            await pilot.press("escape")
            labelled = {(key.sign or key.shown, key.label) for key in of(where) if key.label}
            assert set(footer(where, 1000)) == labelled


def test_what_a_key_asks_for_has_a_command() -> None:
    """Whatever a key has the engine do can be asked for in a shell, too, where scripts live."""
    without = {key.action for key in KEYS if key.engine and not key.command}
    assert without == {"app.write_settings", "app.run_again"}, "an editor, and the command of the job itself"
    for words in {key.command for key in KEYS if key.command}:
        name, *rest = words.split()
        assert name in COMMANDS
        said = CliRunner().invoke(modeltender, [name, *rest, "--help"])
        assert said.exit_code == 0, said.output
