"""The deployed version takes more memory with every example that it answers."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.growth import LIMIT, NEEDED, growth
from engine.faults.sentences import MIB, count, size
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

LEAST_BYTES = 4 * MIB
"""Less than that over all stretches is what allocators put aside and give back."""

SPEC = FaultSpec(
    code="memory-growth",
    severity=Severity.WARNING,
    means="Once a day the deployed version answers the same examples over and over while its process' memory is read from "
    f"outside: it grew in nearly every one of {NEEDED} stretches, by {size(LEAST_BYTES)} or more. What serves it will "
    "run out of memory, sooner the more it is asked.",
    advice="Restart what serves it before that; deploy the version before it: modeltender rollback {model}; then look in it "
    "for what is kept from one call to the next",
    urgent="Today; what serves it fails when memory is full, which under heavy load may take only hours.",
    otherwise="Restart what serves it in time, by a timer if need be, and give it a memory limit of its own, so that it takes "
    "nothing else down with it.",
    repair=RepairKind.ROLLBACK,
    source="Mann 1945, Econometrica 13:245; Sen 1968, Journal of the American Statistical Association 63:1379",
)


def check(state: ModelState) -> Finding:
    """Look for a trend in the memory of the process that was asked again and again."""
    version, endurance = state.current.number, state.endurance
    if endurance is None:
        return unknown(state.not_probed or "it was not asked again and again", version=version)
    readings = endurance.readings
    if len(readings) < NEEDED:
        return unknown(
            f"needs {NEEDED} stretches of its answers; it is so slow that there was time for {len(readings)}",
            version=version,
        )
    trend, asked = growth(readings), count(int(readings[-1].at - readings[-NEEDED].at), "example")
    basis = str(endurance.at)
    if trend.steady(LEAST_BYTES):
        return found(
            f"The process of version {version} grows with what it is asked: by {size(trend.bytes)} over {asked}, "
            f"{trend.per:,.0f} bytes each (Mann-Kendall z {trend.z:.1f}, limit {LIMIT:g})",
            version=version,
            basis=basis,
        )
    return healthy(
        f"its process took {size(max(readings[-1].bytes - readings[-NEEDED].bytes, 0))} more over {asked}",
        version=version,
        basis=basis,
    )
