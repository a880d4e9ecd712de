"""Evaluate, then promote? Asked where the gate cannot judge yet: the engine evaluates what is missing and decides then."""

from functools import partial

from rich.text import Text

from storage.promotion_records import GateReport
from storage.records import Version
from storage.vocabulary import CheckVerdict
from tui.about import wrapped
from tui.dialogs.confirm import Confirm


def evaluate_first(gate: GateReport, candidate: Version) -> Confirm:
    """Return the question whether to evaluate what is missing and promote ``candidate`` if the gate passes it then."""
    title = f"Evaluate, then promote {candidate.model} v{candidate.number}?"
    return Confirm(title, partial(wrapped, body(gate, candidate), indent=0), "y  evaluate, then promote")


def body(gate: GateReport, candidate: Version) -> list[Text]:
    """Return what the question shows."""
    missing = [check.detail for check in gate.checks if check.verdict is not CheckVerdict.PASS]
    return [
        *(Text(f"? {detail.partition(': modeltender')[0]}") for detail in missing),
        Text(),
        Text(
            f"What is missing is evaluated, and v{candidate.number} is promoted if the gate passes it then. "
            "You are not asked again; if it does not, nothing changes."
        ),
    ]
