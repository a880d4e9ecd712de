"""Telling a model's targets what is deployed: in their order, each confirmed, and taken back where one fails.

Owns the order, what goes on record of each target, and the fault of those that say something else than the link. When they
are told is `engine.repository.deploy`'s to decide; how one is told is its kind's.
"""

import sqlite3
from typing import NamedTuple

from engine.repository.targets import opened
from engine.repository.targets.target import News, Target, TargetError
from storage import jobs
from storage.errors import RefusedError
from storage.promotion_records import PromotionTarget, ToldTarget
from storage.settings import ModelSettings, Trust
from storage.tables import events, faults, models, promotion_targets, promotions
from storage.target_settings import TargetSettings
from storage.text import clean, word
from storage.vocabulary import JobKind, Severity, TargetKind, TargetState
from storage.workspace import Workspace

SWITCH_S = 30.0
"""What a switch may take besides its targets, which is milliseconds; one that is older could not record its end."""

BEHIND_FAULT = "targets-behind"
"""Targets have not confirmed what is deployed; ends when they have, or are targets no more."""

NO_TRUST = "commands are not run here; the workspace's owner allows them with [trust] commands = true in modeltender.toml"


class Said(NamedTuple):
    """What became of one target."""

    state: TargetState
    version: int | None
    message: str


class Telling:
    """One round of the targets of one model; ``settings`` is ``None`` where model.toml cannot be read."""

    def __init__(self, workspace: Workspace, settings: ModelSettings | None, trust: Trust) -> None:
        self._settings = settings
        self._trust = trust
        self._targets = [(target, opened(workspace, target)) for target in self._named]
        self._said: dict[str, Said] = {}
        self._before: dict[str, PromotionTarget] = {}

    @property
    def _named(self) -> tuple[TargetSettings, ...]:
        return () if self._settings is None else self._settings.targets

    @property
    def patience_s(self) -> float:
        """How long telling all, and taking all back, may take: after that nobody is at it any more."""
        return SWITCH_S + 2 * sum(target.timeout_s for target in self._named)

    def problems(self, news: News) -> list[str]:
        """Return why targets cannot be told, a sentence without full stop for each; nothing is touched or asked."""
        found = []
        for settings, target in self._targets:
            try:
                self._check(settings, target, news)
            except TargetError as error:
                found.append(f"{named(settings)}: {error}")
        return found

    def check(self, news: News) -> None:
        """Raise a `RefusedError` where a target cannot be told, before anything is touched."""
        problems = self.problems(news)
        if problems:
            raise RefusedError(
                f"The promotion targets of {news.model} could not be told: {'; '.join(problems)}.",
                f"Mend that, or change [[targets]] in models/{news.model}/model.toml.",
            )

    def begin(self, connection: sqlite3.Connection, model: str, model_id: int) -> None:
        """Put on record who is about to be told."""
        if self._settings is not None:
            promotion_targets.declare(connection, model_id, self._settings.targets)
            self._before = {target.name: target for target in promotion_targets.read(connection, model)}
            promotion_targets.begin(connection, model_id)

    def tell(self, news: News) -> None:
        """Tell every target, one after another.

        Raises:
            TargetError: one could not be told; the ones before it were.
        """
        for settings, target in self._targets:
            try:
                self._check(settings, target, news)
                message = target.tell(news)
            except TargetError as error:
                self._said[settings.name] = Said(TargetState.FAILED, self._last(settings), str(error))
                raise TargetError(f"{named(settings)}: {error}") from None
            self._said[settings.name] = Said(TargetState.CONFIRMED, news.version, message)

    def tell_each(self, news: News) -> list[str]:
        """Tell every target whatever becomes of the others; return why some could not be told."""
        problems = []
        for settings, target in self._targets:
            try:
                self._check(settings, target, news)
                self._said[settings.name] = Said(TargetState.CONFIRMED, news.version, target.tell(news))
            except TargetError as error:
                self._said[settings.name] = Said(TargetState.FAILED, self._last(settings), str(error))
                problems.append(f"{named(settings)}: {error}")
        return problems

    def take_back(self, news: News) -> list[str]:
        """Make the targets that were told say again what they said before; return why some could not."""
        problems = []
        for settings, target in reversed(self._targets):
            said = self._said.get(settings.name)
            if said is None:
                continue
            try:
                target.take_back(news)
            except TargetError as error:
                self._said[settings.name] = Said(
                    TargetState.FAILED, said.version, f"could not be taken back: {error}"
                )
                problems.append(f"{named(settings)} could not be taken back: {error}")
                continue
            if said.state is TargetState.CONFIRMED:
                last = self._last(settings)
                state = TargetState.UNTOLD if last is None else TargetState.CONFIRMED
                self._said[settings.name] = Said(state, last, "taken back: another target failed")
        return problems

    def record(
        self,
        connection: sqlite3.Connection,
        model: str,
        deployed: int | None,
        *,
        now: float,
        promotion: int | None = None,
    ) -> None:
        """Put on record what became of each target, with the promotion that it was told of, and who is behind what is deployed."""
        model_id = models.model_id(connection, model)
        if model_id is None:
            raise sqlite3.IntegrityError(f"the model {model} is gone")
        for name, before in self._before.items():
            said = self._said.get(name)
            if said is None:
                # Its turn never came: it says what it said before.
                said, at = Said(before.state, before.version, before.message), before.at
            else:
                at = now
            promotion_targets.end(
                connection, model_id, name, said.state, version=said.version, message=said.message, at=at
            )
        if self._settings is None:
            self._record_untold(connection, model, model_id, now=now)
        if promotion is not None:
            promotions.set_told(connection, promotion, self._told())
        _judge(connection, model, deployed, now=now)

    def _record_untold(
        self, connection: sqlite3.Connection, model: str, model_id: int, *, now: float
    ) -> None:
        """Say of the targets that are known from before that model.toml kept them from being told."""
        reason = "not told, because model.toml cannot be read"
        known = promotion_targets.read(connection, model)
        for target in known:
            promotion_targets.end(
                connection,
                model_id,
                target.name,
                TargetState.FAILED,
                version=target.version,
                message=reason,
                at=now,
            )
        if known:
            events.add(
                connection,
                "targets-untold",
                f"the promotion targets were {reason}",
                at=now,
                severity=Severity.WARNING,
                model=model,
            )

    def _told(self) -> list[ToldTarget]:
        return [
            ToldTarget(settings.name, settings.kind, said.state, clean(said.message))
            for settings, _ in self._targets
            if (said := self._said.get(settings.name)) is not None
        ]

    def _last(self, settings: TargetSettings) -> int | None:
        """Return the version that a target had confirmed before this round."""
        before = self._before.get(settings.name)
        return None if before is None else before.version

    def _check(self, settings: TargetSettings, target: Target, news: News) -> None:
        if settings.kind is TargetKind.COMMAND and not self._trust.commands:
            raise TargetError(NO_TRUST)
        target.check(news)


