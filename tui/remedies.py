"""What mends a fault, in the console's words: pure."""

from collections.abc import Sequence

from storage.fault_records import Fault
from storage.vocabulary import FaultState, RepairKind

REPAIR = "modeltender repair"
"""What a fault suggests where restoring files mends it, before a check has said what else may."""

VERBS = {RepairKind.ROLLBACK: "roll back", RepairKind.FREE_DISK: "free the disk"}
"""What the repairs do, where their word is not what one says."""


def verb(kind: RepairKind) -> str:
    """Return what a repair does, as a person is asked for it."""
    return VERBS.get(kind, kind.value)


def ways(fault: Fault) -> str:
    """Return what may mend a fault: ``roll back or retrain``; nothing where no key does."""
    return " or ".join(verb(remedy.kind) for remedy in fault.remedies)


def asking(faults: Sequence[Fault], model: str) -> Fault | None:
    """Return the fault of a model that asks for somebody: of those that nobody has acknowledged one that a key mends, if any."""
    found = [each for each in faults if each.model == model and each.state is FaultState.OPEN]
    return next((each for each in found if each.remedies), found[0] if found else None)
