"""One file per repair, and the list of them: what ends a fault, said before it is done."""

from typing import NamedTuple

from engine.repairs import recalibrate, reevaluate, reload, restore, retrain, rollback
from engine.repairs.repairing import Acting, Planning, RepairSpec
from storage.vocabulary import RepairKind


class Repair(NamedTuple):
    """A repair."""

    spec: RepairSpec
    plan: Planning
    act: Acting


REPAIRS: dict[RepairKind, Repair] = {
    module.SPEC.kind: Repair(module.SPEC, module.plan, module.act)
    for module in (restore, reload, reevaluate, recalibrate, retrain, rollback)
}
"""Every repair, by its kind: those that change least come first."""
