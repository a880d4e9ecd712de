"""The deployed version answers more slowly than it used to, on the same device with the same runtime."""

from statistics import median

from engine.evaluation.rounding import number
from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.latency import steady
from engine.faults.state import ModelState
from storage.vocabulary import Severity

BASELINE = 8
"""Earlier measurements that a history needs."""

IN_A_ROW = 4
"""Measurements that must be slower."""

RATIO = 1.25
"""How many times as long as usual is worth somebody's time."""

DEVIATIONS = 5.0
"""How far beyond the usual spread: more than a busy quarter of an hour makes."""

NORMAL = 1.4826
"""What makes a standard deviation of the median absolute deviation, where values are normal."""

LONGEST = 60
"""Earlier measurements that are looked at: what was long ago is not how it used to be."""

SPEC = FaultSpec(
    code="latency-regression",
    severity=Severity.WARNING,
    means=f"In each of the last {IN_A_ROW} steady measurements, the deployed version's median latency was more than "
    f"{RATIO:g} times its usual one, and more than {DEVIATIONS:g} of its usual deviations above it.",
    advice="Look for what changed on the machine (modeltender devices, other programs, heat); compare the versions in "
    "turns: modeltender compare {model} previous current --latency",
    urgent="Today. It has become slower, though nobody may have complained yet.",
    otherwise="If both versions are slow, it is the machine: heat, another program, a smaller quota of its container. Restart "
    "what serves the model; move it if that does not help.",
    closes=2,
    source="median and median absolute deviation: Leys et al. 2013, Journal of Experimental Social Psychology 49:764",
)


def check(state: ModelState) -> Finding:
    """Compare the last medians with those before them."""
    version, measured = state.current.number, steady(state.evaluations)
    medians = [one.report.p50_ms for one in measured if one.report.p50_ms is not None]
    missing = BASELINE + IN_A_ROW - len(medians)
    if missing > 0:
        return unknown(
            f"needs {BASELINE + IN_A_ROW} steady measurements of this version; there are {len(medians)}",
            version=version,
        )
    last, earlier = medians[-IN_A_ROW:], medians[:-IN_A_ROW][-LONGEST:]
    usual = median(earlier)
    spread = NORMAL * median(abs(value - usual) for value in earlier)
    limit = max(RATIO * usual, usual + DEVIATIONS * spread)
    told = f"median {number(last[-1])} ms, usually {number(usual)} ms (spread {number(spread)} ms, {len(earlier)} measurements)"
    basis = str(measured[-1].evaluation)
    if min(last) > limit:
        return found(
            f"Version {version} has become slower: {told}, in {IN_A_ROW} measurements in a row above {number(limit)} ms",
            version=version,
            basis=basis,
        )
    return healthy(told, version=version, basis=basis)
