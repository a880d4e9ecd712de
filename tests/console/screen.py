"""What a console under test shows, and waiting for it."""

import time
from collections.abc import Callable

from textual.pilot import Pilot

from tui.dialogs.confirm import ARMED_AFTER_S

SOON_S = 30.0

Console = Pilot[int]


def text(pilot: Console) -> str:
    """Return what the screen shows, dialogs and toasts included."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


async def shows(pilot: Console, wanted: str | Callable[[str], bool]) -> str:
    """Wait until the screen shows a text, or meets a condition, and return all of it."""
    met = wanted if callable(wanted) else lambda shown: wanted in shown
    deadline = time.monotonic() + SOON_S
    while not met(text(pilot)):
        assert time.monotonic() < deadline, f"{wanted!r} was not shown:\n{text(pilot)}"
        await pilot.pause(0.01)
    return text(pilot)


async def read_it(pilot: Console) -> None:
    """Look at a dialog for as long as it takes until its yes is taken."""
    await pilot.pause(ARMED_AFTER_S + 0.4)


async def told(pilot: Console, wanted: str) -> None:
    """Wait until a toast says something, on however many lines, and see that it is on the screen."""
    deadline = time.monotonic() + SOON_S
    while not any(wanted in toast.message for toast in pilot.app._notifications):
        assert time.monotonic() < deadline, f"{wanted!r} was not told:\n{text(pilot)}"
        await pilot.pause(0.01)
    await shows(pilot, wanted.split(maxsplit=1)[0])


class Clock:
    """The time by which a question judges whether somebody reads it: it passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Return it."""
        return self.now
