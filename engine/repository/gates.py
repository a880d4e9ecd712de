"""Keeping what the gate says in step with what is deployed and evaluated.

Owns when a recorded gate is renewed or dropped; the judgement is `engine.evaluation.gate`'s.
"""

import sqlite3

from engine.evaluation.gate import judge
from storage.settings import ModelSettings
from storage.tables import models
from storage.vocabulary import Role, Status

JUDGED = 8
"""Newest versions above the current one whose gate is kept fresh: those that a person may still promote."""


def refresh_gates(connection: sqlite3.Connection, model: str, settings: ModelSettings | None) -> None:
    """Record what the gate says now about each version that could follow the current one.

    Without ``settings``, which is when they cannot be read, nothing can be said.
    """
    versions = models.versions(connection, model)
    current = next((version for version in versions if version.role is Role.CURRENT), None)
    above = 0 if current is None else current.number
    following = [
        version for version in versions if version.number > above and version.status is Status.READY
    ][:JUDGED]
    for version in versions:
        gate = (
            judge(current, version, settings.gate) if settings is not None and version in following else None
        )
        if gate != version.gate:
            models.set_gate(connection, version.id, gate)
