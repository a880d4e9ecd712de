"""A class swallows the others: most examples that are something else are called it."""

from engine.evaluation.confidence import wilson
from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import class_name, count
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

SHARE = 0.5
"""Of the examples of all other classes that one class may be given: more, and its name says nothing any more."""

CONFIDENCE = 0.999998
"""Of the interval whose lower end must be beyond that: one false alarm in a million test sets."""

NEEDED = 50
"""Examples of other classes from which an interval is short enough to tell anything."""

SPEC = FaultSpec(
    code="saturated-classes",
    severity=Severity.ERROR,
    means=f"More than {SHARE:.0%} of the test examples of all other classes are assigned to one class, beyond chance: the "
    "output of that class is stuck, or the inputs reach the model in a different form from its training.",
    advice="Compare [preprocess] in model.toml with its training; deploy the version before it: modeltender rollback {model}",
    urgent="Now. Most people get the same answer, and it is mostly wrong.",
    otherwise="If the previous version does the same, inputs reach both in a different form from their training: compare "
    "[preprocess] and the order of the labels in model.toml with the training.",
    repair=RepairKind.ROLLBACK,
    source="Wilson's interval (1927) at 99.9998 %",
)


def check(state: ModelState) -> Finding:
    """Look for a column of the confusion matrix that holds most of what belongs into others."""
    version = state.current.number
    confusion = state.evaluations[-1].confusion if state.evaluations else None
    if confusion is None:
        return unknown("the last evaluation has no confusion matrix", version=version)
    basis = str(state.evaluations[-1].id)
    examples = [sum(row) for row in confusion]
    swallowed: list[tuple[int, int, int]] = []
    judged, largest = 0, 0.0
    for place in range(len(confusion)):
        others = sum(examples) - examples[place]
        given = sum(row[place] for row in confusion) - confusion[place][place]
        if others < NEEDED:
            continue
        judged += 1
        largest = max(largest, given / others)
        if wilson(given, others, CONFIDENCE)[0] > SHARE:
            swallowed.append((place, given, others))
    if swallowed:
        told = "; ".join(
            f"{given:,} of {others:,} examples that are something else ({given / others:.0%}) are called "
            f"{class_name(state.settings.labels, place)}"
            for place, given, others in swallowed
        )
        return found(f"Version {version}: {told}", version=version, basis=basis)
    if not judged:
        return unknown(f"needs {NEEDED} test examples of other classes", version=version)
    return healthy(
        f"no class is given to more than {largest:.1%} of what is something else, of {count(judged, 'class', 'classes')}",
        version=version,
        basis=basis,
    )
