"""Two versions beside each other: what is on record is shown, what is not is asked for once."""

from storage import jobs
from storage.database import Writer
from storage.tables import models
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import Console, shows, text, told
from tests.console.stage import NOW, Played, add_evaluation
from tests.console.test_actions import answered, asked, select

SMALL, TALL = (80, 24), (112, 60)


async def _open(pilot: Console) -> str:
    """Hold the newest version of mnist against what is deployed, from its screen."""
    await select(pilot, "mnist")
    await pilot.press("2")
    await shows(pilot, "Versions")
    await pilot.press("enter")
    return await shows(pilot, "v3 against v2")


async def test_what_is_on_record_is_shown(open_console: Open, compared: Workspace, writer: Writer) -> None:
    """Both versions' figures with their intervals, the paired difference, speed, size, classes, the verdict and the gate."""
    async with open_console(compared).run_test(size=TALL) as pilot:
        await _open(pilot)
        shown = await shows(pilot, "superior in accuracy at a margin of 0.005")
        flat = " ".join(shown.replace("│", " ").split())
        for part in (
            "accuracy 0.9425 ±0.0068 0.9740 ±0.0068 +0.0315 better [+0.0211, +0.0419]",
            "log_loss* 0.1782",
            "not known",
            "p95 latency ms",
            "size 1.2 MiB 1.4 MiB 17% larger",
            "FIGURE V2 ±95% V3 ±95% ADVANTAGE INTERVAL",
            "87 examples only version 3 gets right, 24 only version 2",
            "McNemar mid-p 2.1e-12",
            "latency: 1.042 times as long",
        ):
            assert part in flat
        assert shown.index("class 8 recall") < shown.index("class 7 recall")
        assert "gate  superior" in shown
    # One that is on record is not done again.
    assert [job.kind for job in asked(writer)] == [JobKind.COMPARE]


async def test_the_interval_of_each_difference_is_in_the_table_of_a_large_terminal(
    open_console: Open, compared: Workspace
) -> None:
    """Beside what the difference comes to there is still room for it."""
    async with open_console(compared).run_test(size=(160, 45)) as pilot:
        await _open(pilot)
        shown = await shows(pilot, "superior in accuracy at a margin of 0.005")
        row = next(line for line in shown.splitlines() if line.startswith("│> accuracy"))
        assert "+0.0315 better      [+0.0211, +0.0419]" in row
        # By how much and in which direction is one thing.
        assert "17% larger" in shown


async def test_the_chosen_figure_tells_its_interval_on_a_small_terminal(
    open_console: Open, compared: Workspace
) -> None:
    """Where the table has no room for it, the interval is told below."""
    async with open_console(compared).run_test(size=SMALL) as pilot:
        await _open(pilot)
        await shows(pilot, "accuracy +0.0315 [+0.0211, +0.0419] at 95%, n=2000")
        await pilot.press("j")
        await shows(pilot, "log_loss +0.0970 not known")


