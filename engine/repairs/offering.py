"""Which repairs may end what is open, and what each would change: put on record, because people choose by that.

Owns the asking of the plans. A fault is offered its repairs in the transaction that opens it, wherever that is: key ``f`` of
the console and its words come from here.
"""

import sqlite3

from engine.faults import SPECS
from engine.jobs.context import Context
from engine.repairs import PLACE_REPAIRS, REPAIRS
from engine.repairs.repairing import Case, PlaceCase
from storage.fault_records import Fault, Remedy
from storage.records import Model
from storage.tables import faults as fault_table
from storage.tables import models


def offer(connection: sqlite3.Connection, model: Model) -> None:
    """Put on record what may end each open fault of a model."""
    for fault in fault_table.all_open(connection, model.name):
        _set(connection, model, fault)


def offer_new(connection: sqlite3.Connection) -> None:
    """Put on record what may end the open faults of all models that were offered nothing yet."""
    for fault in fault_table.all_open(connection):
        spec = SPECS.get(fault.code)
        if fault.remedies or not fault.model or spec is None or not spec.repairs:
            continue
        model = models.read_one(connection, fault.model)
        if model is not None:
            _set(connection, model, fault)


def offer_of_place(context: Context) -> None:
    """Do the same for what is open of the workspace; a repair looks at the folders, so not within a transaction."""
    with context.writer.passing() as connection:
        faults = fault_table.all_open(connection, "")
    for fault in faults:
        spec, case = SPECS.get(fault.code), PlaceCase(context, fault)
        kinds = [kind for kind in (spec.repairs if spec else ()) if kind in PLACE_REPAIRS]
        planned = [(kind, PLACE_REPAIRS[kind].plan(case)) for kind in kinds]
        remedies = [Remedy(kind, plan.sentence) for kind, plan in planned if plan.possible]
        with context.writer.transaction() as connection:
            fault_table.set_remedies(connection, fault.id, remedies)


def _set(connection: sqlite3.Connection, model: Model, fault: Fault) -> None:
    spec, case = SPECS.get(fault.code), Case(model, fault)
    planned = [(kind, REPAIRS[kind].plan(case)) for kind in (spec.repairs if spec else ())]
    remedies = [Remedy(kind, plan.sentence) for kind, plan in planned if plan.possible]
    fault_table.set_remedies(connection, fault.id, remedies)
