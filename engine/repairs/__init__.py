"""One file per repair, and the list of them: what ends a fault, said before it is done."""

from typing import NamedTuple

from engine.repairs import convert, free_disk, recalibrate, reevaluate, reload, restore, retrain, rollback
from engine.repairs.repairing import Acting, PlaceActing, PlacePlanning, Planning, RepairSpec
from storage.vocabulary import RepairKind


class Repair(NamedTuple):
    """A repair of a model."""

    spec: RepairSpec
    plan: Planning
    act: Acting


class PlaceRepair(NamedTuple):
    """A repair of the workspace."""

    spec: RepairSpec
    plan: PlacePlanning
    act: PlaceActing


REPAIRS: dict[RepairKind, Repair] = {
    module.SPEC.kind: Repair(module.SPEC, module.plan, module.act)
    for module in (restore, reload, reevaluate, recalibrate, convert, retrain, rollback)
}
"""Every repair of a model, by its kind: those that change least come first."""

PLACE_REPAIRS: dict[RepairKind, PlaceRepair] = {
    module.SPEC.kind: PlaceRepair(module.SPEC, module.plan, module.act) for module in (free_disk,)
}
"""Every repair of the workspace, by its kind."""
