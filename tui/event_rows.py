"""What happened and what is open, as rows and as sentences. Pure, as `tui.rows` is."""

from collections.abc import Sequence
from functools import partial

from rich.text import Text

from storage.fault_records import Event, Fault
from storage.vocabulary import FaultState
from tui import format as form
from tui.commands.figures import clock
from tui.remedies import REPAIR, ways
from tui.rows import MARKS, fit
from tui.widgets.table import Row

WHEN_CELLS = 6

DATED_FROM = 90
"""Cells from which a time of another day has room for its date and its hour."""


def event_parts(event: Event) -> dict[str, str]:
    """Return what a filter looks at."""
    return {
        "level": event.severity.value,
        "model": _named(event),
        "code": event.code,
        "text": event.message,
    }


def fault_parts(fault: Fault) -> dict[str, str]:
    """Return what a filter looks at."""
    return {
        "level": fault.severity.value,
        "model": _named(fault),
        "code": fault.code,
        "state": fault.state.value,
        "text": fault.message,
    }


def heading(events: Sequence[Event], width: int, now: float) -> Text:
    """Return the titles of the events' columns."""
    return Text(f"{'WHEN':<{_event_cells(events, width, now)}}  {'MODEL':<{_name_cells(width)}} WHAT", "dim")


def fault_heading(faults: Sequence[Fault], width: int, now: float) -> Text:
    """Return the titles of the faults' columns."""
    return Text(
        f"{'SINCE':<{_fault_cells(faults, width, now)}}  {'MODEL':<{_name_cells(width)}} WHAT IS WRONG", "dim"
    )


def event_rows(events: Sequence[Event], width: int, now: float) -> list[Row]:
    """Return a row an event."""
    cells = _event_cells(events, width, now)
    return [Row(event.id, (partial(_line, event, event.at, now, cells, width),)) for event in events]


def fault_rows(faults: Sequence[Fault], width: int, now: float) -> list[Row]:
    """Return a row a fault; one that somebody has seen stands back, and says so."""
    cells = _fault_cells(faults, width, now)
    found = []
    for fault in faults:
        seen = fault.state is not FaultState.OPEN
        found.append(Row(fault.id, (partial(_line, fault, fault.first_at, now, cells, width, seen=seen),)))
    return found


def _line(told: Event | Fault, at: float, now: float, cells: int, width: int, *, seen: bool = False) -> Text:
    when = f"{form.when(at, now, cells):<{cells}}"
    glyph, style = MARKS[told.severity]
    name = Text(_named(told), "bold")
    name.truncate(_name_cells(width), overflow="ellipsis", pad=True)
    # The column before it says which version: in eighty columns that is room for a figure.
    message = told.message.removeprefix(f"Version {told.version}: ")
    line = Text.assemble((when, "dim"), ("a" if seen else glyph, style), " ", name, " ", message)
    if seen:
        line.stylize("dim")
    return fit(line, width)


def _event_cells(events: Sequence[Event], width: int, now: float) -> int:
    return _when_cells([event.at for event in events], width, now)


def _fault_cells(faults: Sequence[Fault], width: int, now: float) -> int:
    return _when_cells([fault.first_at for fault in faults], width, now)


def _when_cells(times: Sequence[float], width: int, now: float) -> int:
    """Return the cells of the times: as few as will do, and where there is little room one of date and hour."""
    return WHEN_CELLS if width < DATED_FROM or not times else form.when_cells(min(times), now, WHEN_CELLS)


def _name_cells(width: int) -> int:
    return max(14, min(24, width // 4))


def _named(told: Event | Fault) -> str:
    return told.model + ("" if told.version is None else f" v{told.version}")


def about_event(event: Event) -> list[Text]:
    """Return an event as a whole: a line of a table cuts it off."""
    return [
        Text.assemble((f"{clock(event.at)} UTC", "dim"), "  ", (_named(event) or "the engine", "bold")),
        Text(event.message),
    ]


def about_fault(fault: Fault, now: float) -> list[Text]:
    """Return a fault as a whole, and what ends it."""
    since, last = form.moment(fault.first_at, now), form.moment(fault.last_at, now)
    times = f"since {since}" + (f", {fault.count} times, last {last}" if fault.count > 1 else "")
    seen = "" if fault.state is FaultState.OPEN else ", acknowledged"
    helps = fault.repair or "nothing is suggested; the engine looks again by itself"
    # The key before the message: a panel of few lines leaves out the last ones.
    key = []
    if fault.remedies:
        key = [Text(f"f mends it: {ways(fault)}", "bold")]
    elif REPAIR in fault.repair:
        key = [Text("f restores the files", "bold")]
    return [
        Text.assemble((_named(fault) or "the engine", "bold"), (f"  {times}{seen}", "dim")),
        *key,
        Text(fault.message),
        Text.assemble(("what helps: ", "dim"), helps),
    ]
