"""The screen of jobs, on a real database: what is told of each, and what its keys ask for."""

from storage import jobs
from storage.database import Writer
from storage.tables import engine, events
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import read_it, shows, told
from tests.console.stage import NOW
from tests.console.test_actions import answered, asked
from tests.console.test_screens import LARGE, SMALL


async def test_job_under_the_cursor_is_told_in_full(open_console: Open, staged: Workspace) -> None:
    """What runs has its rate and the time left; what failed, its error and its hint."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        shown = await shows(pilot, "6,820 of 11,005")
        assert "J3" in shown
        assert "0:15 left" in shown
        await pilot.press("j", "j")
        shown = await shows(pilot, "J2 evaluate seg-unet v2")
        assert "seg-unet@2 cannot be loaded: the archive is truncated." in shown
        assert "Copy it again." in shown


async def test_why_a_job_failed_can_be_read_to_the_end(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """The longest error that is kept and what helps are both there in full, and once; what else was recorded stands below."""
    error = " ".join(f"word{number}" for number in range(54))
    with writer.transaction() as connection:
        job = jobs.add(connection, JobKind.TRAIN, "churn-mlp", None, requested_by="ann", now=NOW - 9)
        connection.execute("UPDATE jobs SET started_at = ? WHERE id = ?", (NOW - 9, job.id))
        jobs.finish(
            connection,
            job.id,
            JobState.FAILED,
            now=NOW - 5,
            error=error,
            hint="See all that it said: log.txt",
        )
        for code, said in (("train-failed", f"train failed: {error}"), ("told", "epoch 3 was the last")):
            events.add(connection, code, said, at=NOW - 5, model="churn-mlp")
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4", "slash", *"train", "enter")
        await shows(pilot, "more lines: z shows them")
        await pilot.press("z")
        shown = await shows(pilot, "epoch 3 was the last")
    assert " ".join(shown.replace("│", " ").split()).count(error) == 1
    assert "what helps See all that it said: log.txt" in shown


async def test_c_cancels_the_job_under_the_cursor(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """The job that is named in the question is the one that is cancelled, whatever model is selected."""
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        await pilot.press("j", "c")
        await shows(pilot, "Cancel J4?")
        await read_it(pilot)
        await pilot.press("y")
        await told(pilot, "J4 cancelled: evaluate churn-mlp v1")
        await shows(pilot, "CANCELLED")
    with writer.transaction() as connection:
        found = {job.id: job.state for job in jobs.read(connection, limit=9)}
    assert (found[4], found[3]) == (JobState.CANCELLED, JobState.RUNNING)


async def test_r_runs_a_job_again(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """What ended is asked for once more, exactly as it was; what has not is not."""
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        await pilot.press("r")
        await told(pilot, "J3 has not ended yet.")
        await pilot.press("j", "j", "r")
        [job] = await answered(writer)
        await told(pilot, f"J{job.id} queued: evaluate seg-unet v2")
    assert (job.kind, job.model, job.version) == (JobKind.EVALUATE, "seg-unet", 2)


async def test_the_footer_offers_what_can_be_done_with_the_job(open_console: Open, staged: Workspace) -> None:
    """Cancelling is offered for what runs or waits, running again for what has ended, and neither for no job at all."""
    async with open_console(staged).run_test(size=LARGE) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        shown = await shows(pilot, "c cancel")
        assert "r run again" not in shown
        await pilot.press("j", "j")
        shown = await shows(pilot, "r run again")
        assert "c cancel" not in shown
        await pilot.press("slash", *"nothing", "enter")
        await shows(pilot, lambda shown: "c cancel" not in shown and "r run again" not in shown)


async def test_a_promotion_is_not_run_again_by_a_key(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """What changed what is deployed is asked for anew, with the question that shows it."""
    with writer.transaction() as connection:
        job = jobs.add(connection, JobKind.PROMOTE, "mnist", 3, requested_by="ann", now=NOW)
        jobs.finish(connection, job.id, JobState.FAILED, now=NOW, error="refused")
    async with open_console(staged).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, "Jobs 5")
        await pilot.press("slash", *"promote", "enter")
        await shows(pilot, "Jobs 1 of 5")
        await pilot.press("r")
        await told(pilot, f"J{job.id} changed what is deployed")
    assert [found.id for found in asked(writer)] == [job.id]


async def test_cursor_stays_on_its_job(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """A job that comes or ends never moves the cursor to another one."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        await pilot.press("j")
        await shows(pilot, "J4 evaluate churn-mlp v1")
        with writer.transaction() as connection:
            jobs.finish(connection, 3, JobState.SUCCEEDED, now=NOW, message="well")
            jobs.add(connection, JobKind.LATENCY, "mnist", 2, requested_by="ann", now=NOW)
        shown = await shows(pilot, "Jobs 5")
        assert "> J4 " in shown


async def test_enter_opens_the_model_of_a_row(open_console: Open, staged: Workspace) -> None:
    """Enter on a job opens the model that it is about."""
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("4")
        await shows(pilot, "Jobs 4")
        await pilot.press("enter")
        await shows(pilot, "modeltender > speech-cmd")


async def test_without_engine_no_time_is_left_for_a_job(
    open_console: Open, forsaken: Workspace, writer: Writer
) -> None:
    """What was left of a job is told as it was at the engine's last beat: the clock alone neither slows it nor ends it."""
    with writer.passing() as connection:
        engine.beat(connection, now=NOW - 5, rss_bytes=1, cpu_percent=1.0, hosts=())
    async with open_console(forsaken).run_test(size=SMALL) as pilot:
        await shows(pilot, "ENGINE DOWN")
        await pilot.press("4")
        await shows(pilot, "6,820 of 11,005, 341 a second, about 0:12 left")
