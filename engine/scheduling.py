"""The part of the engine that asks for work when it is time: evaluations, checks, and repairs that an owner allows.

Owns the thread, what is read for the decision, and the jobs that follow. Whether it is time is `engine.schedule`'s to
say, whether to train `engine.retraining`'s, and doing the work is the lanes'.
"""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from engine import schedule
from engine.faults import SPECS
from engine.retraining import Retraining
from engine.rounds import Rounds
from engine.schedule import Due, Seen
from storage import jobs, maintenance_settings
from storage.database import Writer
from storage.errors import SettingsError
from storage.fault_records import Fault
from storage.maintenance_settings import Plan
from storage.records import JobParameters
from storage.settings import ModelSettings, WorkspaceSettings, read_model_settings
from storage.tables import checks, models
from storage.tables import deployed as deployed_contents
from storage.tables import faults as fault_table
from storage.vocabulary import JobKind
from storage.workspace import Workspace

ROUND_S = 5.0
"""How often it is asked whether something is due: half of the shortest interval that can be set."""

PLACE = ""
"""The name under which the workspace itself is checked."""


class Remembered(NamedTuple):
    """The settings of a model, and how their file looked when they were read."""

    mark: tuple[int, ...]
    settings: ModelSettings | None
    """``None`` where they cannot be read: then the workspace's hold."""


class Scheduler(Rounds):
    """A part of the engine: asks for at most one scheduled job at a time."""

    def __init__(
        self,
        workspace: Workspace,
        writer: Writer,
        settings: WorkspaceSettings,
        *,
        now: Callable[[], float],
        local: Callable[[float], time.struct_time] = time.localtime,
    ) -> None:
        super().__init__("scheduler", every_s=ROUND_S, failing="what is due cannot be asked for")
        self._workspace = workspace
        self._writer = writer
        self._settings = settings
        self._now = now
        self._local = local
        self._retraining = Retraining(workspace, writer, now=now)
        self._since = now()
        self._remembered: dict[str, Remembered] = {}

    def work(self) -> None:
        """Ask for what is due now, unless a scheduled job waits or runs, and for repairs that need nobody's leave."""
        with self._writer.passing() as connection:
            deployed = deployed_contents.last_evaluated(connection)
            checked = checks.last_rounds(connection)
            busy = jobs.unfinished_of(connection, jobs.SCHEDULE)
            faults = [fault for fault in fault_table.all_open(connection) if not fault.tried]
        plans = {name: self._plan(name) for name in deployed}
        if not busy:
            wanted = schedule.next_of(self._due(deployed, checked, plans))
            if wanted is not None:
                self._ask(wanted)
        self._repair(faults, plans)
        self._train(plans)

    def _due(
        self, deployed: dict[str, float | None], checked: dict[str, float], plans: dict[str, Plan]
    ) -> list[Due]:
        now, minute = self._now(), self._minute()
        seen = [Seen(name, plans[name], at, checked.get(name)) for name, at in deployed.items()]
        seen.append(Seen(PLACE, maintenance_settings.plan(self._settings), None, checked.get(PLACE)))
        return [one for each in seen for one in schedule.due(each, now=now, minute=minute, since=self._since)]

    def _minute(self) -> int:
        """Return which minute of the machine's day it is."""
        told = self._local(self._now())
        return told.tm_hour * 60 + told.tm_min

    def _train(self, plans: dict[str, Plan]) -> None:
        """Have looked whether a training should begin by itself, of the models whose owners want that."""
        minute = self._minute()
        for name, plan in plans.items():
            settings = self._remembered[name].settings
            if settings is None or (plan.quiet is not None and schedule.is_quiet(plan.quiet, minute)):
                continue
            self._retraining.look(name, settings)

    def _ask(self, wanted: Due) -> None:
        with self._writer.transaction() as connection:
            number = deployed_contents.current_number(connection, wanted.model)
            if wanted.kind is JobKind.EVALUATE and number is None:
                return
            version = number if wanted.kind is JobKind.EVALUATE else None
            jobs.add(
                connection, wanted.kind, wanted.model, version, requested_by=jobs.SCHEDULE, now=self._now()
            )

    def _repair(self, faults: Iterable[Fault], plans: dict[str, Plan]) -> None:
        """Ask for the repair of each fault whose owner allows that, once: what did not help is a person's to decide."""
        for fault in faults:
            spec = SPECS.get(fault.code)
            plan = plans.get(fault.model) if fault.model else maintenance_settings.plan(self._settings)
            allowed = () if spec is None or plan is None else spec.repairs
            kind = next((kind for kind in allowed if plan is not None and kind in plan.automatic), None)
            if kind is None:
                continue
            with self._writer.transaction() as connection:
                found = models.read_one(connection, fault.model)
                known = fault_table.read_one(connection, fault.id)
                if (found is None and fault.model) or known is None or known.tried:
                    continue
                # Tried from here on, also where it turns out that it cannot be done.
                fault_table.tried(connection, fault.id, kind, at=self._now())
                deployed = found.current.number if found is not None and found.current else None
                if fault.version not in {None, deployed}:
                    continue
                jobs.add(
                    connection,
                    JobKind.REPAIR,
                    fault.model,
                    None,
                    requested_by=jobs.UNASKED,
                    now=self._now(),
                    parameters=JobParameters(fault=fault.id, repair=kind),
                )

    def _plan(self, model: str) -> Plan:
        file = self._workspace.model_settings(model)
        mark = _mark(file)
        known = self._remembered.get(model)
        if known is None or known.mark != mark:
            try:
                settings = read_model_settings(file) if mark else None
            except SettingsError:
                # The engine has made a fault of the model out of it.
                settings = None
            known = self._remembered[model] = Remembered(mark, settings)
        return maintenance_settings.plan(self._settings, known.settings)


def _mark(file: Path) -> tuple[int, ...]:
    """Return what tells one state of a file from another; nothing where there is none that can be looked at."""
    try:
        status = os.stat(file)  # noqa: PTH116 - called for every model every few seconds
    except OSError:
        # Then the workspace's settings hold.
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
