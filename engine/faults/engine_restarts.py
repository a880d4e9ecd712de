"""The engine ends unexpectedly and begins anew, again and again."""

from engine.faults.finding import FaultSpec, Finding, found, healthy
from engine.faults.sentences import age, count
from engine.faults.state import PlaceState
from storage.vocabulary import Severity

WITHIN_S = 3600.0
"""How long a crash counts."""

CRASHES = 3
"""Within that time they are no accident any more."""

SPEC = FaultSpec(
    code="engine-restarts",
    severity=Severity.WARNING,
    means=f"Within an hour, the engine started {CRASHES} times or more after one that had not ended in good order: it gets "
    "killed (out of memory?), or it crashes.",
    advice="Look at its log: modeltender engine logs; and at the machine's: journalctl -k, for 'Out of memory'",
    urgent="Today. Models are still served, but checked and evaluated only in between.",
    otherwise="If memory ran out, keep fewer processes warm ([limits] warm_processes in modeltender.toml) or give it more; "
    "otherwise report the last lines of its log.",
)


def check(state: PlaceState) -> Finding:
    """Count the crashes of the last hour."""
    recent = [at for at in state.crashes if 0 <= state.now - at <= WITHIN_S]
    if len(recent) >= CRASHES:
        return found(
            f"The engine began {len(recent)} times within {age(WITHIN_S)} after one that had not ended in order, last "
            f"{age(state.now - recent[-1])} ago"
        )
    return healthy(f"{count(len(recent), 'unexpected end')} within {age(WITHIN_S)}")
