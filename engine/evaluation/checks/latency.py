"""As quick as before: the ratio of median latencies, measured in turns, is within ``gate.max_latency_ratio``.

The two versions are never held to figures of different times: a machine is not the same an hour later. The ratio
comes from `engine.jobs.side_by_side`, which loads both and runs them in turns; a promotion asks for it. A noisy
measurement has a wide interval, which decides nothing.
"""

from engine.evaluation.facts import Facts
from storage.promotion_records import LATENCY, GateCheck
from storage.text import word
from storage.vocabulary import CheckVerdict


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Hold the measured ratio against the settings."""
    most, found, old = facts.gate.max_latency_ratio, facts.ratio, facts.current
    if most is None:
        return ()
    if old is None:
        detail = "nothing is deployed yet that it could be slower than"
        return (GateCheck(LATENCY, CheckVerdict.SKIPPED, detail),)
    if found is None:
        model, numbers = old.version.model, (old.version.number, facts.candidate.version.number)
        detail = (
            f"not measured in turns with version {numbers[0]} yet; a promotion does that once all else passes, "
            f"or: modeltender compare {word(model)} {numbers[0]} {numbers[1]} --latency"
        )
        return (GateCheck(LATENCY, CheckVerdict.INCONCLUSIVE, detail),)
    noise = f"; meanwhile {found.noisy}" if found.noisy else ""
    told = (
        f"{found.ratio:.3f} times as long [{found.low:.3f}, {found.high:.3f}] "
        f"({found.confidence * 100:.3g}% interval, {found.n} rounds on {found.device}); at most {most:g}"
    )
    if found.high <= most:
        return (GateCheck(LATENCY, CheckVerdict.PASS, f"{told}{noise}"),)
    if found.low > most:
        return (GateCheck(LATENCY, CheckVerdict.FAIL, f"{told}{noise}"),)
    undecided = f"{told}, which the interval does not decide{noise}; another promotion measures again"
    return (GateCheck(LATENCY, CheckVerdict.INCONCLUSIVE, undecided),)
