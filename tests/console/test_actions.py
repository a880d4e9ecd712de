"""The keys that act: each asks the engine for exactly what was on the screen, and nothing is asked by accident."""

import asyncio

import pytest
from textual import events as textual_events

from storage import jobs
from storage.database import Writer
from storage.promotion_records import LATENCY, SAME_DATA, GateCheck, GateReport
from storage.records import Job
from storage.tables import models
from storage.vocabulary import CheckVerdict, JobKind, JobState, Verdict
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import SOON_S, Console, read_it, shows, text, told
from tests.console.stage import NOW
from tui.widgets.model_table import ModelTable

SIZE = (80, 24)


def asked(writer: Writer) -> list[Job]:
    """Return the jobs that were asked for by this console: those after the stage's own."""
    with writer.transaction() as connection:
        found = jobs.read(connection, limit=100)
    return sorted((job for job in found if job.id > 4), key=lambda job: job.id)


async def select(pilot: Console, name: str) -> None:
    """Put the cursor on a model."""
    await pilot.press("g")
    table = pilot.app.query_one(ModelTable)
    while table.selected != name:
        await pilot.press("j")
    await shows(pilot, f"─ {name}  accuracy")


async def answered(writer: Writer, count: int = 1) -> list[Job]:
    """Wait until so many jobs were asked for, and return them."""
    async with asyncio.timeout(SOON_S):
        # The database tells nobody when it is written to.
        while len(found := asked(writer)) < count:  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.01)
    return found


