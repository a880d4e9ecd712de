"""What the console has to be before anybody is given it: what happens when something is asked for, or cannot be."""

import msgspec
import pytest

from storage import jobs, snapshot
from storage.database import Reader, Writer
from storage.records import HistoryPoint
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace, engine_lock
from tests.console.conftest import Open
from tests.console.screen import read_it, shows, told
from tests.console.stage import NOW
from tests.console.test_actions import answered, asked, select
from tests.console.test_screens import OPENS
from tui.commands.figures import milliseconds, size, with_interval
from tui.key import Where
from tui.keys import of
from tui.widgets.braille import Marker
from tui.widgets.history_chart import NOTHING_YET, by_version
from tui.widgets.lines import Lines
from tui.widgets.time_chart import chart_lines

SMALL, LARGE = (80, 24), (160, 45)

POINTS = 10_000


async def test_engine_down_is_unmistakable(open_console: Open, forsaken: Workspace, writer: Writer) -> None:
    """When it goes every screen says so with the age, every panel stands back, and each key that acts answers why it does not."""
    async with open_console(forsaken).run_test(size=SMALL, notifications=True) as pilot:
        with engine_lock(forsaken):
            await shows(pilot, "engine ●")
        await shows(pilot, "ENGINE DOWN <1m")
        await shows(pilot, "The engine is not running: s starts it. All below is as of 14:23 UTC.")
        for opens in OPENS.values():
            await pilot.press(opens)
            await shows(pilot, lambda shown: "ENGINE DOWN" in shown.splitlines()[0])
            assert all(lines.stale for lines in pilot.app.screen.query(Lines))
        await pilot.press("1")
        for key in of(Where.OVERVIEW):
            if key.engine and key.action not in {"app.start_engine", "app.write_settings"}:
                pilot.app.clear_notifications()
                await pilot.press(key.keys)
                await told(pilot, "The engine is not running: s starts it.")
    assert asked(writer) == []


async def test_every_action_is_visible_and_answered(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """A job is named when it is asked for, its progress and its failure are told, and the next console shows the same job."""
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("r")
        [job] = await answered(writer)
        await told(pilot, f"J{job.id} queued: evaluate mnist v2")
        with writer.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'running', started_at = ? WHERE id = ?", (NOW, job.id)
            )
            jobs.progress(connection, job.id, done=400, total=1000)
        await shows(pilot, "eval 40%")
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "eval 40%")
        await pilot.press("4", "slash", *f"J{job.id}", "enter")
        await shows(pilot, "400 of 1,000")
        with writer.transaction() as connection:
            jobs.finish(
                connection, job.id, JobState.FAILED, now=NOW, code="x", error="The worker died.", hint="Look."
            )
        shown = await shows(pilot, "The worker died.")
        assert "FAILED" in shown
        assert "Look." in shown


async def test_the_promote_dialog_tells_the_truth(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """It shows what is recorded of both versions and each check; a gate that failed takes the name, typed, and a reason."""
    reader = Reader(staged.database)
    found = {model.name: model for model in snapshot.read(reader).models}
    reader.close()
    old, new = found["mnist"].current, found["mnist"].candidate
    assert old
    assert new
    assert old.evaluation
    assert new.evaluation
    assert new.gate
    assert old.evaluation.latency
    assert new.evaluation.latency
    async with open_console(staged).run_test(size=(100, 45), notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("p")
        shown = await shows(pilot, "Promote mnist v3?")
        for version, evaluation in ((old, old.evaluation), (new, new.evaluation)):
            assert with_interval(evaluation.metric("accuracy")) in shown
            assert evaluation.latency
            assert milliseconds(evaluation.latency.p95_ms) in shown
            assert size(version.bytes) in shown
        assert f"n={new.evaluation.dataset_rows}" in shown
        assert f"v{old.number} stays on disk: u brings it back." in shown
        for check in new.gate.checks:
            assert f"✓ {check.name}" in shown
        await pilot.press("escape")

        await select(pilot, "digits-onnx")
        await pilot.press("p")
        await shows(pilot, "The gate did not pass")
        await read_it(pilot)
        await pilot.press("y", "tab", *"digits")
        await pilot.press("enter", *"bad data")
        await read_it(pilot)
        await pilot.press("enter")
        await shows(pilot, "The name is not digits-onnx.")
        assert asked(writer) == []
        await pilot.press("shift+tab", *"-onnx", "tab")
        await read_it(pilot)
        await pilot.press("enter")
        [job] = await answered(writer)
    assert (job.kind, job.model, job.version) == (JobKind.PROMOTE, "digits-onnx", 2)
    assert (job.parameters.force, job.parameters.reason) == (True, "bad data")


@pytest.mark.parametrize("size", [(60, 10), (20, 4), (150, 30)])
def test_a_chart_shows_all_that_was_measured(size: tuple[int, int]) -> None:
    """Of ten thousand values one bad one is seen, a silence stays a gap, and objective, marker and both times are there."""
    sound = HistoryPoint(at=0.0, version=1, metric="accuracy", value=0.95, low=0.94, high=0.96, n=1000)
    points = [msgspec.structs.replace(sound, at=60.0 * step) for step in range(POINTS)]
    silent = [point for point in points if not 200_000 < point.at < 400_000]
    bad = [*silent[:500], msgspec.structs.replace(silent[500], value=0.5), *silent[501:]]
    width, height = size
    drawn = {
        name: [
            line.plain
            for line in chart_lines(
                by_version(history),
                width,
                height,
                nothing=NOTHING_YET,
                objective=0.93,
                markers=[Marker(90_000.0, "v2")],
            )
        ]
        for name, history in (("all", points), ("silent", silent), ("bad", bad))
    }
    assert all(len(lines) == height for lines in drawn.values())
    assert all(len(line) <= width for lines in drawn.values() for line in lines)
    assert drawn["bad"] != drawn["silent"] != drawn["all"]
    if size == (60, 10):
        text = "\n".join(drawn["silent"])
        for part in ("v2", "┆", "┄", "01-01 00:00", "01-07 22:39"):
            assert part in text
        middle = [line[27:39] for line in drawn["silent"][:-1]]
        assert not any(set(line) - {" ", "┄"} for line in middle), text
