"""The devices: how busy is each and was it, how much memory is left, who uses it, and why can a runtime not?

Puts what was read into the panels; what a device says is `tui.device_rows`', what its chart shows `tui.device_charts`'.
"""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from storage.records import Device
from tui import device_charts, device_rows, layout, sheets, values
from tui import format as form
from tui.device_curves import NAMES
from tui.key import Where
from tui.keys import bindings
from tui.layout import Plan
from tui.list_screen import ListScreen
from tui.matching import kept
from tui.sheets import Sheet
from tui.values import Value
from tui.view import View
from tui.widgets.device_chart import DeviceChart

USUAL = next(iter(NAMES))
"""The reading that is charted first."""


class Devices(ListScreen):
    """Every device, and everything about one."""

    WHERE = Where.DEVICES
    TALL = device_rows.TALL
    ZOOMS: ClassVar[dict[str, str]] = {"chart": "zoom", "about": "read all"}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.DEVICES)]

    class Pointed(Message):
        """A reading of another device is to be charted, or another reading."""

        def __init__(self, device: str, reading: str) -> None:
            super().__init__()
            self.device = device
            self.reading = reading

    def __init__(self) -> None:
        super().__init__()
        self._reading = USUAL
        self._pointed: tuple[str, str] | None = None
        """Which device and which of its readings was asked for last."""

    def compose_beside(self) -> ComposeResult:
        """Lay out the chart."""
        yield DeviceChart(id="chart")

    def begin(self) -> None:
        """Chart the first reading again."""
        super().begin()
        self._reading = USUAL

    def let_go(self) -> None:
        """Have no points in the chart."""
        super().let_go()
        self._pointed = None
        for chart in self.query(DeviceChart):
            chart.begin()

    def values(self) -> list[Value]:
        """Return what can be copied of the device under the cursor."""
        device = self._selected(self.latest) if self.latest else None
        return values.of_device(device) if device else []

    def sheet(self) -> Sheet:
        """Return the listed devices as figures."""
        return sheets.of_devices(self._listed())

    def plan(self, view: View, width: int, height: int) -> Plan:
        """Give the chart and the sentences about one device what the list leaves."""
        return layout.devices(width, height, max(len(view.devices), 1) * self.TALL + 1 + layout.FRAME)

    def fill_lists(self, view: View) -> None:
        """Put the devices into the list."""
        found = self._listed()
        width = self.room("rows")
        self.show_list(
            "rows",
            device_rows.heading(width),
            device_rows.rows(found, view.jobs, width),
            nothing="no devices are known yet; the engine lists them when it starts",
            title=form.counted("Devices", len(found), len(view.devices)),
        )

    def fill_beside(self, view: View) -> None:
        """Draw what the device under the cursor read over time."""
        if not self._plan.room("chart")[0]:
            return
        device = self._selected(view)
        pointed = None if device is None else (device.id, self._reading)
        if pointed is not None and pointed != self._pointed:
            self.post_message(self.Pointed(*pointed))
        self._pointed = pointed
        device_charts.show(self.query_one(DeviceChart), view, device, self._reading)

    def known(self, view: View) -> tuple[str, list[Text]]:
        """Return everything about the device under the cursor."""
        device = self._selected(view)
        return ("Device", []) if device is None else (device.id, device_rows.about(device, view.jobs))

    def told(self, view: View) -> str:
        """Return how many devices can run a model."""
        able = sum(1 for device in view.devices if device.usable_by)
        return f"{able} of {len(view.devices)} can run models" if view.devices else ""

    def action_turn_reading(self, step: int) -> None:
        """Chart the reading before or after."""
        view = self.latest
        device = self._selected(view) if view else None
        if view is not None and device is not None:
            self._reading = device_charts.after(view, device, self._reading, step)
            self.follow()

    def action_cursor(self, step: int) -> None:
        """Read the value before or after the one that is read now."""
        self.query_one(DeviceChart).move(step)

    def _listed(self) -> list[Device]:
        return kept(self.latest.devices if self.latest else (), device_rows.parts, self.typed)

    def _selected(self, view: View) -> Device | None:
        return next((device for device in view.devices if device.id == self.chosen("rows")), None)