async def test_r_evaluates_the_deployed_version(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """R asks for an evaluation of what is deployed, at once, and its number is shown."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("r")
        [job] = await answered(writer)
        await shows(pilot, f"J{job.id} queued: evaluate mnist v2")
    assert (job.kind, job.model, job.version, job.state) == (JobKind.EVALUATE, "mnist", 2, JobState.QUEUED)


async def test_end_of_a_job_is_told(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """How a job ends that was asked for here is told, a failure with its hint."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("r")
        [job] = await answered(writer)
        await shows(pilot, "queued")
        with writer.transaction() as connection:
            jobs.finish(
                connection, job.id, JobState.FAILED, now=NOW, code="x", error="It broke [/].", hint="Mend it."
            )
        await told(pilot, f"J{job.id} failed: It broke [/]. Mend it.")


async def test_end_of_other_jobs_is_not_told(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """What others asked for is in the events, and does not pop up."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        with writer.transaction() as connection:
            jobs.finish(connection, 3, JobState.FAILED, now=NOW, error="Not ours.")
        await shows(pilot, lambda shown: "J3" not in shown)
        await pilot.pause(0.2)
        assert "Not ours" not in text(pilot)


async def test_p_shows_what_would_change(open_console: Open, staged: Workspace) -> None:
    """The dialog compares both versions and shows every check of the gate, and what brings the old one back."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "mnist")
        await pilot.press("p")
        shown = await shows(pilot, "Promote mnist v3?")
        for part in (
            "current v2",
            "candidate v3",
            "n=2000",
            "0.9425 ±0.0068",
            "0.9740 ±0.0068",
            "+0.0315",
            "log loss",
            "p95 latency",
            "1.4 MiB",
            "superior",
            "✓ evaluated",
            "✓ same-data",
            "✓ accuracy",
            "v2 stays on disk: u brings it back.",
        ):
            assert part in shown


async def test_checks_that_do_not_fit_are_scrolled(open_console: Open, staged: Workspace) -> None:
    """On a small terminal what holds the candidate back comes first, and every answer stays in sight while one scrolls."""
    async with open_console(staged).run_test(size=(80, 24)) as pilot:
        await select(pilot, "digits-onnx")
        await pilot.press("p")
        shown = await shows(pilot, "↓ more")
        for part in (
            "✗ accuracy",
            "? anchor",
            "? classes",
            "✗ require",
            "Reason (kept in the log)",
            "cancel",
        ):
            assert part in shown
        assert "✓ test-set" not in shown
        await pilot.press("down")
        shown = await shows(pilot, "✓ test-set")
        for part in ("v1 stays on disk", "Reason (kept in the log)", "cancel"):
            assert part in shown
        await pilot.press("up")
        await shows(pilot, "✗ accuracy")


async def test_p_and_y_promote(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """p, a moment to read, y: the engine is asked for what the dialog showed."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("p")
        await read_it(pilot)
        await pilot.press("y")
        [job] = await answered(writer)
        await shows(pilot, f"J{job.id} queued: promote mnist v3")
    assert (job.kind, job.model, job.version) == (JobKind.PROMOTE, "mnist", 3)
    assert job.parameters.expected_current == 2
    assert len(job.parameters.expected_sha256) == 64
    assert not job.parameters.force


async def test_p_evaluates_first_where_the_gate_cannot_judge(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """What is missing is named, and one yes asks for the promotion that makes it and judges then."""
    with writer.transaction() as connection:
        candidate = models.versions(connection, "mnist")[0]
        detail = "version 2 has no evaluation to compare with: modeltender evaluate mnist@2"
        check = GateCheck(SAME_DATA, CheckVerdict.INCONCLUSIVE, detail)
        models.set_gate(connection, candidate.id, GateReport(2, Verdict.INCONCLUSIVE, (check,)))
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "mnist")
        await pilot.press("p")
        shown = await shows(pilot, "Evaluate, then promote mnist v3?")
        assert "? version 2 has no evaluation to compare with" in shown
        await read_it(pilot)
        await pilot.press("y")
        [job] = await answered(writer)
    assert (job.kind, job.version, job.parameters.force) == (JobKind.PROMOTE, 3, False)
    assert job.parameters.expected_current == 2


async def test_p_measures_first_where_only_the_latency_is_open(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """The comparison is shown as ever, and one yes asks for the promotion that measures and decides then."""
    with writer.transaction() as connection:
        candidate = models.versions(connection, "mnist")[0]
        checks = (
            GateCheck("accuracy", CheckVerdict.PASS, "0.9425 -> 0.9740: +0.0315"),
            GateCheck(LATENCY, CheckVerdict.INCONCLUSIVE, "not measured in turns with version 2 yet"),
        )
        models.set_gate(
            connection, candidate.id, GateReport(2, Verdict.INCONCLUSIVE, checks, unmeasured=True)
        )
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "mnist")
        await pilot.press("p")
        shown = await shows(pilot, "Promote mnist v3?")
        for part in ("y  measure, then promote", "? latency", "candidate v3", "run in turns first"):
            assert part in shown
        assert "To overrule" not in shown
        await read_it(pilot)
        await pilot.press("y")
        [job] = await answered(writer)
    assert (job.kind, job.version, job.parameters.force) == (JobKind.PROMOTE, 3, False)
    assert job.parameters.expected_current == 2


async def test_overruling_needs_a_reason(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """The name alone is not enough."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "digits-onnx")
        await pilot.press("p")
        await read_it(pilot)
        await pilot.press("tab", *"digits-onnx", "enter")
        await read_it(pilot)
        await pilot.press("enter")
        await shows(pilot, "A reason is needed")
    assert asked(writer) == []


async def test_typed_ahead_overrules_nothing(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """Name, reason and Enter in one burst are a paste, not a decision."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "digits-onnx")
        await pilot.press("p")
        await read_it(pilot)
        for key in ("tab", *"digits-onnx", "enter", *"why", "enter"):
            pilot.app.screen.post_message(
                textual_events.Key(key.replace("-", "minus"), key if len(key) == 1 else None)
            )
        await pilot.pause(0.2)
    assert asked(writer) == []


async def test_no_candidate_is_a_sentence(open_console: Open, staged: Workspace) -> None:
    """Where nothing can be promoted, one sentence says why."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "seg-unet")
        await pilot.press("p")
        await told(pilot, "v2 of seg-unet cannot be promoted, it failed")


async def test_u_states_where_it_goes(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """The rollback names both versions, and asks for exactly that."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "mnist")
        await pilot.press("u")
        await shows(pilot, "v2 -> v1")
        await read_it(pilot)
        await pilot.press("y")
        [job] = await answered(writer)
    assert (job.kind, job.version, job.parameters.expected_current) == (JobKind.ROLLBACK, 1, 2)


async def test_nothing_to_roll_back_is_a_sentence(open_console: Open, staged: Workspace) -> None:
    """A model that was deployed once has nothing to go back to, and that is said."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "churn-mlp")
        await pilot.press("u")
        await told(pilot, "Nothing was deployed before v1 of churn-mlp.")


async def test_capital_r_asks_for_all(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """R lists what it would queue, and queues one evaluation for each model that has a version."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await pilot.press("R")
        shown = await shows(pilot, "This queues 5 evaluations")
        assert "mnist v2" in shown
        await read_it(pilot)
        await pilot.press("y")
        # churn-mlp's waits already: asking again for what waits gives the one that waits.
        found = await answered(writer, 4)
    assert {job.kind for job in found} == {JobKind.EVALUATE}
    assert {job.model for job in found} == {"mnist", "digits-onnx", "seg-unet", "speech-cmd"}


async def test_c_cancels_the_models_job(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """C asks, then asks the engine to end the selected model's job."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "speech-cmd")
        await pilot.press("c")
        await shows(pilot, "J3  evaluate speech-cmd v4")
        await read_it(pilot)
        await pilot.press("y")
        await told(pilot, "J3 is asked to end")
    with writer.transaction() as connection:
        assert jobs.cancelled(connection, 3)


async def test_nothing_to_cancel_is_a_sentence(open_console: Open, staged: Workspace) -> None:
    """A model without a job has nothing to cancel, and that is said."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("c")
        await told(pilot, "No job of mnist is waiting or running.")


@pytest.mark.parametrize("key", ["r", "R", "p", "u", "c", "s", "l", "t", "x", "a"])
async def test_read_only_console_acts_on_nothing(
    open_console: Open, staged: Workspace, writer: Writer, key: str
) -> None:
    """A console that was opened read-only answers every action key with why it does nothing."""
    async with open_console(staged, read_only=True).run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("j", key)
        await told(pilot, "This console is read-only")
        assert "p promote" not in text(pilot).splitlines()[-1]
    assert asked(writer) == []


async def test_acting_on_a_models_screen(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """On a model's screen r evaluates the version under the cursor."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "mnist")
        await pilot.press("enter")
        await shows(pilot, "r eval v3")
        await pilot.press("G")
        await shows(pilot, "r eval v1")
        await pilot.press("r")
        [job] = await answered(writer)
    assert (job.model, job.version) == ("mnist", 1)


async def test_only_the_candidate_is_promoted(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """On a model's screen p is about the version under the cursor; another than the candidate is told the way."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("enter", "j", "p")
        await told(pilot, "v2 of mnist is not the candidate, v3 is.")
        await pilot.press("g", "p")
        await shows(pilot, "Promote mnist v3?")
    assert asked(writer) == []


async def test_locked_database_is_told(
    open_console: Open, staged: Workspace, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that cannot be written says so; nothing pretends to be queued."""
    monkeypatch.setattr("storage.database.SHARED_PRAGMAS", ("PRAGMA busy_timeout = 50",))
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        with writer.transaction():
            await pilot.press("r")
            await told(pilot, "has been locked")
    assert asked(writer) == []
