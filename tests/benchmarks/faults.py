"""How often checks are wrong and how soon they are right: simulated rounds, at the settings that the documentation states.

``python -m tests.benchmarks.faults docs/maintenance.md`` writes the table of that page, between its two marks. Every draw
is seeded, so that the page only changes when the statistics do. It takes about a minute of one core.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.evaluation.confidence import wilson
from engine.faults import (
    calibration_lost,
    engine_memory,
    latency_objective,
    latency_regression,
    memory_growth,
    objective_missed,
    quality_trend,
    saturated_classes,
)
from engine.faults.finding import Finding
from engine.faults.growth import NEEDED, Reading
from engine.faults.sentences import MIB
from engine.faults.state import Endurance, ModelState, PlaceState
from storage.records import Evaluation, Metric
from storage.settings import ModelSettings
from storage.vocabulary import Answer
from tests.unit.engine.faults.states import NOW, evaluation, latency, state

BEGIN, END = "<!-- simulated: begin -->", "<!-- simulated: end -->"

ROUNDS = 10_000
"""Healthy rounds of each row."""

LIFE = 50
"""Rounds of one version: after that another one is deployed."""

HISTORY = 64
"""Evaluations that a check looks back at here; in the engine it is up to 200."""

N = 2000

Draw = Callable[[np.random.Generator, int, bool], Any]
"""Draws what a round adds to the record, of what is well or (``True``) is not any more."""

AFTER = 20
"""Healthy rounds before something goes wrong, where it is measured how soon that is seen."""


def evaluated(settings: ModelSettings, history: list[Any]) -> ModelState:
    """Return the state of a model with some evaluations."""
    return state(settings=settings, evaluations=tuple(history[-HISTORY:]))


def endured(_settings: ModelSettings, history: list[Any]) -> ModelState:
    """Return the state of a model whose process was asked again and again in the last round."""
    return state(endurance=history[-1])


def measured_here(_settings: ModelSettings, history: list[Any]) -> PlaceState:
    """Return the state of a workspace whose engine was read in each round."""
    memory = {"the engine": tuple(history)}
    return PlaceState(now=NOW, free_bytes=1, total_bytes=1, wanted_free_bytes=0, memory=memory)


class Case(NamedTuple):
    """One row: what is simulated, and for how many rounds a fault may stay unseen."""

    name: str
    check: Callable[[Any], Finding]
    settings: ModelSettings
    draw: Draw
    told: str
    state: Callable[[ModelSettings, list[Any]], Any] = evaluated
    """What a check is asked with, of the rounds so far."""
    soon: int = 7
    """Rounds within which it is mostly found."""


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


def saturation(rng: np.random.Generator, number: int, worse: bool) -> Evaluation:  # noqa: FBT001 - as above
    """Ten classes of which one is given to one in ten of the others' examples; or to six in ten."""
    matrix = np.zeros((10, 10), dtype=int)
    for place in range(10):
        given = rng.binomial(N // 10, 0.6 if worse else 0.1) if place else 0
        matrix[place, 0] = given
        matrix[place, place] += N // 10 - given
    return evaluation(number, confusion=tuple(map(tuple, matrix.tolist())), dataset=f"d{number}")


def endurance(rng: np.random.Generator, number: int, worse: bool) -> Endurance:  # noqa: FBT001 - as above
    """A process that fills its caches, wavers by 0.5 MiB and takes 8 MiB at once now and then; or half one a stretch besides."""
    stretches = np.arange(NEEDED)
    sizes = 60 + 3 * (1 - np.exp(-stretches / 2)) + rng.normal(0, 0.5, NEEDED)
    if rng.random() < 0.3:
        sizes += 8 * (stretches >= rng.integers(NEEDED))
    if worse:
        sizes += 0.5 * stretches
    return Endurance(
        float(number), tuple(Reading(1000.0 * place, size * MIB) for place, size in enumerate(sizes.tolist()))
    )


def engine(rng: np.random.Generator, number: int, worse: bool) -> Reading:  # noqa: FBT001 - as above
    """An engine that grows by 40 MiB in its first hours, wavers by 6 and is busy one time in ten; or 20 an hour besides."""
    size = 150 + 40 * (1 - np.exp(-(number % LIFE) / 3)) + rng.normal(0, 6) + 60 * (rng.random() < 0.1)
    return Reading(3600.0 * number, float(size + (20 * (number - AFTER) if worse else 0)) * MIB)


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
    Case(
        "saturated-classes",
        saturated_classes.check,
        ModelSettings(),
        saturation,
        "a tenth of the others; then six tenths",
    ),
    Case(
        "memory-growth",
        memory_growth.check,
        ModelSettings(),
        endurance,
        "fills caches, wavers by 0.5 MiB, takes 8 at once; then 0.5 MiB a stretch besides",
        endured,
    ),
    Case(
        "engine-memory",
        engine_memory.check,
        ModelSettings(),
        engine,
        "40 MiB in the first hours, wavers by 6, one in ten 60 more; then 20 MiB an hour besides",
        measured_here,
        soon=12,
    ),
)


def false_alarms(case: Case, rounds: int, seed: int = 1) -> int:
    """Return in how many healthy rounds a check finds its fault, each with the history of the version before it."""
    rng = np.random.default_rng(seed)
    alarms = 0
    for start in range(0, rounds, LIFE):
        history: list[Any] = []
        for number in range(start, min(start + LIFE, rounds)):
            history.append(case.draw(rng, number, False))
            alarms += _look(case, history).answer is Answer.FAULT
    return alarms


def delays(case: Case, lives: int, seed: int = 2) -> list[int]:
    """Return how many rounds it took in each life until something that went wrong was found; 99 where it never was."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(lives):
        history = [case.draw(rng, number, False) for number in range(AFTER)]
        delay = 99
        for late in range(1, 41):
            history.append(case.draw(rng, AFTER + late, True))
            if _look(case, history).answer is Answer.FAULT:
                delay = late
                break
        found.append(delay)
    return found


def _look(case: Case, history: list[Any]) -> Finding:
    return case.check(case.state(case.settings, history))


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
