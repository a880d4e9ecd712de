"""How often checks are wrong and how soon they are right: simulated rounds, at the settings that the documentation states.

``python -m tests.benchmarks.faults docs/maintenance.md`` writes the table of that page, between its two marks. Every draw
is seeded, so that the page only changes when the statistics do. It takes about a minute of one core.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.evaluation.confidence import wilson
from engine.faults import (
    calibration_lost,
    latency_objective,
    latency_regression,
    objective_missed,
    quality_trend,
)
from engine.faults.finding import Finding
from engine.faults.state import ModelState
from storage.records import Evaluation, Metric
from storage.settings import ModelSettings
from storage.vocabulary import Answer
from tests.unit.engine.faults.states import evaluation, latency, state

BEGIN, END = "<!-- simulated: begin -->", "<!-- simulated: end -->"

ROUNDS = 10_000
"""Healthy rounds of each row."""

LIFE = 50
"""Rounds of one version: after that another one is deployed."""

HISTORY = 64
"""Evaluations that a check looks back at here; in the engine it is up to 200."""

N = 2000

Draw = Callable[[np.random.Generator, int, bool], Evaluation]
"""Draws the evaluation of a round, of a version that is well or (``True``) is not any more."""


class Case(NamedTuple):
    """One row: what is simulated, and for how many rounds a fault may stay unseen."""

    name: str
    check: Callable[[ModelState], Finding]
    settings: ModelSettings
    draw: Draw
    told: str
    after: int = 20
    """Healthy rounds before something goes wrong, where it is measured how soon that is seen."""


def accuracy(rng: np.random.Generator, number: int, true: float) -> Evaluation:
    """Evaluate a version of a true accuracy on a fresh test set."""
    right = int(rng.binomial(N, true))
    low, high = wilson(right, N)
    return evaluation(number, Metric("accuracy", right / N, low, high, N), dataset=f"d{number}")


def quality(rng: np.random.Generator, number: int, worse: bool) -> Evaluation:  # noqa: FBT001 - the shape of a draw
    """A version of 98 % where 97 % are wanted; or of 95.5 %."""
    return accuracy(rng, number, 0.955 if worse else 0.98)


def trend(rng: np.random.Generator, number: int, worse: bool) -> Evaluation:  # noqa: FBT001 - as above
    """A version of 95 %; or one that has lost a point and a half, three standard errors."""
    return accuracy(rng, number, 0.935 if worse else 0.95)


def calibration(rng: np.random.Generator, number: int, worse: bool) -> Evaluation:  # noqa: FBT001 - as above
    """A calibration error of 0.02 that is measured to half a point; or of 0.08."""
    value = abs((0.08 if worse else 0.02) + rng.normal(0, 0.005))
    return evaluation(
        number, Metric("ece", value, max(value - 0.01, 0.0), value + 0.01, N), dataset=f"d{number}"
    )


def speed(rng: np.random.Generator, number: int, worse: bool) -> Evaluation:  # noqa: FBT001 - as above
    """Medians that vary by 5 %, one in twenty on a machine that was busy; or that are 1.6 times as long."""
    busy = 1.5 if rng.random() < 0.05 else 1.0
    median = (1.6 if worse else 1.0) * busy * float(rng.lognormal(0, 0.05))
    report = latency(median, p99_ms=1.8 * median)
    return evaluation(number, p50_ms=median, latency=report)


CASES = (
    Case(
        "objective-missed",
        objective_missed.check,
        ModelSettings(objectives={"accuracy": ">= 0.97"}),
        quality,
        "98 % true, 97 % wanted; then 95.5 %",
    ),
    Case("quality-trend", quality_trend.check, ModelSettings(), trend, "95 % true; then 93.5 %"),
    Case(
        "calibration-lost", calibration_lost.check, ModelSettings(), calibration, "error 0.02 true; then 0.08"
    ),
    Case(
        "latency-objective-missed",
        latency_objective.check,
        ModelSettings(objectives={"latency_p99_ms": "<= 2.5"}),
        speed,
        "p99 1.8 ms, 2.5 ms wanted, one in twenty busy; then 2.9 ms",
    ),
    Case(
        "latency-regression",
        latency_regression.check,
        ModelSettings(),
        speed,
        "medians vary by 5 %, one in twenty busy; then 1.6 times",
    ),
)


def false_alarms(case: Case, rounds: int, seed: int = 1) -> int:
    """Return in how many healthy rounds a check finds its fault, each with the history of the version before it."""
    rng = np.random.default_rng(seed)
    alarms = 0
    for start in range(0, rounds, LIFE):
        history: list[Evaluation] = []
        for number in range(start, min(start + LIFE, rounds)):
            history.append(case.draw(rng, number, False))
            alarms += _look(case, history).answer is Answer.FAULT
    return alarms


def delays(case: Case, lives: int, seed: int = 2) -> list[int]:
    """Return how many rounds it took in each life until something that went wrong was found; 99 where it never was."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(lives):
        history = [case.draw(rng, number, False) for number in range(case.after)]
        delay = 99
        for late in range(1, 41):
            history.append(case.draw(rng, case.after + late, True))
            if _look(case, history).answer is Answer.FAULT:
                delay = late
                break
        found.append(delay)
    return found


def _look(case: Case, history: list[Evaluation]) -> Finding:
    return case.check(state(settings=case.settings, evaluations=tuple(history[-HISTORY:])))


def table() -> Iterator[str]:
    """Yield the table."""
    yield "| fault | simulated | false alarms in 10,000 healthy rounds | rounds until it is found (median, worst of 200) |"
    yield "|---|---|---|---|"
    for case in CASES:
        late = sorted(delays(case, 200))
        yield (
            f"| `{case.name}` | {case.told} | {false_alarms(case, ROUNDS)} | {late[len(late) // 2]}, {late[-1]} |"
        )


def main() -> None:
    """Write the table into a page, or print it."""
    told = "\n".join(table())
    if len(sys.argv) < 2:
        print(told)
        return
    page = Path(sys.argv[1])
    before, rest = page.read_text().split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{told}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
