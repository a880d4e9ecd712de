"""One file per check of the gate, and the list of them.

A check is a function ``check(facts) -> tuple[GateCheck, ...]``: pure, none where there is nothing to say. Those of
`FIRST` decide where nothing is deployed yet, those of `COMPARED` once something is. Those that look for a loss by a test are
guards, which are asked together: `losses` has their list.
"""

from collections.abc import Callable, Sequence

from engine.evaluation.checks import (
    dry_run,
    examples,
    faults,
    latency,
    losses,
    objectives,
    requirements,
    wear,
)
from engine.evaluation.facts import Facts
from storage.promotion_records import GateCheck

Check = Callable[[Facts], tuple[GateCheck, ...]]

FIRST: Sequence[Check] = (
    objectives.check,
    latency.check,
    examples.check,
    requirements.check,
    dry_run.check,
)

COMPARED: Sequence[Check] = (
    losses.check,
    latency.check,
    faults.check,
    examples.check,
    requirements.check,
    wear.check,
    dry_run.check,
)
"""In the order in which they are told, after the figure itself."""
