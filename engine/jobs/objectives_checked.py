"""What an evaluation of a deployed version says about its objectives of quality, without the wait for the next check.

One that begins to miss an objective, or meets them all again, has it checked at once. While the fault is open, its sentence
keeps up with the figures: nobody reads of an accuracy of an hour ago beside the one of now.
"""

import sqlite3

from engine.faults import objective_missed
from engine.jobs.check import open_found
from engine.jobs.context import Context
from storage import jobs
from storage.maintenance_settings import plan
from storage.measured import Evaluation
from storage.objectives import MISSED_FAULT
from storage.records import Version
from storage.settings import ModelSettings
from storage.tables import faults, models
from storage.vocabulary import JobKind, Role


def have_checked(
    context: Context,
    connection: sqlite3.Connection,
    version: Version,
    settings: ModelSettings,
    evaluation: Evaluation,
) -> None:
    """Ask for a check where what is deployed begins to miss an objective beyond chance, or meets them all again."""
    known = models.version(connection, version.id)
    if known is None or known.role is not Role.CURRENT or plan(context.settings, settings).check_s is None:
        return
    judged = objective_missed.judge(settings.objectives, evaluation)
    is_open = any(
        fault.code == MISSED_FAULT and fault.version == version.number
        for fault in faults.all_open(connection, version.model)
    )
    if judged.missed and is_open:
        seen = objective_missed.seen(version.number, judged, evaluation)
        open_found(connection, version.model, objective_missed.SPEC, seen, now=context.now())
    elif judged.missed or (is_open and not judged.undecided):
        jobs.add(
            connection, JobKind.CHECK, version.model, None, requested_by=jobs.OBJECTIVE, now=context.now()
        )