def named(settings: TargetSettings) -> str:
    """Return how sentences call a target: its name, and its kind where that is another word."""
    return settings.name if settings.name == settings.kind else f"{settings.name} ({settings.kind})"


def _judge(connection: sqlite3.Connection, model: str, deployed: int | None, *, now: float) -> None:
    """Open the fault of targets that failed to confirm what is deployed, or end it."""
    behind = [
        f"{target.name} has {_known(target.version)} ({target.message})"
        for target in promotion_targets.read(connection, model)
        if target.state is TargetState.FAILED and target.version != deployed
    ]
    if not behind:
        faults.close_fault(connection, BEHIND_FAULT, at=now, model=model)
        return
    message = f"Not every target confirmed that {_known(deployed)} is deployed: {'; '.join(behind)}."
    repair = f"Mend that; they are told again by themselves, and at once with: modeltender tell {word(model)}"
    new = faults.open_fault(
        connection, BEHIND_FAULT, message, at=now, model=model, severity=Severity.ERROR, repair=repair
    )
    if new:
        events.add(connection, BEHIND_FAULT, message, at=now, severity=Severity.ERROR, model=model)


def _known(number: int | None) -> str:
    return "nothing" if number is None else f"version {number}"


def tell_again(connection: sqlite3.Connection, *, now: float, model: str | None = None) -> None:
    """Ask for telling the targets (of one model) of which nobody knows what they were told."""
    for name in promotion_targets.half_told(connection):
        if model in {None, name}:
            jobs.add(connection, JobKind.TELL, name, None, requested_by=jobs.RECOVERY, now=now)
