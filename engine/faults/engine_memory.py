"""The engine, or a host of a framework, takes more and more memory while it lives."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.growth import LIMIT, NEEDED, growth
from engine.faults.sentences import MIB, age, size
from engine.faults.state import PlaceState
from storage.vocabulary import Severity

LEAST_BYTES = 64 * MIB
LEAST_SHARE = 0.25
"""Less than that over the readings, in bytes or as a share of the first, is a program that has more to look after."""

SPEC = FaultSpec(
    code="engine-memory",
    severity=Severity.WARNING,
    means="The resident memory of the engine, or of a framework's host, is read with each check of the workspace. Within "
    f"the life of one process it grew nearly every time over {NEEDED} readings, by {size(LEAST_BYTES)} and "
    f"{LEAST_SHARE:.0%} or more: the process keeps something that it should release.",
    advice="Restart it, nothing is lost: modeltender engine stop, then modeltender engine start; and report it",
    urgent="This week. It takes days until memory is full; then the kernel kills the engine, and it starts again.",
    otherwise="If it grows again at the same pace after a restart, restart it by a timer, and report the pace with the output "
    "of modeltender doctor.",
    source="as memory-growth",
)


def check(state: PlaceState) -> Finding:
    """Look for a trend in the memory of each process."""
    told, known = list[str](), 0
    for process, readings in state.memory.items():
        if len(readings) < NEEDED:
            continue
        known += 1
        trend, first = growth(readings), readings[-NEEDED]
        if trend.steady(max(LEAST_BYTES, LEAST_SHARE * first.bytes)):
            over = age(readings[-1].at - first.at)
            told.append(
                f"{process} took {size(first.bytes)} and takes {size(readings[-1].bytes)}, more nearly each time over "
                f"{over} (Mann-Kendall z {trend.z:.1f}, limit {LIMIT:g})"
            )
    if told:
        return found("; ".join(told))
    if not known:
        most = max(map(len, state.memory.values()), default=0)
        return unknown(f"needs {NEEDED} readings of one process; there are {most}")
    return healthy(f"{known} of {len(state.memory)} processes have been read often enough, and none grows")
