"""What the chart of a device draws: one reading over the time that all charts show, or why there is none."""

from storage.device_readings import Readings
from storage.records import Device
from tui import device_curves, device_rows
from tui.charts import UNREAD, window
from tui.device_curves import NAMES
from tui.spans import ALL, SPANS
from tui.view import View
from tui.widgets.device_chart import DeviceChart


def show(chart: DeviceChart, view: View, device: Device | None, reading: str) -> None:
    """Draw a reading of a device, or say why it cannot be drawn."""
    if device is None:
        chart.show((), title="", nothing="")
        return
    found = _readings(view, device, reading)
    if found is None:
        chart.show((), title=_title(view, device, reading, None), nothing=UNREAD)
        return
    shown_in = window(view)
    points = found.points
    if shown_in is not None:
        points = tuple(point for point in points if shown_in[0] <= point.at <= shown_in[1])
    chart.choose(reading, found.step_s)
    chart.show(
        points,
        title=_title(view, device, reading, found.step_s if points else None),
        window=shown_in,
        bounds=_bounds(device, reading),
        nothing=_nothing(view, device, found),
    )


def given(view: View, device: Device) -> list[str]:
    """Return the readings that a device gives or ever gave, in the order in which they are offered."""
    found = view.news.readings
    known = found.known if found is not None and found.device == device.id else ()
    return [reading for reading in NAMES if reading in known or getattr(device, reading) is not None]


def after(view: View, device: Device, reading: str, step: int) -> str:
    """Return the reading before or after another one, round the ends, of those that the device gives."""
    offered = given(view, device)
    if not offered:
        return reading
    if reading not in offered:
        return offered[0]
    return offered[(offered.index(reading) + step) % len(offered)]


def _readings(view: View, device: Device, reading: str) -> Readings | None:
    """Return what was read; another device's, or another reading, is on its way and would be the wrong picture."""
    found = view.news.readings
    return found if found is not None and (found.device, found.reading) == (device.id, reading) else None


def _nothing(view: View, device: Device, found: Readings) -> str:
    """Return why there is no curve, and which key shows one."""
    offered = given(view, device)
    if found.reading not in offered and view.replay is None:
        other = f": → shows {NAMES[offered[0]]}" if offered else ""
        return f"{NAMES[found.reading]} n/a: {device_rows.hidden_because(device)}{other}"
    if not found.points and view.replay is None:
        return "nothing is read yet"
    if view.span == ALL:
        return "nothing had been read then"
    # Another span is being read: that nothing was in it is not known yet.
    if found.span_s != SPANS[view.span].seconds:
        return UNREAD
    when = "last" if view.replay is None else "preceding"
    return f"nothing was read in the {when} {SPANS[view.span].word}: ] shows more"


def _title(view: View, device: Device, reading: str, step_s: float | None) -> str:
    parts = [device.id, NAMES[reading]]
    if view.span != ALL:
        parts.append(SPANS[view.span].word)
    if step_s is not None:
        parts.append(device_curves.steps(step_s))
    return "  ".join(parts)


def _bounds(device: Device, reading: str) -> tuple[float, float] | None:
    """Return from where to where a reading can go, where that is known: half a memory is not drawn as a full one."""
    if reading == "memory_used_bytes" and device.memory_total_bytes:
        return 0.0, float(device.memory_total_bytes)
    return device_curves.WHOLE.get(reading)
