"""The main screen in Textual's own test terminal, on a real database: what it shows, at every size, and how it moves."""

import pytest

from storage import jobs
from storage.database import KNOWN_VERSION, Writer
from storage.records import Arrival
from storage.tables import events, faults, inbox
from storage.vocabulary import JobKind, JobState, Status
from storage.workspace import Workspace, create_workspace
from tests.console.conftest import Open
from tests.console.screen import shows, text, told
from tests.console.stage import NOW, Played, add_model
from tests.console.test_actions import asked, select
from tui.widgets.model_table import ModelTable

SMALL, LARGE = (80, 24), (160, 45)


async def test_large_terminal_shows_more(open_console: Open, staged: Workspace) -> None:
    """With room, latency has its own chart and the jobs have a list."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        shown = await shows(pilot, "p50 latency")
        assert "1 running, 1 queued" in shown
        assert "FAILED seg-unet@2 cannot be loaded" in shown


async def test_models_in_trouble_come_first(open_console: Open, staged: Workspace) -> None:
    """The table begins with what needs somebody, and the cursor is on it."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        rows = [line for line in text(pilot).splitlines() if " v" in line]
        assert rows[0].startswith("│> ! seg-unet")
        assert "mnist" in rows[1]


async def test_chart_follows_the_cursor(open_console: Open, staged: Workspace) -> None:
    """The chart is the selected model's."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await pilot.press("j")
        await shows(pilot, "mnist  accuracy")
        await shows(pilot, "v3 0.9740 ±")
        await pilot.press("k")
        await shows(pilot, "seg-unet  accuracy")


@pytest.mark.parametrize(
    ("keys", "selected"), [("G", "text-intent"), ("Gg", "seg-unet"), ("jj", "churn-mlp")]
)
async def test_keys_move_the_cursor(open_console: Open, staged: Workspace, keys: str, selected: str) -> None:
    """The cursor goes to the first and last row, and down by one."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await pilot.press(*keys)
        assert pilot.app.query_one(ModelTable).selected == selected


