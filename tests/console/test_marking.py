"""Several models at once: marks belong to models, every one of them is named before anything happens, and no other is touched."""

import pytest

from storage import jobs
from storage.database import Writer
from storage.records import JobParameters
from storage.tables import models
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import Console, read_it, shows, text, told
from tests.console.stage import NOW
from tests.console.test_actions import SIZE, answered, asked, select

MARKED = ("mnist", "seg-unet")

QUESTIONS = (
    ("r", "Evaluate 2 marked"),
    ("v", "Check 2 marked"),
    ("l", "Measure 2 marked"),
    ("t", "Train 2 marked"),
    ("f", "Restore 2 marked"),
)


async def mark(pilot: Console, *names: str) -> None:
    """Mark models."""
    for name in names:
        await select(pilot, name)
        await pilot.press("m")
        await shows(pilot, lambda shown, name=name: is_marked(shown, name))  # type: ignore[misc]


def is_marked(shown: str, name: str) -> bool:
    """Whether the row of a model is marked."""
    return any(line[2:3] == "*" and f" {name} " in line for line in shown.splitlines())


async def test_marked_models_are_evaluated(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """With marks r asks about exactly these, names each with its version, and evaluates them and no other."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, *MARKED)
        await shows(pilot, "Models 6  2 marked")
        await select(pilot, "speech-cmd")
        await pilot.press("r")
        shown = await shows(pilot, "Evaluate 2 marked models?")
        for named in ("This queues 2 evaluations:", "mnist v2", "seg-unet v1"):
            assert named in shown
        assert asked(writer) == []
        await read_it(pilot)
        await pilot.press("y")
        found = await answered(writer, 2)
        await told(pilot, "2 jobs queued")
    assert sorted((job.kind, job.model) for job in found) == [(JobKind.EVALUATE, name) for name in MARKED]


@pytest.mark.parametrize(
    ("key", "question", "kind"),
    [
        ("v", ("Check 2 marked models?",), JobKind.CHECK),
        ("t", ("Train 2 marked models?", "Nothing is deployed"), JobKind.TRAIN),
    ],
)
async def test_marked_models_are_checked_and_trained(
    open_console: Open, staged: Workspace, writer: Writer, key: str, question: tuple[str, ...], kind: JobKind
) -> None:
    """With marks the key asks once, names each of them, and has the engine do it to each."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, *MARKED)
        await pilot.press(key)
        shown = await shows(pilot, question[0])
        for said in (*question, *(f"  {name}" for name in MARKED)):
            assert said in shown
        await read_it(pilot)
        await pilot.press("y")
        found = await answered(writer, 2)
    assert sorted((job.kind, job.model) for job in found) == [(kind, name) for name in MARKED]


async def test_marked_models_are_restored(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """With marks f restores the files of what is deployed, and of no fault's repairs is one chosen for anybody."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, *MARKED, "text-intent")
        await pilot.press("f")
        shown = await shows(pilot, "Restore 2 marked models?")
        for named in ("mnist v2", "seg-unet v1", "No version to restore: text-intent"):
            assert named in shown
        await read_it(pilot)
        await pilot.press("y")
        found = await answered(writer, 2)
    assert sorted((job.model, job.version, job.parameters.fault) for job in found) == [
        (name, None, None) for name in MARKED
    ]
    assert {job.kind for job in found} == {JobKind.REPAIR}


async def test_jobs_of_marked_models_are_cancelled(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """With marks c asks once about everything that waits or runs for them, says how many it is, and ends no other job."""
    with writer.transaction() as connection:
        other = jobs.add(connection, JobKind.CHECK, "seg-unet", None, requested_by="ann", now=NOW)
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, "mnist")
        await pilot.press("c")
        await told(pilot, "No job of the marked models is waiting or running.")
        await mark(pilot, "speech-cmd", "churn-mlp")
        await pilot.press("c")
        shown = await shows(pilot, "Cancel 2 jobs of marked models?")
        for named in (
            "J3  evaluate speech-cmd v4  running",
            "J4  evaluate churn-mlp v1  queued",
            "Nothing waits or runs for: mnist",
        ):
            assert named in shown
        await read_it(pilot)
        await pilot.press("y")
        await told(pilot, "2 jobs are asked to end: J3, J4.")
    with writer.transaction() as connection:
        assert jobs.cancelled(connection, 3)
        states = {job.id: job.state for job in jobs.read(connection, limit=9)}
    assert (states[3], states[4], states[other.id]) == (
        JobState.RUNNING,
        JobState.CANCELLED,
        JobState.QUEUED,
    )


async def test_jobs_far_behind_in_the_queue_are_not_denied(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """Of a long queue the jobs in front are known: that others wait behind them is said, and never that there are none."""
    with writer.transaction() as connection:
        for number in range(30):
            parameters = JobParameters(data=f"part-{number}")
            jobs.add(
                connection,
                JobKind.EVALUATE,
                "churn-mlp",
                1,
                requested_by="ann",
                now=NOW,
                parameters=parameters,
            )
        jobs.add(connection, JobKind.CHECK, "mnist", None, requested_by="ann", now=NOW)
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("c")
        await told(pilot, "No job of mnist is among the first 20 that run or wait: 4 lists the others.")
        await mark(pilot, "mnist")
        await pilot.press("c")
        await told(pilot, "No job of the marked models is among the first 20")
        await mark(pilot, "churn-mlp")
        await pilot.press("c")
        await shows(pilot, "Cancel 19 jobs of marked models?")
        await pilot.press("pagedown", "pagedown")
        shown = await shows(pilot, "13 more wait behind these")
        assert "Nothing waits or runs" not in shown


async def test_v_checks_the_selected_model(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """Without marks it is the model under the cursor, at once."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await select(pilot, "mnist")
        await pilot.press("v")
        [job] = await answered(writer)
    assert (job.kind, job.model) == (JobKind.CHECK, "mnist")


async def test_enter_cancels(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """Enter in the question is no, and the marks are still there."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, *MARKED)
        for key, title in QUESTIONS:
            await pilot.press(key)
            await shows(pilot, title)
            await pilot.press("enter")
            await shows(pilot, lambda shown, title=title: title not in shown and "2 marked" in shown)  # type: ignore[misc]
    assert asked(writer) == []


async def test_marks_survive_sorting_and_filtering(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """A mark stays with its model in any order; one that the filter hides is named as such in the question."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, *MARKED)
        for _ in range(3):
            await pilot.press("o")
            await shows(pilot, lambda shown: all(is_marked(shown, name) for name in MARKED))
        await pilot.press("O", "slash", *"unet", "enter")
        shown = await shows(pilot, "Models 1 of 6")
        assert is_marked(shown, "seg-unet")
        await pilot.press("r")
        shown = await shows(pilot, "Evaluate 2 marked models?")
        [hidden] = [line for line in shown.splitlines() if "hidden by the filter" in line]
        assert "mnist v2" in hidden
        await pilot.press("escape", "escape")
        await shows(pilot, lambda shown: all(is_marked(shown, name) for name in MARKED))
        await pilot.press("escape")
        await shows(pilot, lambda shown: "marked" not in shown)
    assert asked(writer) == []


async def test_all_that_are_listed_are_marked_and_unmarked(open_console: Open, staged: Workspace) -> None:
    """M marks what the filter leaves, and takes the marks away where all have one."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("slash", *"model:-", "enter")
        await shows(pilot, "Models 5 of 6")
        count = 5
        await pilot.press("M")
        await shows(pilot, f"{count} marked")
        await pilot.press("escape")
        await shows(pilot, f"Models 6  {count} marked")
        await pilot.press("M")
        await shows(pilot, "Models 6  6 marked")
        await pilot.press("M")
        await shows(pilot, lambda shown: "marked" not in shown)


async def test_a_mark_is_gone_with_its_model(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """A model that is deleted is acted on no more."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, *MARKED)
        with writer.transaction() as connection:
            models.set_present(connection, {"mnist", "churn-mlp", "speech-cmd"})
        await shows(pilot, "Models 3  1 marked")
        await pilot.press("r")
        shown = await shows(pilot, "Evaluate the marked model?")
        assert "seg-unet" not in shown.partition("Evaluate the marked")[2].partition("cancel")[0]


async def test_what_cannot_be_evaluated_is_named(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """A marked model without a version that can be is told, and nothing is asked for it."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, "seg-unet", "text-intent")
        await pilot.press("r")
        await shows(pilot, "No version to evaluate: text-intent")
        await read_it(pilot)
        await pilot.press("y")
        [job] = await answered(writer)
    assert job.model == "seg-unet"


@pytest.mark.parametrize("key", ["r", "v", "l"])
async def test_marks_are_for_the_list_only(
    open_console: Open, staged: Workspace, writer: Writer, key: str
) -> None:
    """On a model's own screen the keys are about that model, whatever is marked."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, *MARKED)
        await select(pilot, "speech-cmd")
        await pilot.press("enter")
        await shows(pilot, "modeltender > speech-cmd")
        await pilot.press(key)
        [job] = await answered(writer)
    assert job.model == "speech-cmd"


async def test_read_only_marks_and_asks_nothing(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """A console that changes nothing may mark, and answers the keys that act."""
    async with open_console(staged, read_only=True).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, *MARKED)
        for key in ("r", "v", "l", "t", "f", "c"):
            pilot.app.clear_notifications()
            await pilot.press(key)
            await told(pilot, "This console is read-only")
        assert "marked models?" not in text(pilot)
    assert asked(writer) == []
