"""Devices as rows and as sentences: how busy each is and was, its memory, and who uses it. Pure, as `tui.rows` is."""

from collections.abc import Iterator, Sequence
from functools import partial

from rich.text import Text

from storage.records import Device, Job
from storage.vocabulary import DeviceKind, JobState
from tui import format as form
from tui.commands.device_text import grouped, sentences
from tui.commands.figures import NOT_KNOWN
from tui.rows import fit, heat
from tui.widgets.table import Row

ID_CELLS = 9

TALL = 2
"""Lines of a device."""

EXTRA_CELLS = 13
"""Of temperature and power."""

SPARK_LEAST, SPARK_MOST = 12, 60
"""Cells of the last minute: a reading a second needs sixty."""


def parts(device: Device) -> dict[str, str]:
    """Return what a filter looks at."""
    return {
        "id": device.id,
        "kind": device.kind.value,
        "name": device.name,
        "runs": " ".join(device.usable_by),
        "text": device.note,
    }


def heading(width: int) -> Text:
    """Return the columns' titles."""
    begin = f"{'DEVICE':<{ID_CELLS}}    {'':<{_bar_cells(width)}}  {'NOW':>4}"
    spark = _spark_cells(width)
    minute = f"  {'LAST MINUTE':<{spark}}" if spark else ""
    return fit(Text(f"{begin}{minute} {'TEMP':>6} {'POWER':>5}", "dim"), width)


def rows(devices: Sequence[Device], jobs: Sequence[Job], width: int) -> list[Row]:
    """Return a row a device: a line of use, a line of memory."""
    return [
        Row(device.id, (partial(_use, device, width), partial(_memory, device, jobs, width)))
        for device in devices
    ]


def _bar_cells(width: int) -> int:
    return max(10, min(30, width // 5))


def _spark_cells(width: int) -> int:
    """Return the cells of the last minute, or 0 where there is no room for it."""
    cells = min(SPARK_MOST, width - ID_CELLS - 4 - _bar_cells(width) - 6 - 2 - EXTRA_CELLS)
    return cells if cells >= SPARK_LEAST else 0


def _use(device: Device, width: int) -> Text:
    share = device.utilisation
    line = Text.assemble(
        (f"{device.id:<{ID_CELLS}.{ID_CELLS}}", "bold"),
        ("use ", "dim"),
        (form.bar(share, _bar_cells(width)), heat(share)),
        f"  {NOT_KNOWN:>4}" if share is None else f"  {share:>4.0%}",
    )
    if device.details.asleep:
        return fit(line.append("  asleep: nobody uses it", "dim"), width)
    if share is None:
        return fit(line.append(f"  {device.note or 'the device does not tell'}", "dim"), width)
    extra = f" {_rounded(device.temperature_c, '°C'):>6} {_rounded(device.power_w, 'W'):>5}"
    cells = _spark_cells(width)
    if cells:
        spark = form.sparkline(device.history, cells, low=0.0, high=1.0)
        line.append(f"  {spark:<{cells}}", "cyan")
    return fit(line.append(extra, "dim"), width)


def _rounded(value: float | None, unit: str) -> str:
    return NOT_KNOWN if value is None else f"{value:.0f}{unit}"


def _memory(device: Device, jobs: Sequence[Job], width: int) -> Text:
    used, total = device.memory_used_bytes, device.memory_total_bytes
    share = used / total if used is not None and total else None
    line = Text.assemble(
        " " * ID_CELLS,
        ("ram " if device.kind is DeviceKind.CPU else "mem ", "dim"),
        (form.bar(share, _bar_cells(width)), heat(share)),
        f"  {NOT_KNOWN:>4}" if share is None else f"  {share:>4.0%}",
        ("" if used is None else f"  {form.gibibytes(used)} of {form.gibibytes(total)} GiB", ""),
    )
    at_work = ", ".join(_users(device, jobs))
    return fit(line.append(f"  {at_work}" if at_work else "", "cyan"), width)


def _users(device: Device, jobs: Sequence[Job]) -> Iterator[str]:
    """Return the jobs that run on a device."""
    for job in jobs:
        if job.state is JobState.RUNNING and job.parameters.device == device.id:
            version = "" if job.version is None else f" v{job.version}"
            yield f"J{job.id} {job.kind} {job.model}{version}"


def about(device: Device, jobs: Sequence[Job]) -> list[Text]:
    """Return everything that is known of a device, in sentences; what it does not tell is named, with the reason."""
    lines = [Text.assemble((device.name, "bold"), (f"  {device.kind}", "dim"))]
    at_work = ", ".join(_users(device, jobs))
    lines.append(Text.assemble(("jobs: ", "dim"), at_work or "none"))
    lines += [Text(sentence) for sentence in sentences(device)]
    hidden = [name for name, value in _readings(device) if value is None]
    if hidden:
        lines.append(Text.assemble(("n/a: ", "dim"), f"{', '.join(hidden)} ({hidden_because(device)})"))
    for names, reason, remedy in grouped(device.obstacles):
        lines.append(
            Text.assemble(("not ", "dim"), f"{names}: {reason}", (f"  {remedy}" if remedy else "", "bold"))
        )
    return lines


def hidden_because(device: Device) -> str:
    """Return why a device does not tell a reading."""
    # Of a device that tells nothing the note says why; of another one it says something else.
    note = device.note.rstrip(".") if device.utilisation is None else ""
    return note or "the device or its driver does not expose it"


def _readings(device: Device) -> Iterator[tuple[str, object]]:
    yield "use", device.utilisation
    yield "memory", device.memory_used_bytes
    yield "temperature", device.temperature_c
    yield "power", device.power_w
