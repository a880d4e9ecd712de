"""What the engine does on request, one file per job kind.

The registry names modules and imports none of them before its first job: an engine that never promotes
never loads the gate.
"""

from importlib import import_module
from typing import TYPE_CHECKING, cast

from storage.vocabulary import JobKind

if TYPE_CHECKING:
    from engine.jobs.context import Handler

HANDLERS: dict[JobKind, str] = {kind: f"engine.jobs.{kind.value}" for kind in JobKind}
"""The module of each kind; a new kind is a word in the vocabulary and a file here."""

ON_MODELS = frozenset(
    {
        JobKind.EVALUATE,
        JobKind.LATENCY,
        JobKind.EARLY,
        JobKind.EXPORT,
        JobKind.OPTIMISE,
        JobKind.RECALIBRATE,
        JobKind.CONVERT,
        JobKind.CHECK,
        JobKind.REHEARSE,
        JobKind.ADOPT,
    }
)
"""Kinds that run models: one at a time, because each measures, or would disturb what does."""

ON_TRAININGS = frozenset({JobKind.TRAIN})
"""Kinds that take long and measure nothing: they give way while models are measured."""

ON_NOTICES = frozenset({JobKind.NOTIFY})
"""Kinds that wait for servers of others: nobody waits behind them."""

ON_LINKS = frozenset(JobKind) - ON_MODELS - ON_TRAININGS - ON_NOTICES
"""Kinds that run no model (they read what is on record, switch a link, move a file): they never wait behind an evaluation."""


def handler(kind: JobKind) -> "Handler":
    """Return the function that does jobs of a kind."""
    return cast("Handler", import_module(HANDLERS[kind]).run)
