"""The keys that measure, train and export, and those that have nothing to do: each asks the engine for what was on the screen, and says what it would do."""

from storage.database import Writer
from storage.vocabulary import Format, JobKind, JobState, Quantization
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import read_it, shows, told
from tests.console.stage import NOW
from tests.console.test_actions import SIZE, answered, asked, select
from tests.console.test_marking import MARKED, mark


async def test_l_measures_the_deployed_version(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """L asks at once how fast what is deployed answers; on a model's screen it is the version under the cursor."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("l")
        [first] = await answered(writer)
        await shows(pilot, f"J{first.id} queued: latency mnist v2")
        await pilot.press("enter", "G")
        await shows(pilot, "r eval v1")
        await pilot.press("l")
        _, second = await answered(writer, 2)
    assert (first.kind, first.version) == (JobKind.LATENCY, 2)
    assert (second.kind, second.version) == (JobKind.LATENCY, 1)


async def test_marked_models_are_measured(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """With marks l asks first, and names each of them with its version."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await mark(pilot, *MARKED)
        await pilot.press("l")
        shown = await shows(pilot, "Measure 2 marked models?")
        assert "mnist v2" in shown
        assert "seg-unet v1" in shown
        await read_it(pilot)
        await pilot.press("y")
        jobs = await answered(writer, 2)
    assert sorted((job.kind, job.model) for job in jobs) == [(JobKind.LATENCY, name) for name in MARKED]


async def test_t_trains_after_a_question(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """The question says on what the training works, from where it starts, and that nothing is deployed by it."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("t")
        shown = await shows(pilot, "Train mnist?")
        for part in ("on the data in train/mnist", "starts from v2", "nothing is deployed"):
            assert part in shown
        await pilot.press("enter")
        await shows(pilot, lambda shown: "Train mnist?" not in shown)
        assert asked(writer) == []
        await pilot.press("t")
        await read_it(pilot)
        await pilot.press("y")
        [job] = await answered(writer)
        await told(pilot, f"J{job.id} queued: train mnist")
    assert (job.kind, job.model, job.version) == (JobKind.TRAIN, "mnist", None)


async def test_training_says_how_long_the_last_one_took(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """What a training costs is known from the one before."""
    with writer.transaction() as connection:
        connection.execute(
            "INSERT INTO jobs (kind, model, parameters, requested_by, requested_at, state, started_at, finished_at) "
            "VALUES (?, 'mnist', '{}', 'ann', ?, ?, ?, ?)",
            (JobKind.TRAIN, NOW - 500, JobState.SUCCEEDED, NOW - 400, NOW - 100),
        )
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "mnist")
        await pilot.press("t")
        await shows(pilot, "The last training took 5m.")


async def test_x_offers_what_the_format_can_become(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """Only ways that there are, from the version that is deployed; the chosen one is asked for, and nothing else."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("x")
        shown = await shows(pilot, "Export mnist v2 (keras)")
        assert shown.count("litert  ") == 4
        assert "onnx    " not in shown.partition("Export mnist")[2].partition("esc closes")[0]
        await pilot.press("down", "down", "down", "down", "enter")
        await shows(pilot, "Export mnist v2 to litert?")
        await read_it(pilot)
        await pilot.press("y")
        [job] = await answered(writer)
        await told(pilot, f"J{job.id} queued: export mnist v2")
    assert (job.kind, job.version) == (JobKind.EXPORT, 2)
    assert (job.parameters.to, job.parameters.quantize) == (Format.LITERT, Quantization.INT8)


async def test_what_cannot_be_exported_is_a_sentence(
    open_console: Open, staged: Workspace, writer: Writer
) -> None:
    """A version that failed, and a model without one, are told; nothing is offered for them."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "text-intent")
        await pilot.press("x")
        await told(pilot, "text-intent has no version that could be exported.")
        await select(pilot, "seg-unet")
        await pilot.press("enter", "x")
        await told(pilot, "v2 of seg-unet cannot be exported: it failed.")
    assert asked(writer) == []


async def test_nothing_to_allow_is_a_sentence(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """A version that loads needs no trust, and what failed otherwise is not helped by it."""
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await pilot.press("a")
        await told(pilot, "v3 of mnist was not refused: there is nothing to allow.")
        await select(pilot, "seg-unet")
        await pilot.press("a")
        await told(pilot, "v2 of seg-unet failed, and no trust lifts that: The archive is truncated")
    assert asked(writer) == []
