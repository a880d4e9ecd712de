"""What questions say, and that no burst of keys answers them."""

import pytest

from storage.database import Writer
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import Clock, shows, text
from tests.console.test_actions import SIZE, asked, select

REPEAT_S = 0.2
"""Between two characters of a key that is held down on the slowest keyboard: twelve take longer than a question waits."""


async def test_held_key_promotes_nothing(
    open_console: Open, staged: Workspace, writer: Writer, clock: Clock
) -> None:
    """A y that is held down repeats faster than anybody reads, so it never confirms."""
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "mnist")
        await pilot.press("p")
        await shows(pilot, "Promote mnist v3?")
        for _ in range(12):
            clock.now += REPEAT_S
            await pilot.press("y")
        assert "Promote mnist v3?" in text(pilot)
    assert asked(writer) == []


@pytest.mark.parametrize(("key", "question"), [("p", "Promote mnist v3?"), ("u", "Roll back mnist?")])
async def test_questions_name_what_would_change_and_who_would_be_told(
    open_console: Open, staged: Workspace, key: str, question: str
) -> None:
    """Both ways go the same road: the link, then every target in its order, with what it said last."""
    async with open_console(staged).run_test(size=(100, 40)) as pilot:
        await select(pilot, "mnist")
        await pilot.press(key)
        await shows(pilot, question)
        shown = await shows(pilot, "never told yet")
    assert "models/mnist/current" in shown
    assert shown.index("serving (tensorflow-serving)") < shown.index("mlflow") < shown.index("balancer")
    assert "v2 confirmed" in shown
    assert "FAILED" in shown


async def test_a_question_is_broken_into_lines_where_the_terminal_ends(
    open_console: Open, staged: Workspace
) -> None:
    """In sixty columns its figures stand below each other as in eighty, also when the window is drawn larger meanwhile."""
    async with open_console(staged).run_test(size=(60, 24)) as pilot:
        await select(pilot, "mnist")
        await pilot.press("p")
        narrow = await shows(pilot, "worst: class 0 0.9612     0.9828 recall  0.0216 better")
        assert "accuracy       0.9425     0.9740 ±0.0068 0.0315 better" in narrow
        assert "current v2 candidate v3          change " in narrow
        await pilot.resize_terminal(80, 24)
        await shows(pilot, "worst: class 0       0.9612 recall   0.9828 recall    +0.0216 better")