async def test_what_is_not_on_record_is_asked_for_once(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """Opening the screen has the two compared, once; how that stands is told, and r asks again when it has failed."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await _open(pilot)
        [job] = await answered(writer)
        assert (job.kind, job.version, job.parameters.against) == (JobKind.COMPARE, 3, 2)
        await shows(pilot, f"J{job.id} compares them: it waits for its turn")
        with writer.transaction() as connection:
            jobs.finish(connection, job.id, JobState.FAILED, now=NOW, error="Something went wrong.")
        await shows(pilot, f"J{job.id} failed: Something went wrong.")
        assert len(asked(writer)) == 1
        await pilot.press("r")
        await answered(writer, 2)


async def test_a_comparison_of_older_figures_is_not_shown(
    open_console: Open, compared: Workspace, writer: Writer
) -> None:
    """What was measured since makes it old: it is done again, and its verdict is not told of the new figures."""
    with writer.transaction() as connection:
        newest = models.versions(connection, "mnist")[0]
        add_evaluation(connection, newest.id, Played(3, (), 0.7), 0.9, NOW)
    async with open_console(compared).run_test(size=SMALL) as pilot:
        await _open(pilot)
        jobs_asked = await answered(writer, 2)
        shown = await shows(pilot, f"J{jobs_asked[-1].id} compares them")
        assert "superior in accuracy" not in shown


async def test_a_read_only_console_asks_for_nothing(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """It shows what there is and says why there is no more."""
    async with open_console(staged, read_only=True).run_test(size=SMALL, notifications=True) as pilot:
        await _open(pilot)
        await shows(pilot, "a read-only console cannot ask for it")
        await pilot.press("r")
        await told(pilot, "This console is read-only")
    assert asked(writer) == []


async def test_either_side_takes_another_version(open_console: Open, compared: Workspace) -> None:
    """Arrows change the version that is judged, brackets the one that it is held against, and they never meet."""
    async with open_console(compared).run_test(size=SMALL) as pilot:
        await _open(pilot)
        await pilot.press("right_square_bracket")
        await shows(pilot, "v3 against v1")
        await pilot.press("left")
        shown = await shows(pilot, "v2 against v1")
        assert "V1 " in shown
        await pilot.press("right")
        await shows(pilot, "v3 against v1")


async def test_the_compared_version_is_promoted_from_here(
    open_console: Open, compared: Workspace, writer: Writer
) -> None:
    """P is about the version that is judged: it asks for the candidate, and says why for any other one."""
    async with open_console(compared).run_test(size=SMALL, notifications=True) as pilot:
        await _open(pilot)
        await shows(pilot, "p promote v3")
        await pilot.press("p")
        await shows(pilot, "Promote mnist v3?")
        await pilot.press("escape")
        await shows(pilot, "v3 against v2")
        await pilot.press("left")
        await shows(pilot, "v1 against v2")
        assert "promote" not in text(pilot).splitlines()[-1]
        await pilot.press("p")
        await told(pilot, "v1 of mnist is not the candidate")


async def test_a_model_with_one_version_says_so(open_console: Open, staged: Workspace) -> None:
    """Where there is nothing to compare, the screen does not open."""
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await select(pilot, "churn-mlp")
        await pilot.press("6")
        await told(pilot, "churn-mlp has one version: there is nothing to compare.")
        assert len(pilot.app.screen_stack) == 1


async def test_another_model_is_another_pair(open_console: Open, compared: Workspace) -> None:
    """Going on to another model under the open comparison compares that model's versions."""
    async with open_console(compared).run_test(size=SMALL) as pilot:
        await _open(pilot)
        await pilot.press("2")
        await shows(pilot, "modeltender > mnist")
        await select_other(pilot)
        await pilot.press("6")
        await shows(pilot, "digits-onnx  v2 against v1")


async def select_other(pilot: Console) -> None:
    """Go to digits-onnx by way of the overview."""
    await pilot.press("1")
    await shows(pilot, "Models 6")
    await select(pilot, "digits-onnx")


async def test_the_past_has_the_comparison_of_then(open_console: Open, compared: Workspace) -> None:
    """Before it was made there was none, and nothing is asked for."""
    async with open_console(compared).run_test(size=SMALL) as pilot:
        await _open(pilot)
        await shows(pilot, "superior in accuracy")
        await pilot.press("at", *"14:22:00", "enter")
        await shows(pilot, "not compared then")
        await pilot.press("L")
        await shows(pilot, "superior in accuracy")


async def test_the_verdict_can_have_all_the_room(open_console: Open, compared: Workspace) -> None:
    """On a small terminal z shows every check of the gate, and the figures again with the cursor where it was."""
    async with open_console(compared).run_test(size=SMALL) as pilot:
        await _open(pilot)
        shown = await shows(pilot, "more lines")
        assert "✓ test-set" not in shown
        await pilot.press("j", "z")
        shown = await shows(pilot, "✓ test-set")
        assert "Figures" not in shown
        await pilot.press("z", "j")
        await shows(pilot, lambda shown: "> p50 latency ms" in shown)
