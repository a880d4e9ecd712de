"""Keeping what the gate says in step with what is deployed and evaluated.

Owns when a recorded gate is renewed or dropped, and which version is a test set's anchor; the judgement is
`engine.evaluation.gate`'s, what it is judged from `engine.repository.gate_facts`'.
"""

import sqlite3

import msgspec

from storage.promotion_records import GateReport
from storage.records import Version
from storage.settings import ModelSettings
from storage.tables import gates, models
from storage.vocabulary import Role, Status, Verdict

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
    # The oldest first, so that candidates that came together are counted in their order.
    for version in reversed(versions):
        gate = None
        if settings is not None and version in following:
            gate = report(connection, current, version, settings)
        if gate != version.gate:
            models.set_gate(connection, version.id, gate)


def report(
    connection: sqlite3.Connection, current: Version | None, candidate: Version, settings: ModelSettings
) -> GateReport:
    """Return what the gate says about promoting a version now: the recorded answer while nothing has changed."""
    # Here, because an engine that has nothing to judge yet should start without loading numpy.
    from engine.evaluation.gate import judge
    from engine.repository.gate_facts import GateFacts

    found = GateFacts(connection, current, candidate, settings)
    basis = found.basis()
    if candidate.gate is not None and candidate.gate.basis == basis:
        return candidate.gate
    return msgspec.structs.replace(judge(found.facts()), basis=basis)


def unevaluated(
    connection: sqlite3.Connection, current: Version | None, candidate: Version, settings: ModelSettings
) -> tuple[Version, ...]:
    """Return the versions that have to be evaluated before the gate can judge a candidate."""
    from engine.evaluation.gate import unevaluated as without
    from engine.repository.gate_facts import GateFacts

    anchor = GateFacts(connection, current, candidate, settings).anchor_version
    # An anchor that cannot be loaded any more is not asked for: the gate does without it.
    held_to = anchor if current is not None and anchor is not None and anchor.status is Status.READY else None
    others = {one.id: one for one in (current, held_to) if one is not None and one.id != candidate.id}
    return without(candidate, others.values())


def renew_anchor(
    connection: sqlite3.Connection, current: Version | None, promoted: Version, settings: ModelSettings
) -> None:
    """Record which version no later candidate may be worse than, now that one has been promoted.

    It is the first that was deployed with this test set, until one that is shown to be better than it is promoted.
    """
    from engine.evaluation.comparison import NotComparableError, compare
    from engine.evaluation.gate import comparable
    from engine.repository.gate_facts import GateFacts

    found = GateFacts(connection, current, promoted, settings)
    evaluation = promoted.evaluation
    if evaluation is None or evaluation.artefact_sha256 != promoted.sha256:
        return
    if found.anchor_version is None:
        first = current if current is not None and comparable(current, promoted) else promoted
        gates.set_anchor(connection, found.model_id, evaluation.dataset_sha256, first.id)
        found = GateFacts(connection, current, promoted, settings)
    facts = found.facts()
    if facts.anchor is None or facts.anchor.problem or facts.anchor.side.version.id == promoted.id:
        return
    try:
        better = compare(facts.anchor.side, facts.candidate, facts.question).verdict is Verdict.SUPERIOR
    except NotComparableError:
        # What cannot be compared is not shown to be better.
        better = False
    if better:
        gates.set_anchor(connection, found.model_id, evaluation.dataset_sha256, promoted.id)