async def test_cursor_stays_on_its_model(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """A table that sorts itself anew takes the cursor along with its model."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await pilot.press("j", "j", "j")
        await shows(pilot, "digits-onnx  accuracy")
        with writer.transaction() as connection:
            faults.open_fault(connection, "drift", "it drifts", at=NOW, model="digits-onnx")
            add_model(connection, "another", Played(1, (0.9,)))
        await shows(pilot, lambda shown: "> ! digits-onnx" in shown and "another" in shown)
        assert pilot.app.query_one(ModelTable).selected == "digits-onnx"


async def test_new_model_appears(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """What the engine records is on the screen by itself."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        with writer.transaction() as connection:
            add_model(connection, "brand-new", Played(1, (0.9,)))
        await shows(pilot, "brand-new")
        assert "Models 7" in text(pilot)


async def test_enter_opens_and_escape_returns(open_console: Open, staged: Workspace) -> None:
    """Enter opens the selected model, Esc goes back to the same row."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await pilot.press("j", "enter")
        shown = await shows(pilot, "Versions")
        assert "modeltender > mnist" in shown
        await pilot.press("escape")
        await shows(pilot, "Models 6")
        assert pilot.app.query_one(ModelTable).selected == "mnist"


async def test_pause_freezes_the_display(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """Pausing freezes what is shown, says so, and resuming shows what happened meanwhile."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await pilot.press("space")
        shown = await shows(pilot, "PAUSED")
        assert "space resume" in shown
        with writer.transaction() as connection:
            add_model(connection, "meanwhile", Played(1, (0.9,)))
        await pilot.pause(0.6)
        assert "meanwhile" not in text(pilot)
        await pilot.press("space")
        assert "PAUSED" not in await shows(pilot, "meanwhile")


async def test_zoom_gives_the_chart_all_the_room(open_console: Open, staged: Workspace) -> None:
    """Z leaves only the chart, and z again brings the panels back."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await pilot.press("z")
        shown = await shows(pilot, lambda shown: "Devices" not in shown)
        assert "seg-unet  accuracy" in shown
        assert "z all panels" in shown
        await pilot.press("z")
        await shows(pilot, "Devices")


async def test_first_run_is_explained_and_left(
    open_console: Open, workspace: Workspace, writer: Writer
) -> None:
    """An empty workspace explains itself, and the panels are there as soon as a model is."""
    async with open_console(workspace).run_test(size=SMALL) as pilot:
        shown = await shows(pilot, "No models yet")
        assert "test/<name>/test.npz" in shown
        # To look again would find nothing else.
        assert "retry" not in shown
        with writer.transaction() as connection:
            refused = Arrival(
                model="m",
                name="x.onnx",
                status=Status.UNSUPPORTED,
                reason="It is empty.",
                bytes=0,
                seen_at=NOW,
            )
            inbox.put(connection, refused, stamp="s", sha256=None, version_id=None)
        await shows(pilot, "train/m/x.onnx: It is empty.")
        with writer.transaction() as connection:
            add_model(connection, "first", Played(1, (0.9,)))
        shown = await shows(pilot, "Models 1")
        assert "first" in shown


async def test_missing_database_is_told_and_left(
    open_console: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A folder that no engine ever worked on says so, and shows the panels once one did."""
    bare = create_workspace(tmp_path_factory.mktemp("bare"))
    async with open_console(bare).run_test(size=SMALL) as pilot:
        await shows(pilot, "No engine has run on this folder yet")
        writer = Writer(bare.database)
        with writer.transaction() as connection:
            add_model(connection, "first", Played(1, (0.9,)))
        writer.close()
        await shows(pilot, "Models 1")


async def test_damage_is_told_and_left(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """A database that breaks while the console is open is told, and when it is whole again the panels are back."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await pilot.press("enter")
        await shows(pilot, "Versions")
        with writer.transaction() as connection:
            connection.execute("PRAGMA user_version = 99")
        await shows(pilot, lambda shown: "newer modeltender" in shown or "Versions" in shown)
        whole = staged.database.rename(staged.state / "aside.db")
        await shows(pilot, "There is no database yet")
        with writer.transaction() as connection:
            connection.execute(f"PRAGMA user_version = {KNOWN_VERSION}")
        whole.rename(staged.database)
        await shows(pilot, "Models 6")


async def test_q_leaves(open_console: Open, staged: Workspace) -> None:
    """Q ends the console with status 0."""
    console = open_console(staged)
    async with console.run_test(size=SMALL) as pilot:
        await pilot.press("q")
        await pilot.pause()
    assert console.return_code == 0


@pytest.mark.parametrize("name", ["fold[/]er", "[bold red]x[/]", "a" * 120, "模型", "e\u0301clair"])
async def test_hostile_names_are_characters(
    open_console: Open, staged: Workspace, writer: Writer, name: str
) -> None:
    """Markup, length and wide characters in a name change nothing but the name."""
    with writer.transaction() as connection:
        add_model(connection, name, Played(1, (0.9,)))
        faults.open_fault(connection, "x", "[/]", at=NOW, model=name)
        events.add(connection, "x", "[/red] told", at=NOW)
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        shown = await shows(pilot, "1 FAULT")
        assert name[:10] in shown
        assert "[/red] told" in shown
        while pilot.app.query_one(ModelTable).selected != name:
            await pilot.press("j")
        await pilot.press("enter")
        # The name is in the first line, of which a long one takes what its state leaves.
        await shows(
            pilot, lambda shown: name[:10] in (first := shown.splitlines()[0]) and "! 1 FAULT" in first
        )
        await pilot.press("p")
        await shows(pilot, "no gate report yet")
        await pilot.press("escape", "r")
        await shows(pilot, "queued")


async def test_steering_sequences_never_reach_the_screen(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """Even a name that was stored uncleaned draws no escape sequence."""
    with writer.transaction() as connection:
        add_model(connection, "evil\x1b[31m\x1b]0;owned\x07", Played(1, (0.9,)))
    async with open_console(staged).run_test(size=SMALL) as pilot:
        shown = await shows(pilot, "Models 7")
        assert "evil" in shown
        assert "\x1b" not in shown
        assert "\x07" not in shown


async def test_a_filter_without_a_match_leaves_no_model_to_act_on(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """What nobody sees is neither shown below nor reached by a key; esc brings every model back."""
    before = len(asked(writer))
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "seg-unet  accuracy")
        await pilot.press("slash", *"zzz", "enter")
        await shows(pilot, "nothing matches zzz: esc shows all")
        shown = await shows(pilot, "no model is selected")
        assert "seg-unet" not in shown.partition("─ Events")[0]
        assert "promote" not in shown.splitlines()[-1]
        for key in ("r", "p", "u", "enter"):
            await pilot.press(key)
            await told(pilot, "No model is selected.")
            pilot.app.clear_notifications()
        await pilot.press("escape")
        await shows(pilot, "seg-unet  accuracy")
    assert len(asked(writer)) == before


async def test_a_model_whose_evaluation_failed_says_why_it_has_no_figures(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """Where its chart would be stands what went wrong, and not that the same should be asked for again."""
    with writer.transaction() as connection:
        add_model(connection, "a-text", Played(1, ()))
        job = jobs.add(connection, JobKind.EVALUATE, "a-text", 1, requested_by="ann", now=NOW)
        error = "The column text holds texts."
        jobs.finish(connection, job.id, JobState.FAILED, now=NOW, error=error, hint="Save numbers.")
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await select(pilot, "a-text")
        shown = await shows(pilot, "the evaluation failed: The column text holds texts. Save numbers.")
        assert "no evaluations yet" not in shown
