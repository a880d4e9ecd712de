"""An objective of latency is missed, time after time: as MLPerf judges it, and not on one busy moment."""

from engine.evaluation.rounding import number
from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.latency import Measured, steady
from engine.faults.sentences import count
from engine.faults.state import ModelState
from storage.objectives import COMPARISONS, LATENCY
from storage.settings import OBJECTIVE
from storage.vocabulary import Severity

IN_A_ROW = 4
"""Steady measurements that must miss it: a machine that was busy once is no fault of the model."""

SPEC = FaultSpec(
    code="latency-objective-missed",
    severity=Severity.WARNING,
    means="A percentile of the deployed version's latency exceeded its limit in `[objectives]` in each of the last "
    f"{IN_A_ROW} steady measurements. Percentiles are MLPerf LoadGen's upper bounds at 99 % confidence.",
    advice="See what disturbs it there: modeltender latency {model}; or deploy the version before it: modeltender rollback "
    "{model}",
    urgent="Today. People wait longer than was agreed.",
    otherwise="If the machine is quiet and the previous version is as slow, the limit or the machine is wrong; a smaller "
    "variant may meet it: modeltender optimise {model}.",
    closes=2,
    source="MLPerf LoadGen's early stopping (docs/latency.md)",
)


def check(state: ModelState) -> Finding:
    """Hold each objective of the latency against the last measurements."""
    version = state.current.number
    wanted = {
        name: text.strip() for name, text in state.settings.objectives.items() if name.startswith(LATENCY)
    }
    if not wanted:
        return healthy("no objective of latency is set in model.toml", version=version)
    measured = steady(state.evaluations)
    missed, undecided, kept = list[str](), list[str](), list[str]()
    for name, text in wanted.items():
        values = _values(measured, name.removeprefix(LATENCY))
        parsed = OBJECTIVE.fullmatch(text)
        if not values or parsed is None:
            undecided.append(f"{name}: no steady measurement has enough queries for it")
            continue
        last = values[-IN_A_ROW:]
        holds = [COMPARISONS[parsed[1]](value, float(parsed[2])) for value in last]
        told = f"{name} {', '.join(map(number, last))}"
        if holds[-1]:
            kept.append(f"{name} {number(last[-1])}")
        elif len(last) == IN_A_ROW and not any(holds):
            missed.append(f"{told} in the last {IN_A_ROW} steady measurements, {text} is wanted")
        else:
            runs = count(len(holds) - sum(holds), "measurement")
            undecided.append(f"{told} misses {text} in {runs}; {IN_A_ROW} in a row make it a fault")
    basis = str(measured[-1].evaluation) if measured else ""
    if missed:
        return found(f"Version {version}: {'; '.join(missed)}", version=version, basis=basis)
    if undecided:
        return unknown("; ".join(undecided), version=version)
    return healthy("; ".join(kept), version=version, basis=basis)


def _values(measured: list[Measured], field: str) -> list[float]:
    found_values = (getattr(one.report, field, None) for one in measured)
    return [
        float(value)
        for value in found_values
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
