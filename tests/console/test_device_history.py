"""The chart of a device: what it read over the time that is chosen, its gaps, its exact values, and why there is none."""

import pytest
from msgspec.structs import replace

from storage.database import Writer
from storage.tables import devices, rollups
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import Console, shows, text
from tests.console.stage import GIB, HOUR, NOW
from tests.readings import roll
from tui.screens.devices import Devices
from tui.widgets.device_chart import DeviceChart
from tui.widgets.time_chart import GUTTER

SMALL = (80, 24)

STEP_S = 30.0

HOURS = 10

SILENT = range(4, 6)
"""Those of them in which nothing was read."""


@pytest.fixture
def worked(staged: Workspace, writer: Writer) -> Workspace:
    """Return the stage, whose card was read for some hours but for two some hours: busier and warmer each, and all rolled up."""
    with writer.passing() as connection:
        card = next(device for device in devices.read(connection) if device.id == "cuda:0")
        read = [
            replace(
                card,
                at=NOW - 60 - HOURS * HOUR + hour * HOUR + second * STEP_S,
                utilisation=0.5 + hour / 20,
                memory_used_bytes=(40 + hour) * GIB,
                temperature_c=54.0 + hour,
                power_w=None,
            )
            for hour in range(HOURS)
            if hour not in SILENT
            for second in range(round(HOUR / STEP_S))
        ]
        devices.add_samples(connection, read)
        rollups.note(connection, read)
        roll(connection, now=NOW)
    return staged


async def _card(pilot: Console) -> str:
    """Open the devices and go to the card."""
    await shows(pilot, "Models 6")
    await pilot.press("3")
    await shows(pilot, "Devices 3")
    await pilot.press("j")
    return await shows(pilot, lambda shown: "cuda:0  use  by the" in shown and "100%" in shown)


def _columns(shown: str) -> set[int]:
    """Return the columns of the screen that have a curve or a band in them."""
    return {
        place
        for line in shown.splitlines()
        if "│" in line
        for place, character in enumerate(line)
        if 0x2800 < ord(character) < 0x2900 and place > GUTTER
    }


async def test_a_device_has_a_history(open_console: Open, worked: Workspace) -> None:
    """Each span is told from the level that fits it, a silence stays a gap, and each reading has its chart and its values."""
    async with open_console(worked).run_test(size=SMALL) as pilot:
        shown = await _card(pilot)
        assert "cuda:0  use  by the minute" in shown
        columns = _columns("\n".join(shown.splitlines()[9:]))
        silent = set(range(min(columns), max(columns))) - columns
        # Two of ten hours.
        assert len(silent) == pytest.approx(len(columns) / 4, rel=0.2)
        await pilot.press("left_square_bracket")
        await shows(pilot, lambda shown: "cuda:0  use  30 d  by the minute" in shown and "10-25" in shown)
        await pilot.press(*["left_square_bracket"] * 3)
        await shows(pilot, lambda shown: "cuda:0  use  1 h  by the minute" in shown and "13:24" in shown)
        await pilot.press("comma")
        await shows(pilot, "11-24 14:21:00  n=2  95.0%  95.0% to 95.0%")
        await pilot.press("right")
        await shows(pilot, lambda shown: "cuda:0  memory  1 h" in shown and "140G" in shown)
        await pilot.press("right", "comma")
        await shows(
            pilot, lambda shown: "cuda:0  temperature  1 h" in shown and "14:21:00  n=2  63.0 °C" in shown
        )
        await pilot.press("left_square_bracket")
        await shows(pilot, lambda shown: "cuda:0  temperature  15 min ─" in shown and "14:09" in shown)


async def test_the_chart_has_all_the_room(open_console: Open, worked: Workspace) -> None:
    """Z gives it to the chart, in which the cursor still goes from device to device, then to the details, then back."""
    async with open_console(worked).run_test(size=SMALL) as pilot:
        await _card(pilot)
        await pilot.press("z")
        await shows(pilot, lambda shown: "Devices 3" not in shown and "cuda:0  use" in shown)
        await pilot.press("k")
        await shows(pilot, "─ cpu  use")
        await pilot.press("z")
        await shows(pilot, lambda shown: "16 cores  cpu" in shown and "use  by" not in shown)
        await pilot.press("z")
        await shows(pilot, "Devices 3")


async def test_in_the_past_the_chart_ends_there(open_console: Open, worked: Workspace) -> None:
    """What was read later is not in it, and the axis ends at the moment that is shown."""
    async with open_console(worked).run_test(size=SMALL) as pilot:
        await _card(pilot)
        await pilot.press(*["left_square_bracket"] * 4, *["left_parenthesis"] * 3)
        await shows(pilot, "REPLAY 2025-11-24 11:23:07 UTC")
        shown = await shows(pilot, lambda shown: "cuda:0  use  1 h" in shown and "85.0%" in shown)
        axis = next(line for line in shown.splitlines() if "10:24" in line)
        assert axis.rstrip(" │").endswith("11:24")
        assert "95.0%" not in shown
        await pilot.press("at", *"2025-11-24 09:55", "enter")
        await shows(pilot, "nothing was read in the preceding 1 h: ] shows more")


async def test_what_is_not_exposed_is_said_in_the_charts_place(
    open_console: Open, worked: Workspace, writer: Writer
) -> None:
    """The reason of the device stands there, with the key that shows what it does tell."""
    async with open_console(worked).run_test(size=SMALL) as pilot:
        await _card(pilot)
        await pilot.press("j")
        await shows(pilot, " use n/a: no counter ")
        with writer.passing() as connection:
            silent = next(device for device in devices.read(connection) if device.id == "npu:0")
            devices.add_samples(connection, [replace(silent, at=NOW - 1, memory_used_bytes=2 * GIB)])
        await shows(pilot, " use n/a: no counter: → shows memory ")
        await pilot.press("right")
        await shows(pilot, lambda shown: "npu:0  memory" in shown and "2.0 GiB" in shown)


async def test_before_any_device_is_known(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """The list says when there will be some, and the keys of the chart do nothing."""
    with writer.transaction() as connection:
        devices.replace(connection, [])
    async with open_console(staged).run_test(size=SMALL) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("3")
        await shows(pilot, "no devices are known yet; the engine lists them when it starts")
        await pilot.press("right", "comma", "full_stop", "z", "z", "z")
        await shows(pilot, "no devices are known yet")


async def test_a_closed_chart_lets_go_of_its_points(open_console: Open, worked: Workspace) -> None:
    """Neither what was read nor the chart holds any, and the next look begins with the first reading."""
    console = open_console(worked)
    async with console.run_test(size=SMALL) as pilot:
        await _card(pilot)
        await pilot.press("right")
        await shows(pilot, "cuda:0  memory")
        closed = pilot.app.screen
        assert isinstance(closed, Devices)
        await pilot.press("escape")
        await shows(pilot, "Models 6")
        while console.news.readings is not None:
            await pilot.pause(0.01)
        assert not closed.query_one(DeviceChart).points
        await pilot.press("3", "j")
        await shows(pilot, lambda shown: "cuda:0  use  by the" in shown and "100%" in shown)
        assert "cuda:0  memory" not in text(pilot)
