"""The one thing to do next about the selected model, in a sentence that ends with its key: pure.

What is broken comes before what is missing, and what is missing before what would be good to have.
"""

from storage.fault_records import Fault
from storage.records import Model
from storage.vocabulary import FaultState
from tui import health
from tui.view import View

REPAIR = "modeltender repair"
"""What a fault suggests where restoring files mends it."""


def of_model(view: View) -> str:
    """Return what to do about the selected model; empty when all is well."""
    model = view.model
    if model is None:
        return ""
    if model.problem:
        return model.problem
    arrivals = view.news.snapshot.arrivals if view.news.snapshot else ()
    return (
        health.coming(model.name, arrivals)
        or health.sentence(model, view.now)
        or _of_faults(view, model)
        or _of_settings(view, model)
    )


def _of_faults(view: View, model: Model) -> str:
    fault = next((each for each in view.faults if _asks(each, model)), None)
    if fault is None:
        return ""
    way = "f restores the files" if REPAIR in fault.repair else "5 says what helps"
    return f"{fault.message.rstrip('.')}: {way}"


def _asks(fault: Fault, model: Model) -> bool:
    return fault.model == model.name and fault.state is FaultState.OPEN


def _of_settings(view: View, model: Model) -> str:
    known = view.news.detail is not None and view.news.detail.model.name == model.name
    return (
        "no model.toml yet: e shows one, made from what is known" if known and view.news.no_settings else ""
    )
