"""What the console says of what was refused: why, what was found, and how its owner allows it, at 80 columns too."""

from storage.database import Writer
from storage.vocabulary import JobKind
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import read_it, shows, told
from tests.console.test_actions import SIZE, answered, asked, select


async def test_a_refused_version_says_why_and_how_to_allow_it(open_console: Open, refused: Workspace) -> None:
    """The table marks the model; its screen has the whole reason, the evidence and the command to type."""
    async with open_console(refused).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "v3 QUARANT.")
        await select(pilot, "mnist")
        await pilot.press("enter")
        shown = await shows(pilot, "Why v3 is in quarantine")
        flat = " ".join(shown.replace("│", " ").split())
        for part in (
            "(Lambda layer 'scale')",
            "keras.utils.get_file",
            "modeltender trust mnist@3 --reason …",
        ):
            assert part in flat
        assert "r evaluates" not in shown.split("Why v3")[1].split("Latency")[0]


async def test_what_is_in_quarantine_marks_its_model(open_console: Open, refused: Workspace) -> None:
    """The table counts it, and the model's screen names it, its markup shown and not obeyed."""
    async with open_console(refused).run_test(size=(160, 45)) as pilot:
        await shows(pilot, "digits-onnx")
        await select(pilot, "digits-onnx")
        await pilot.press("enter")
        shown = await shows(pilot, "[bold]evil[/].keras")
        assert "quarantined: evil.keras unpacks" in shown
        assert "own.keras quarantined: asks Keras" in shown


async def test_a_trusts_with_a_reason(open_console: Open, refused: Workspace, writer: Writer) -> None:
    """What was found is shown, a reason is needed, and the content that was shown is what is trusted."""
    async with open_console(refused).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await shows(pilot, "a allows v3, if you trust it: model.keras asks")
        await pilot.press("a")
        shown = await shows(pilot, "Trust mnist v3?")
        for part in ("found: Lambda layer 'scale'", "--revoke", "Reason (kept in the log)"):
            assert part in shown
        await read_it(pilot)
        await pilot.press("y")
        await pilot.press("tab")
        await read_it(pilot)
        await pilot.press("enter")
        await shows(pilot, "A reason is needed")
        assert asked(writer) == []
        await pilot.press(*"ours")
        await read_it(pilot)
        await pilot.press("enter")
        [job] = await answered(writer)
        await told(pilot, f"J{job.id} queued: trust mnist v3")
    assert (job.kind, job.version, job.parameters.reason) == (JobKind.TRUST, 3, "ours")
    assert len(job.parameters.expected_sha256) == 64


async def test_models_screen_offers_trust_where_it_helps(open_console: Open, refused: Workspace) -> None:
    """The footer names the key for a version that trust would have loaded, and for no other."""
    async with open_console(refused).run_test(size=(100, 30)) as pilot:
        await select(pilot, "mnist")
        await pilot.press("enter")
        await shows(pilot, "a trust v3")
        await pilot.press("G")
        await shows(pilot, lambda shown: "r eval v1" in shown and "a trust" not in shown)
