"""What is wrong, what mends it, and what happened: the open faults above the events, the newest first.

Puts what was read into the panels; what a fault or an event says is `tui.event_rows`'.
"""

from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType

from storage.fault_records import Event, Fault
from storage.vocabulary import FaultState
from tui import event_rows, layout, sheets, values
from tui import format as form
from tui.key import Where
from tui.keys import bindings
from tui.layout import Plan
from tui.list_screen import ListScreen
from tui.matching import kept
from tui.remedies import REPAIR
from tui.sheets import Sheet
from tui.values import Value
from tui.view import View

FAULTS, EVENTS = "faults", "events"

LEAST_ABOUT = 6
"""Rows, with the frame, of what is known of a fault or an event."""

MOST_FAULTS = 8
"""Rows of faults beyond which they are scrolled: the events keep their room."""


class Events(ListScreen):
    """The faults and the log."""

    WHERE = Where.EVENTS
    LISTS = (EVENTS, FAULTS)
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.EVENTS)]

    def __init__(self) -> None:
        super().__init__()
        self._following = True

    def first_list(self) -> str:
        """Put the cursor on what is wrong, if anything is."""
        return FAULTS if self.latest is not None and self.latest.faults else EVENTS

    def begin(self) -> None:
        """Follow the newest event again."""
        self._following = True
        super().begin()

    def selected_fault(self) -> Fault | None:
        """Return the fault under the cursor while the keys go to the faults."""
        if self.focused_list.id != FAULTS or self.latest is None:
            return None
        return next((fault for fault in self.latest.faults if fault.id == self.chosen(FAULTS)), None)

    def selected_moment(self) -> float | None:
        """Return when what is under the cursor began or happened."""
        fault, event = self.selected_fault(), self._event()
        return fault.first_at if fault else event.at if event else None

    def model_of_row(self) -> str:
        """Return the model of what is under the cursor."""
        found = self.selected_fault() or self._event()
        return found.model if found else ""

    def values(self) -> list[Value]:
        """Return what can be copied of the fault or the event under the cursor."""
        fault, event = self.selected_fault(), self._event()
        if fault is not None:
            return values.of_fault(fault)
        return values.of_event(event) if event else []

    def sheet(self) -> Sheet:
        """Return the list that the keys go to, as it is filtered, as figures."""
        if self.focused_list.id == FAULTS:
            return sheets.of_faults(self._listed_faults())
        return sheets.of_events(self._listed_events())

    def plan(self, view: View, width: int, height: int) -> Plan:
        """Give the events what the faults and the sentences leave."""
        faults = min(len(view.faults), MOST_FAULTS)
        about = layout.share(height, LEAST_ABOUT)
        return layout.listing(width, height, (FAULTS, faults), (EVENTS, len(view.events)), about=about)

    def fill_lists(self, view: View) -> None:
        """Put faults and events into their lists; who looks at the newest event goes on to the next one."""
        faults, events = self._listed_faults(), self._listed_events()
        width = self.room(EVENTS)
        self.show_list(
            FAULTS,
            event_rows.fault_heading(faults, width, view.now),
            event_rows.fault_rows(faults, width, view.now),
            nothing="nothing is wrong",
            title=form.counted("Faults", len(faults), len(view.faults)),
        )
        self.show_list(
            EVENTS,
            event_rows.heading(events, width, view.now),
            event_rows.event_rows(events, width, view.now),
            nothing="nothing has happened yet",
            title=form.counted("Events", len(events), len(view.events))
            + ("" if view.replay else "  live" if self._following else "  end follows"),
        )
        if self._following:
            self.list_of(EVENTS).move_to(0)

    def known(self, view: View) -> tuple[str, list[Text]]:
        """Return the whole of what is under the cursor."""
        fault, event = self.selected_fault(), self._event()
        if fault is not None:
            return "Fault", event_rows.about_fault(fault, view.now)
        return "Event", event_rows.about_event(event) if event else []

    def told(self, view: View) -> str:
        """Return how many faults nobody has acknowledged."""
        unseen = sum(1 for fault in view.faults if fault.state is FaultState.OPEN)
        return f"{unseen} open fault{'' if unseen == 1 else 's'}" if unseen else "no open faults"

    def labels(self, view: View) -> dict[str, str]:
        """Leave out of the footer what cannot be done with what is under the cursor."""
        fault = self.selected_fault()
        own = {"other": "events" if self.focused_list.id == FAULTS else "faults" if view.faults else ""}
        if fault is None:
            own |= {"app.repair": "", "app.acknowledge": ""}
        else:
            helps = fault.remedies or REPAIR in fault.repair
            own["app.repair"] = "mend" if helps else "what helps"
            own["app.acknowledge"] = "ack" if fault.state is FaultState.OPEN else "open again"
        return super().labels(view) | own if view.acts else own | super().labels(view)

    def action_move(self, step: int) -> None:
        """Move the cursor; an older event stays in sight while others come."""
        super().action_move(step)
        self._see_where()

    def action_move_to(self, row: int) -> None:
        """Move the cursor to a row, counted from the end where negative."""
        super().action_move_to(row)
        self._see_where()

    def action_page(self, step: int) -> None:
        """Move the cursor by a page."""
        super().action_page(step)
        self._see_where()

    def action_turn(self, step: int) -> None:
        """Go to the next or the previous match."""
        super().action_turn(step)
        self._see_where()

    def action_follow(self) -> None:
        """Go to the newest event, and on to each that comes."""
        self._following = True
        self.use(EVENTS)
        self.refill()

    def action_other(self) -> None:
        """Give the keys to the other list."""
        self.use(EVENTS if self.focused_list.id == FAULTS else FAULTS)

    def _event(self) -> Event | None:
        events = self.latest.events if self.latest else ()
        return next((event for event in events if event.id == self.chosen(EVENTS)), None)

    def _listed_faults(self) -> list[Fault]:
        return kept(self.latest.faults if self.latest else (), event_rows.fault_parts, self.typed)

    def _listed_events(self) -> list[Event]:
        return kept(self.latest.events if self.latest else (), event_rows.event_parts, self.typed)

    def _see_where(self) -> None:
        following = self.list_of(EVENTS).position == 0
        if self.focused_list.id == EVENTS and following != self._following:
            self._following = following
            self.refill()
