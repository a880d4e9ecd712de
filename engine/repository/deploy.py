"""Carrying out a switch of what is deployed, in steps of which each may be the last before a crash.

Intent on record, bytes hashed again, model loaded, link replaced, targets told, outcome on record.

Owns the order of the steps and what becomes of a step that fails. Whether the switch should happen is the
job's to decide; how the link is replaced is `engine.repository.switch`'s.
"""

import sqlite3
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from engine.repository.gates import refresh_gates, renew_anchor
from engine.repository.integrity import ChangedError, WriteError
from engine.repository.keeper import note_mended
from engine.repository.objects import Kept, Objects
from engine.repository.outside import under_way
from engine.repository.probation import Switched, follow
from engine.repository.switch import (
    CHANGED_FAULT,
    deployed,
    preflight,
    read_current,
    remove,
    settle_intent,
    switch,
)
from engine.repository.targets.target import News, TargetError
from engine.repository.telling import Telling
from storage import jobs
from storage.database import Writer
from storage.durations import seconds
from storage.errors import Error, JobError, RefusedError
from storage.promotion_records import GateReport
from storage.records import Job, Version
from storage.settings import ModelSettings, Trust
from storage.tables import deployed as deployed_contents
from storage.tables import events, faults, models, promotions
from storage.text import word
from storage.vocabulary import JobKind, PromotionOutcome, Severity, Status
from storage.workspace import Workspace

LOOK_AGAIN = "Look again, then decide."

PREPARATION_S = 900.0
"""How long making sure of bytes and process may take: the largest of models, read from a slow disk and loaded."""


def _nothing() -> None:
    """Prove nothing."""


class Change(NamedTuple):
    """A switch that was decided upon."""

    job: Job
    from_number: int | None
    to: Version
    gate: GateReport | None = None
    message: str = ""
    """What the log will say about it."""

    @property
    def all_or_none(self) -> bool:
        """Whether it is taken back where a target cannot be told of it."""
        return self.job.kind is JobKind.PROMOTE


