"""As quick as before: the ratio of median latencies, measured in turns, is within ``gate.max_latency_ratio``.

The two versions are never held to figures of different times: a machine is not the same an hour later. The ratio
comes from `engine.jobs.side_by_side`, which loads both and runs them in turns.
"""

from engine.evaluation.facts import Facts
from storage.records import GateCheck
from storage.vocabulary import CheckVerdict

NAME = "latency"


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Hold the measured ratio against the settings."""
    most, found, old = facts.gate.max_latency_ratio, facts.ratio, facts.current
    if most is None or old is None:
        return ()
    if found is None:
        model, numbers = old.version.model, (old.version.number, facts.candidate.version.number)
        detail = (
            f"not measured side by side yet: modeltender compare {model} {numbers[0]} {numbers[1]} --latency"
        )
        return (GateCheck(NAME, CheckVerdict.INCONCLUSIVE, detail),)
    told = (
        f"{found.ratio:.3f} times as long [{found.low:.3f}, {found.high:.3f}] "
        f"({found.confidence * 100:.3g}% interval, {found.n} rounds on {found.device}); at most {most:g}"
    )
    if found.high <= most:
        return (GateCheck(NAME, CheckVerdict.PASS, told),)
    if found.low > most:
        return (GateCheck(NAME, CheckVerdict.FAIL, told),)
    return (GateCheck(NAME, CheckVerdict.INCONCLUSIVE, f"{told}, which the interval does not decide"),)
