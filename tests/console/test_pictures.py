"""The console as a picture: every screen and question, small and large, compared with the one that was approved.

After an intended change, look at the report that a failure names, and approve it with ``pytest --snapshot-update``.
"""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import shows
from tui.dialogs.confirm import Confirm
from tui.widgets.model_table import ModelTable

SMALL, LARGE = (80, 24), (160, 45)

Compare = Callable[..., bool]

LAST_USE = {"cpu": " 25.3% ", "cuda:0": " 93.2% "}
"""What the chart of a device says of its latest reading: it is there when the chart is."""


class Drive:
    """Steps that are taken before the picture: choose a model, press keys, wait for a text."""

    def __init__(self, *keys: str, model: str = "", wait: str = "") -> None:
        self._keys, self._model, self._wait = keys, model, wait

    async def __call__(self, pilot: Pilot[int]) -> None:
        """Take the steps."""
        await shows(pilot, "Models")
        if self._model:
            table = pilot.app.query_one(ModelTable)
            await pilot.press("g")
            while table.selected != self._model:
                await pilot.press("j")
            # Not the event that says the same: the chart's title, which is there once the model was read.
            await shows(pilot, f"─ {self._model}  accuracy")
        await pilot.press(*self._keys)
        await shows(pilot, self._wait)
        if isinstance(pilot.app.screen, Confirm):
            # A moment after it was painted a question looks different: its yes is taken then.
            await shows(pilot, lambda _text: bool(pilot.app.screen.query("#yes.-armed")))
        await pilot.wait_for_animation()


STATES = {
    "overview": Drive(model="mnist"),
    "detail": Drive("enter", model="mnist", wait="v3"),
    "promote": Drive("p", model="mnist", wait="Promote mnist v3?"),
    "overrule": Drive("p", model="digits-onnx", wait="Promote digits-onnx v2?"),
    "rollback": Drive("u", model="mnist", wait="Roll back mnist?"),
    "help": Drive("question_mark", wait="Keys:"),
    "span": Drive("left_square_bracket", "left_square_bracket", model="mnist", wait="mnist  accuracy  7 d"),
    "sorted": Drive("o", "o", wait="by score"),
    "filter": Drive("slash", "m", "n", wait="Models 1 of 6"),
    "palette": Drive("colon", "r", "o", "l", wait="Actions: overview"),
    "devices": Drive("3", "j", wait=LAST_USE["cuda:0"]),
    "jobs": Drive("4", "j", "j", wait="Copy it again."),
    "jobs-help": Drive("4", "question_mark", wait="Keys: jobs"),
    "jobs-filter": Drive("4", "slash", "m", "n", "enter", wait="Jobs 1 of 4"),
    "cancel": Drive("4", "c", wait="Cancel J3?"),
}


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
@pytest.mark.parametrize("state", STATES)
def test_picture(
    snap_compare: Compare, open_console: Open, staged: Workspace, state: str, size: tuple[int, int]
) -> None:
    """The screen looks as approved."""
    assert snap_compare(open_console(staged), terminal_size=size, run_before=STATES[state])


PAST = {
    "replay": Drive(
        "left_curly_bracket", "left_curly_bracket", model="mnist", wait="REPLAY 2025-11-24 14:22:42 UTC"
    ),
    "replay-model": Drive(
        "2", "at", *"2025-11-22 16:00", "enter", model="mnist", wait="REPLAY 2025-11-22 16:00:00 UTC"
    ),
    "replay-jobs": Drive(
        "4", "left_curly_bracket", "left_curly_bracket", wait="REPLAY 2025-11-24 14:22:42 UTC"
    ),
    "replay-nothing": Drive("3", "left_parenthesis", wait="nothing had been read then"),
    "replay-ask": Drive("5", "at", wait="Show how things stood at"),
    "compare": Drive("6", model="mnist", wait="superior in accuracy"),
    "compare-zoom": Drive("6", "z", model="mnist", wait="z all panels"),
    "settings": Drive("7", model="mnist", wait="2 problems"),
}


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
@pytest.mark.parametrize("state", PAST)
def test_picture_of_other_views(
    snap_compare: Compare, open_console: Open, settled: Workspace, state: str, size: tuple[int, int]
) -> None:
    """The past, two versions beside each other and the settings look as approved."""
    assert snap_compare(open_console(settled), terminal_size=size, run_before=PAST[state])


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
def test_picture_of_a_comparison_that_is_not_on_record(
    snap_compare: Compare, open_console: Open, staged: Workspace, size: tuple[int, int]
) -> None:
    """Figures that nobody has compared are shown, and why there is no verdict."""
    drive = Drive("6", model="mnist", wait="a read-only console cannot")
    assert snap_compare(open_console(staged, read_only=True), terminal_size=size, run_before=drive)


FAULTS = {
    "faults": Drive("5", wait="modeltender repair seg-unet"),
    "events": Drive("5", "tab", "j", wait="cannot be loaded: the archive is truncated"),
    "repair": Drive("5", "f", wait="Restore seg-unet?"),
}


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
@pytest.mark.parametrize("state", FAULTS)
def test_picture_of_faults(
    snap_compare: Compare, open_console: Open, faulty: Workspace, state: str, size: tuple[int, int]
) -> None:
    """What is wrong, and what mends it, looks as approved."""
    assert snap_compare(open_console(faulty), terminal_size=size, run_before=FAULTS[state])


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
@pytest.mark.parametrize(
    ("key", "wait"),
    [("3", LAST_USE["cpu"]), ("4", "esc back"), ("5", "esc back")],
    ids=["devices", "jobs", "events"],
)
def test_picture_of_a_list_without_engine(
    snap_compare: Compare, open_console: Open, forsaken: Workspace, key: str, wait: str, size: tuple[int, int]
) -> None:
    """Also on these screens an engine that is gone is unmistakable."""
    drive = Drive(key, wait=wait)
    assert snap_compare(open_console(forsaken), terminal_size=size, run_before=drive)


@pytest.mark.parametrize("size", [SMALL, LARGE, (40, 10)], ids=["80x24", "160x45", "40x10"])
def test_picture_without_engine(
    snap_compare: Compare, open_console: Open, forsaken: Workspace, size: tuple[int, int]
) -> None:
    """An engine that is gone is unmistakable, and so is a terminal that is too small."""
    assert snap_compare(open_console(forsaken), terminal_size=size)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
def test_picture_without_colour(
    snap_compare: Compare,
    monkeypatch: pytest.MonkeyPatch,
    open_console: Open,
    staged: Workspace,
    size: tuple[int, int],
) -> None:
    """Nothing is told by colour alone."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(open_console(staged), terminal_size=size, run_before=STATES["overview"])
