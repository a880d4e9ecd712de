"""The one thing to do next about the selected model, in a sentence that ends with its key: pure.

What is broken comes before what is missing, and what is missing before what would be good to have.
"""

from storage.fault_records import Fault
from storage.records import Model
from storage.vocabulary import FaultState, Role, Status
from tui import allowance, health
from tui.remedies import REPAIR, asking, ways
from tui.view import View

KEYS = (
    ": p promotes it",
    ": p measures and promotes it",
    ": p shows why",
    ": u rolls back",
    ": i releases or deletes it",
    ": e shows one, made from what is known",
    ": r on the model's screen evaluates it",
)
"""How a sentence ends that names a key which asks the engine for something."""


def of_model(view: View) -> str:
    """Return what to do about the selected model; empty when all is well, and without keys where nothing can be done."""
    said = _of_model(view)
    if not view.acts:
        for key in KEYS:
            said = said.removesuffix(key)
    return said


def _of_model(view: View) -> str:
    model = view.model
    if model is None:
        return ""
    if model.problem:
        # The key first: what is wrong may be long, and lines are cut at their end.
        return f"7 shows the settings: {model.problem}"
    arrivals = view.news.snapshot.arrivals if view.news.snapshot else ()
    return (
        health.coming(model.name, arrivals)
        or _of_broken(view, model)
        or _of_successor(view, model)
        or _of_faults(view, model)
        or _of_refused(view, model)
        or health.sentence(model, view.jobs, view.now)
        or _of_settings(view, model)
    )


def _of_broken(view: View, model: Model) -> str:
    """Return what brings back a deployed version that cannot be used; empty where it can, or where no key does."""
    current = model.current
    if current is None or current.status not in health.BROKEN:
        return ""
    if said := _of_faults(view, model):
        return said
    key = "f restores it" if current.status is Status.MISSING else "u rolls back" if model.previous else ""
    return f"{key}: {health.sentence(model, view.jobs, view.now)}" if key and view.acts else ""


def _of_refused(view: View, model: Model) -> str:
    """Return the key that allows the newest version what it was refused for; empty where nothing is to be allowed."""
    newest = model.newest
    if not view.acts or newest is None or not allowance.possible(newest) or newest.role is Role.CURRENT:
        return ""
    # The key first: why it was refused is long, and lines are cut at their end.
    return f"a allows v{newest.number}, if you trust it: {newest.reason}"


def _of_successor(view: View, model: Model) -> str:
    """Return that a candidate may take the place of what is deployed, faults and all: a repair makes one; empty where none may."""
    candidate = model.candidate
    gate = None if candidate is None else candidate.gate
    comes = health.at_work(model, view.jobs) if gate is None else gate.passed or gate.lacks_ratio
    if candidate is None or not comes:
        return ""
    found = sum(fault.model == model.name and fault.state is FaultState.OPEN for fault in view.faults)
    faults = f"5 shows the fault{'s' if found > 1 else ''}; " if found else ""
    return f"{faults}{health.sentence(model, view.jobs, view.now)}"


def _of_faults(view: View, model: Model) -> str:
    fault = asking(view.faults, model.name)
    if fault is None:
        return ""
    said = fault.message.rstrip(".")
    if not view.acts and (fault.remedies or REPAIR in fault.repair):
        return said
    # The key first: the figures of a fault are long, and lines are cut at their end.
    return f"{_way(fault)}: {said}"


def _way(fault: Fault) -> str:
    """Return the key that mends a fault, or that says what does."""
    if fault.remedies:
        return f"f mends it ({ways(fault)})"
    return "f restores the files" if REPAIR in fault.repair else "5 shows what helps"


def _of_settings(view: View, model: Model) -> str:
    known = view.news.detail is not None and view.news.detail.model.name == model.name
    return (
        "no model.toml yet: e shows one, made from what is known" if known and view.news.no_settings else ""
    )
