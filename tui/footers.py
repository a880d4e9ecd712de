"""What the footer says: the keys that fit, and what is other than usual on every screen alike. Pure.

Paused, in the past, without an engine: then its words are others.
"""

from collections.abc import Iterable

from tui.health import at_work
from tui.key import Where
from tui.keys import KEYS, of
from tui.remedies import asking
from tui.view import View

NO_ACTIONS = {key.action: "" for key in KEYS if key.engine}
"""The footer's words where the engine cannot be asked for anything."""

OF_A_MODEL = ("open", "mark", "app.evaluate", "app.promote", "app.roll_back", "app.cancel")
"""What nothing comes of where a filter leaves no model; those that are marked can be evaluated all the same."""

BAR_PADDING = 2
"""Columns that the footer leaves free at its ends."""

REPLAYING = {
    "app.replay_step(-1)": "back",
    "app.replay_step(1)": "forward",
    "app.replay_end": "live",
    "app.pause": "",
}
"""In the past, where the ways through it are what is wanted."""


def footer(where: Where, width: int, labels: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Return the (key, label) pairs that fit into a footer.

    ``labels`` (by action) replace the usual ones; an empty one leaves its key out, and the others stay the longest,
    because they say what is special now.
    """
    replaced = labels or {}
    shown = [key for key in of(where) if replaced.get(key.action, key.label)]
    pairs = {key: (key.sign or key.shown, replaced.get(key.action, key.label)) for key in shown}
    usual = [key for key in shown[1:-1] if key.action not in replaced]
    special = [key for key in shown[1:-1] if key.action in replaced]
    droppable = [*special, *usual]
    while droppable and _width(pairs.values()) > width - BAR_PADDING:
        del pairs[droppable.pop()]
    return list(pairs.values())


def _width(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(len(key) + len(label) + 3 for key, label in pairs)


def of_model(view: View) -> dict[str, str]:
    """Return what the keys that act on the selected model do now; of those that would do nothing, nothing."""
    model = view.model
    if model is None:
        return {action: "" for action in OF_A_MODEL if not (view.marked and action == "app.evaluate")}
    return {
        "app.promote": f"promote v{model.candidate.number}" if model.candidate else "",
        "app.roll_back": f"back to v{model.previous.number}" if model.previous else "",
        "app.cancel": "cancel" if at_work(model, view.jobs) else "",
        "app.quarantine": "quarantine" if model.quarantined else "",
    }


def labels(view: View) -> dict[str, str]:
    """Return the words by action; an empty one leaves its key out."""
    said = {"app.pause": "resume"} if view.paused else {}
    fault = None if view.model is None else asking(view.faults, view.model.name)
    if fault is not None and fault.remedies:
        said["app.repair"] = "mend"
    if not view.acts:
        said |= NO_ACTIONS
    if view.replay is not None:
        said |= REPLAYING
    elif not view.read_only and not view.news.engine_running:
        said["app.start_engine"] = "start engine"
    return said