class Deployer(NamedTuple):
    """What it takes to carry out a switch."""

    workspace: Workspace
    writer: Writer
    now: Callable[[], float]
    settings: ModelSettings | None
    """Of the model, for its targets and the gates that follow; ``None`` where they cannot be read."""
    trust: Trust = Trust()
    """What the workspace's owner lets run."""

    def deploy(self, change: Change, prove: Callable[[], None] = _nothing) -> list[str]:
        """Make ``change.to`` the deployed version, once ``prove`` has shown that it can be loaded.

        A promotion is told to all targets or comes to nothing. A rollback is the way out when something is wrong: a target that
        is down keeps neither the link nor another target from it. Returns which could not be told, and why, of a rollback.

        Raises:
            RefusedError: it cannot be done, or things changed meanwhile; nothing was touched.
            JobError: a step failed; what was deployed before still is.
        """
        model, to = change.job.model, change.to
        preflight(self.workspace, model, to.number)
        telling = Telling(self.workspace, self.settings, self.trust)
        news = News(self.workspace, model, to.number, change.from_number, to.sha256 or "")
        if change.all_or_none:
            telling.check(news)
        with self.writer.transaction() as connection:
            intent = self._intend(connection, change)
        try:
            kept = self._ready(change, intent, telling, prove)
        except Error as error:
            with self.writer.transaction() as connection:
                # Somebody may have settled it meanwhile, from what the link says.
                if promotions.is_open(connection, intent):
                    promotions.settle(connection, intent, PromotionOutcome.ABANDONED, problem=error.message)
            raise
        # Held until it is on record what the copy is wanted for.
        with kept:
            try:
                switch(self.workspace, model, to.number)
            except OSError as error:
                self._failed(change, intent, telling, error)
            untold: list[str] = []
            if change.all_or_none:
                try:
                    telling.tell(news)
                except TargetError as error:
                    self._take_back(change, intent, telling, str(error))
            else:
                untold = telling.tell_each(news)
            with self.writer.transaction() as connection:
                self._record(connection, change, intent)
                telling.record(connection, model, to.number, now=self.now(), promotion=intent)
        return untold

    def _ready(self, change: Change, intent: int, telling: Telling, prove: Callable[[], None]) -> Kept:
        """Make sure of bytes and process, and once more that nothing changed since the decision: next is the link."""
        kept = self._verify(change.to)
        try:
            prove()
            with self.writer.transaction() as connection:
                self._confirm(connection, change, intent, telling)
        except BaseException:
            kept.close()
            raise
        return kept

    def _verify(self, version: Version) -> Kept:
        """Make sure that the bytes on disk are those which were evaluated, and that they could be brought back."""
        where = f"models/{version.model}/{version.number}"
        folder = self.workspace.version_folder(version.model, version.number)
        try:
            kept = Objects(self.workspace.objects).keep(
                folder / (version.artefact or ""), version.companions, version.sha256 or ""
            )
        except ChangedError:
            raise RefusedError(
                f"{where} is not what was evaluated: its content changed on disk.",
                "It is checked again by itself; look again in a moment.",
            ) from None
        except WriteError as error:
            raise RefusedError(
                f"No copy of {where} can be kept, and without one it could not be restored: {error.strerror}.",
                "Free some disk space, then try again.",
            ) from None
        except OSError as error:
            raise RefusedError(f"{where} cannot be read: {error.strerror}.") from None
        if kept.mended:
            note_mended(self.writer, version.model, version.number, now=self.now())
        return kept

    def _intend(self, connection: sqlite3.Connection, change: Change) -> int:
        """Put the intent on record, in the transaction that sees that nothing changed since the decision."""
        model, now = change.job.model, self.now()
        if model in under_way(connection, self.workspace, now=now):
            raise RefusedError(f"Another switch of {model} is under way.", LOOK_AGAIN)
        row = self._unchanged(connection, change)
        return promotions.intend(
            connection,
            row["id"],
            job_id=change.job.id,
            at=now,
            requested_by=change.job.requested_by,
            kind=change.job.kind,
            from_number=change.from_number,
            to_number=change.to.number,
            gate=change.gate,
            forced=change.job.parameters.force and change.gate is not None and not change.gate.passed,
            reason=change.job.parameters.reason,
            patience_s=PREPARATION_S,
            sha256=change.to.sha256 or "",
            probation_s=self._probation_s(change.job),
        )

    def _confirm(self, connection: sqlite3.Connection, change: Change, intent: int, telling: Telling) -> None:
        """Put on record that the switch itself begins, in the transaction that sees that still nothing changed."""
        if not promotions.is_open(connection, intent):
            raise RefusedError(
                f"Making sure of {change.to.model}@{change.to.number} took so long that it was given up.",
                LOOK_AGAIN,
            )
        row = self._unchanged(connection, change)
        telling.begin(connection, change.to.model, row["id"])
        promotions.prolong(connection, intent, now=self.now(), patience_s=telling.patience_s)

    def _unchanged(self, connection: sqlite3.Connection, change: Change) -> sqlite3.Row:
        """Return the row of a model of which nothing changed since the decision.

        Raises:
            RefusedError: something did.
        """
        model = change.to.model
        row = next(row for row in models.model_rows(connection) if row["name"] == model)
        target = models.version(connection, change.to.id)
        if row["current"] != change.from_number or read_current(self.workspace, model) != change.from_number:
            raise RefusedError(
                f"What is deployed of {model} changed since you looked: it was {_named(change.from_number)}, "
                f"now it is {_named(read_current(self.workspace, model))}.",
                LOOK_AGAIN,
            )
        if target is None or target.status is not Status.READY or target.sha256 != change.to.sha256:
            raise RefusedError(
                f"{model}@{change.to.number} changed since you looked: it {target.status.fate if target else 'is gone'}.",
                LOOK_AGAIN,
            )
        return row

    def _failed(self, change: Change, intent: int, telling: Telling, error: OSError) -> None:
        """Go on where the link was replaced before the failure; else give up and say so."""
        model, number = change.job.model, change.to.number
        replaced = read_current(self.workspace, model) == number
        with self.writer.transaction() as connection:
            if replaced:
                message = f"version {number} is deployed, but a power cut now could undo it: {error.strerror}"
                events.add(
                    connection,
                    "not-durable",
                    message,
                    at=self.now(),
                    severity=Severity.WARNING,
                    model=model,
                    version=number,
                )
                return
            promotions.settle(connection, intent, PromotionOutcome.ABANDONED, problem=error.strerror or "")
            telling.record(connection, model, change.from_number, now=self.now(), promotion=intent)
        raise JobError(
            f"models/{model}/current could not be replaced: {error.strerror}. Deployed is still {_named(change.from_number)}.",
            "Check the disk and the folder's permissions, then try again.",
        ) from error

    def _take_back(self, change: Change, intent: int, telling: Telling, problem: str) -> NoReturn:
        """Make targets and link say again what they said before, because a target failed, and raise what happened."""
        model, before, number = change.job.model, change.from_number, change.to.number
        stuck = telling.take_back(News(self.workspace, model, before, number))
        try:
            if before is None:
                remove(self.workspace, model)
            else:
                switch(self.workspace, model, before)
        except OSError as error:
            stuck.append(f"models/{model}/current could not be put back: {error.strerror}")
        back = read_current(self.workspace, model) == before
        told = "; ".join([problem, *stuck])
        with self.writer.transaction() as connection:
            if back:
                promotions.settle(connection, intent, PromotionOutcome.ABANDONED, problem=told)
                telling.record(connection, model, before, now=self.now(), promotion=intent)
            else:
                # The link tells, and the targets are told again what it says.
                [row] = [row for row in promotions.unsettled(connection) if row["id"] == intent]
                settle_intent(connection, self.workspace, row, now=self.now())
        # What is deployed comes first: the rest may be cut where it is long.
        still = "is still deployed" if back and before is not None else "is deployed"
        raise JobError(
            f"A target did not take version {number}, and {_named(read_current(self.workspace, model))} {still}: {told}.",
            f"Fix that, then try again; what each target says: modeltender show {word(model)}",
        )

    def _record(self, connection: sqlite3.Connection, change: Change, intent: int) -> None:
        job, now = change.job, self.now()
        model_id = models.model_id(connection, job.model)
        if model_id is None:
            raise sqlite3.IntegrityError(f"the model {job.model} is gone")
        promotions.settle(connection, intent, PromotionOutcome.DONE)
        deployed(
            connection, model_id, kind=job.kind, from_number=change.from_number, to_number=change.to.number
        )
        if job.kind is JobKind.PROMOTE and self.settings is not None:
            before = models.version_id(connection, model_id, change.from_number)
            renew_anchor(connection, models.version(connection, before), change.to, self.settings)
        content = deployed_contents.content_of(change.to)
        if content is not None:
            deployed_contents.remember(connection, change.to.id, content)
        for number in {change.from_number, change.to.number}:
            faults.close_fault(connection, CHANGED_FAULT, at=now, model=job.model, version=number)
        events.add(connection, job.kind, change.message, at=now, model=job.model, version=change.to.number)
        switched = Switched(
            job.model,
            model_id,
            job.kind,
            change.to.number,
            job.requested_by,
            job.parameters.reason,
            change.to.sha256 or "",
            self._probation_s(job),
        )
        follow(connection, switched, now=now)
        refresh_gates(connection, job.model, self.settings)

    def _probation_s(self, job: Job) -> float:
        """Return how long what a job deploys is watched."""
        by_itself = job.kind is JobKind.PROMOTE and job.requested_by == jobs.ITSELF
        return seconds(self.settings.gate.probation) if by_itself and self.settings is not None else 0.0


def _named(number: int | None) -> str:
    return "nothing" if number is None else f"version {number}"
