"""The tables ``[schedule]``, ``[checks]`` and ``[repair]``: when, against which limits, and what may be mended unasked.

Owns the keys and their limits. ``modeltender.toml`` says what holds for every model, ``model.toml`` what is different for
one; whether it is time, and what is found, is the engine's.
"""

import re
from typing import NamedTuple, Protocol

from storage import durations
from storage.settings_file import Settings
from storage.vocabulary import RepairKind

NEVER = "never"
"""How people write that something is not done by itself."""

SHORTEST_S = 10.0
"""An interval below this would keep a device busy with nothing else."""

CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")


class Schedule(Settings, frozen=True, kw_only=True):
    """How often a model is looked after by itself; empty leaves it to ``modeltender.toml``, and there to the default."""

    evaluate: str = ""
    """How often the deployed version is evaluated again; by default never, as the same data give the same figures."""
    check: str = ""
    """How often its faults are looked for; by default every hour."""
    quiet: str = ""
    """Local hours in which none of that starts, such as ``22:00-06:00``."""


class Checks(Settings, frozen=True, kw_only=True):
    """The limits of checks that have no natural one; empty leaves them to ``modeltender.toml``, and there to the default."""

    evaluation_age: str = ""
    """The age at which figures are stale; by default 30 days."""
    model_age: str = ""
    """The age at which a deployed version is old; by default 90 days."""


class WorkspaceChecks(Checks, frozen=True, kw_only=True):
    """The same for the whole workspace."""

    free_gib: float = 1.0
    """What should be free on the disk of the workspace."""


class Repair(Settings, frozen=True, kw_only=True):
    """What may be done without asking."""

    automatic: tuple[RepairKind, ...] | None = None
    """Repairs that are done as soon as a check finds their fault; ``None`` leaves it to ``modeltender.toml``, and there
    to none at all."""


class Quiet(NamedTuple):
    """Hours in which nothing begins by itself, in minutes of the day; the end may lie on the next day."""

    start: int
    end: int


class Plan(NamedTuple):
    """What holds for one model, of both files."""

    evaluate_s: float | None
    """``None``: never."""
    check_s: float | None
    quiet: Quiet | None
    evaluation_age_s: float
    model_age_s: float
    automatic: frozenset[RepairKind]


class Maintained(Protocol):
    """The settings of a workspace or a model, as far as they are about maintenance."""

    @property
    def schedule(self) -> Schedule:
        """When it is looked after."""
        ...

    @property
    def checks(self) -> Checks:
        """Against which limits."""
        ...

    @property
    def repair(self) -> Repair:
        """What may be mended without asking."""
        ...


DEFAULT_SCHEDULE = Schedule(evaluate=NEVER, check="1h")
DEFAULT_CHECKS = Checks(evaluation_age="30d", model_age="90d")


def plan(workspace: Maintained, model: Maintained | None = None) -> Plan:
    """Return what holds for a model: its own words, else the workspace's, else the defaults; both must be in order."""
    layers = [workspace] if model is None else [model, workspace]
    schedules = [layer.schedule for layer in layers] + [DEFAULT_SCHEDULE]
    limits = [layer.checks for layer in layers] + [DEFAULT_CHECKS]
    automatic = next((one.automatic for layer in layers if (one := layer.repair).automatic is not None), ())
    return Plan(
        evaluate_s=_interval(_first(schedules, "evaluate")),
        check_s=_interval(_first(schedules, "check")),
        quiet=quiet_hours(_first(schedules, "quiet")),
        evaluation_age_s=durations.seconds(_first(limits, "evaluation_age")),
        model_age_s=durations.seconds(_first(limits, "model_age")),
        automatic=frozenset(automatic or ()),
    )


def quiet_hours(text: str) -> Quiet | None:
    """Return the hours that a text means, or ``None`` where it is empty or ``never``.

    Raises:
        ValueError: it means none.
    """
    if not text.strip() or text.strip() == NEVER:
        return None
    written = CLOCK.fullmatch(text.strip())
    if written is None:
        raise ValueError(f"expected hours such as 22:00-06:00, got '{text}'")
    first, second, third, fourth = map(int, written.groups())
    found = Quiet(first * 60 + second, third * 60 + fourth)
    if found.start == found.end:
        raise ValueError(f"expected two different times, got '{text}'")
    return found


def check(schedule: Schedule, checks: Checks, problems: list[str]) -> None:
    """Gather what is wrong with the tables of one file."""
    for key in ("evaluate", "check"):
        text = getattr(schedule, key)
        if text and text.strip() != NEVER:
            _duration(f"schedule.{key}", text, problems, least_s=SHORTEST_S)
    try:
        quiet_hours(schedule.quiet)
    except ValueError as error:
        problems.append(f"schedule.quiet: {error}")
    for key in ("evaluation_age", "model_age"):
        if text := getattr(checks, key):
            _duration(f"checks.{key}", text, problems)


def _first(layers: "list[Schedule] | list[Checks]", key: str) -> str:
    return next((text for layer in layers if (text := str(getattr(layer, key)).strip())), "")


def _interval(text: str) -> float | None:
    return None if text == NEVER else durations.seconds(text)


def _duration(key: str, text: str, problems: list[str], *, least_s: float = 0.0) -> None:
    try:
        found = durations.seconds(text)
    except ValueError as error:
        problems.append(f"{key}: {error}")
        return
    if found <= least_s - 1e-9 or found <= 0:
        problems.append(f"{key}: expected {least_s:g} s or more, got '{text}'")
