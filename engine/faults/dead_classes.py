"""A class that is in the test data is never predicted."""

from math import ceil, log

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import class_name, count
from engine.faults.state import ModelState
from storage.vocabulary import Severity

RECALL = 0.1
"""Of a class that is recognised badly, but is."""

CHANCE = 1e-6
"""How likely no example of such a class may be recognised before its silence is called dead."""

SHOWN = 5

NEEDED = ceil(log(CHANCE) / log(1 - RECALL))
"""Examples of a class from which that is so: 132."""

SPEC = FaultSpec(
    code="dead-classes",
    severity=Severity.WARNING,
    means=f"A class with {NEEDED} or more test examples was never predicted. If the model recognised it one time in ten, "
    "that would happen in one of a million test sets.",
    advice="Look at its examples and at the labels' order in model.toml; train with its examples weighted: "
    "modeltender show {model}@current",
    urgent="This week. One class is never recognised.",
    otherwise="If the class used to be recognised (modeltender history {model}), roll back; if it never was, it needs more or "
    "better examples.",
    source="binomial: 0.9^132 < 1e-6",
)


def check(state: ModelState) -> Finding:
    """Look for columns of the confusion matrix that are empty."""
    version = state.current.number
    confusion = state.evaluations[-1].confusion if state.evaluations else None
    if confusion is None:
        return unknown("the last evaluation has no confusion matrix", version=version)
    basis = str(state.evaluations[-1].id)
    examples = [sum(row) for row in confusion]
    predicted = [sum(row[place] for row in confusion) for place in range(len(confusion))]
    dead = [place for place, n in enumerate(predicted) if not n and examples[place] >= NEEDED]
    if dead:
        told = ", ".join(
            f"{class_name(state.settings.labels, place)} (of {examples[place]:,})" for place in dead[:SHOWN]
        )
        more = f" and {len(dead) - SHOWN} more" if len(dead) > SHOWN else ""
        what = count(len(dead), "class", "classes")
        return found(f"Version {version} never predicts {what}: {told}{more}", version=version, basis=basis)
    few = sum(n < NEEDED for n in examples)
    if few == len(examples):
        return unknown(
            f"needs {NEEDED} test examples of a class; the largest has {max(examples)}", version=version
        )
    told = f"each of {count(len(examples) - few, 'class', 'classes')} is predicted"
    return healthy(
        told + (f"; {few} with fewer than {NEEDED} examples were not judged" if few else ""),
        version=version,
        basis=basis,
    )
