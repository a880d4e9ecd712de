"""A gate on trial: it judges and says so, and the promotion itself is refused."""

from engine.evaluation.facts import Facts
from storage.promotion_records import GateCheck
from storage.vocabulary import CheckVerdict

NAME = "dry-run"


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Say that nothing will be promoted."""
    if not facts.gate.dry_run:
        return ()
    return (
        GateCheck(
            NAME, CheckVerdict.SKIPPED, "gate.dry_run is set: the gate judges, and nothing is promoted"
        ),
    )
