"""The devices: how busy is each, how much memory is left, who uses it, and why can a runtime not?

Puts what was read into the panels; what a device says is `tui.device_rows`'.
"""

from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType

from storage.records import Device
from tui import device_rows, layout, sheets, values
from tui import format as form
from tui.keys import Where, bindings
from tui.layout import Plan
from tui.list_screen import ListScreen
from tui.matching import kept
from tui.sheets import Sheet
from tui.values import Value
from tui.view import View

LEAST_ABOUT = 8
"""Rows, with the frame, for what a device tells besides its figures."""


class Devices(ListScreen):
    """Every device, and everything about one."""

    WHERE = Where.DEVICES
    TALL = device_rows.TALL
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.DEVICES)]

    def values(self) -> list[Value]:
        """Return what can be copied of the device under the cursor."""
        device = self._selected(self.latest) if self.latest else None
        return values.of_device(device) if device else []

    def sheet(self) -> Sheet:
        """Return the listed devices as figures."""
        return sheets.of_devices(self._listed())

    def plan(self, view: View, width: int, height: int) -> Plan:
        """Give the sentences about one device what the list leaves."""
        rows = len(view.devices) * self.TALL + 1 + layout.FRAME
        return layout.listing(
            width, height, ("rows", rows), about=max(layout.share(height, LEAST_ABOUT), height - rows)
        )

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

    def known(self, view: View) -> tuple[str, list[Text]]:
        """Return everything about the device under the cursor."""
        device = self._selected(view)
        return ("Device", []) if device is None else (device.id, device_rows.about(device, view.jobs))

    def told(self, view: View) -> str:
        """Return how many devices can run a model."""
        able = sum(1 for device in view.devices if device.usable_by)
        return f"{able} of {len(view.devices)} can run models" if view.devices else ""

    def _listed(self) -> list[Device]:
        return kept(self.latest.devices if self.latest else (), device_rows.parts, self.typed)

    def _selected(self, view: View) -> Device | None:
        return next((device for device in view.devices if device.id == self.chosen("rows")), None)
