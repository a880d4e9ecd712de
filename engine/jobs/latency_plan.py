"""What a latency job will measure: pure, from what was asked for and the model's settings.

Owns the defaults and the number of queries that a percentile needs at a rate. It starts nothing.
"""

import math
import re
from math import ceil
from pathlib import Path
from typing import Final, NamedTuple

from engine.data.fingerprint import preprocessing_sha256
from engine.data.naming import base
from engine.evaluation.arrivals import SECOND_NS, schedule
from engine.evaluation.percentiles import queries_needed
from engine.processes.protocol import MAXIMUM_QUERIES, MeasureLatency, Traffic
from storage.errors import OWN_SETTINGS, JobError, SettingsError
from storage.records import JobParameters
from storage.settings import OBJECTIVE, ModelSettings, Preprocess
from storage.vocabulary import Scenario

DURATION_S: Final = 5.0
"""Long enough for windows that mean something, short enough to wait for; LoadGen's submissions take a minute and more."""

LONGEST_S: Final = 60.0
"""What a percentile may prolong a measurement to, where no longer one was asked for."""

QUERIES: Final = queries_needed(0.99, 1)
"""662: from here on LoadGen gives a p99."""

MOST_QUERIES: Final = min(200_000, MAXIMUM_QUERIES)
"""Durations that are kept of one measurement: forty times what p99.9 needs, a few megabytes."""

BATCHES: Final = {Scenario.SINGLE_STREAM: (1,), Scenario.OFFLINE: (1, 8, 32), Scenario.SERVER: (1,)}
"""Batch sizes where none were asked for."""

DRAIN: Final = 3.0
"""Times the length of its schedule that a server measurement goes on to answer what waits, before it is cut off."""

PROBE_SHARE: Final = 0.4
"""Of the duration, for each try of the search: a try needs to tell yes from no, and the last run gives the figures."""

CAPACITY_S: Final = 1.0
"""For what a model can do back to back, from which the search begins."""

CAPACITY_QUERIES: Final = 10

LEAST_WARM_UP_S: Final = 1.0
WARM_UP_S: Final = 10.0
"""A model may take as long to become steady as it is measured for, between these; quick ones are within milliseconds."""

REWARM_S: Final = 0.5
"""The same before a try of the search, whose model has just been at work."""

OBJECTIVE_KEY: Final = "latency_p99_ms"

MOST_EXAMPLES: Final = 65_536
MOST_S: Final = 3600.0
MOST_QPS: Final = 1_000_000
"""Beyond these somebody has mistyped."""


class Plan(NamedTuple):
    """What will be measured, and the questions for it."""

    scenario: Scenario
    batches: tuple[int, ...]
    duration_s: float
    qps: float | None
    objective_ms: float | None
    seed: int
    data: Path
    dataset: str
    """What people call the data."""
    preprocess: Preprocess
    preprocessing_sha256: str
    """What makes measurements comparable, as with evaluations."""

    @property
    def longest_s(self) -> float:
        """The longest that one measurement may be planned for."""
        return max(LONGEST_S, self.duration_s)

    @property
    def searches(self) -> bool:
        """Whether the rate is to be found."""
        return self.scenario is Scenario.SERVER and self.qps is None

    def queries_at(self, rate: float, *, probing: bool) -> int:
        """Return how many queries arrive at a rate: enough for p99 where that takes no longer than it may."""
        duration_s = self.duration_s * (PROBE_SHARE if probing else 1)
        enough = QUERIES if rate * self.longest_s >= QUERIES else ceil(rate * self.longest_s)
        return max(1, min(max(ceil(rate * duration_s), enough), MOST_QUERIES))

    @property
    def warm_up_s(self) -> float:
        """The longest that a model may take to become steady."""
        return min(max(self.duration_s, LEAST_WARM_UP_S), WARM_UP_S)

    def cold(self) -> MeasureLatency:
        """Return the question for the first inference of a process."""
        return MeasureLatency(
            str(self.data), self.preprocess, 1, LONGEST_S, batch_size=self.batches[0], warm_up_s=0
        )

    def capacity(self, batch: int) -> MeasureLatency:
        """Return the question for what a model can do back to back."""
        return self._back_to_back(batch, CAPACITY_S, CAPACITY_QUERIES)

    def one_after_another(self, batch: int) -> MeasureLatency:
        """Return the question of the single-stream and offline scenarios."""
        # Offline is about throughput: a slow batch need not be repeated until its p99 is known.
        least = QUERIES if self.scenario is Scenario.SINGLE_STREAM else 1
        return self._back_to_back(batch, self.duration_s, least)

    def arriving(self, batch: int, rate: float, *, probing: bool) -> MeasureLatency:
        """Return the question for queries that arrive at a rate; a probe ends as soon as the objective is lost."""
        queries = self.queries_at(rate, probing=probing)
        last_s = schedule(rate, queries, self.seed)[-1] / SECOND_NS
        return MeasureLatency(
            str(self.data),
            self.preprocess,
            queries,
            DRAIN * last_s + 1.0,
            batch_size=batch,
            warm_up_s=REWARM_S if probing else self.warm_up_s,
            traffic=Traffic(rate, self.seed, self.objective_ms if probing else None),
        )

    def _back_to_back(self, batch: int, least_s: float, least_queries: int) -> MeasureLatency:
        return MeasureLatency(
            str(self.data),
            self.preprocess,
            MOST_QUERIES,
            self.longest_s + self.warm_up_s,
            batch_size=batch,
            least_s=least_s,
            least_queries=least_queries,
            warm_up_s=self.warm_up_s,
        )


def plan_of(parameters: JobParameters, settings: ModelSettings, data: Path, *, loader: str = "") -> Plan:
    """Return what a job will measure.

    Raises:
        JobError: what was asked for cannot be measured; in the server scenario without a rate, nothing says
            what it should keep.
    """
    scenario, objective_ms = parameters.scenario, parameters.objective_ms
    if objective_ms is None and scenario is Scenario.SERVER:
        objective_ms = p99_objective(settings)
    duration_s = DURATION_S if parameters.duration_s is None else parameters.duration_s
    _check(parameters, duration_s, objective_ms)
    return Plan(
        scenario,
        tuple(dict.fromkeys(parameters.batch_sizes)) or BATCHES[scenario],
        duration_s,
        parameters.qps,
        objective_ms,
        parameters.seed,
        data,
        base(data.name),
        settings.preprocess,
        preprocessing_sha256(settings.preprocess, settings.data, settings.runtime, loader=loader),
    )


def tells_p99(queries: int) -> bool:
    """Whether so many queries give a p99."""
    return queries >= queries_needed(0.99)


def p99_objective(settings: ModelSettings) -> float | None:
    """Return what the model's settings want p99 to be at most, or ``None``."""
    parsed = re.fullmatch(OBJECTIVE, settings.objectives.get(OBJECTIVE_KEY, "").strip())
    return float(parsed[2]) if parsed and parsed[1] in {"<", "<="} else None


def _check(parameters: JobParameters, duration_s: float, objective_ms: float | None) -> None:
    wrong = None
    if any(not 1 <= size <= MOST_EXAMPLES for size in parameters.batch_sizes):
        wrong = f"A batch has at least one example and at most {MOST_EXAMPLES}."
    elif not 0 < duration_s <= MOST_S:
        wrong = "A latency is measured for more than no time, and for at most an hour."
    elif parameters.qps is not None and not 0 < parameters.qps <= MOST_QPS:
        wrong = f"Queries arrive at more than 0 and at most {MOST_QPS} a second."
    elif objective_ms is not None and not 0 < objective_ms < math.inf:
        wrong = "An objective of p99 is above 0 ms."
    if wrong:
        raise JobError(wrong, code=SettingsError.code)
    if parameters.scenario is Scenario.SERVER and parameters.qps is None and objective_ms is None:
        raise JobError(
            "It is not said how many queries a second to send (--qps), nor what p99 to keep.",
            f'Say p99 with --objective-ms, or as {OBJECTIVE_KEY} = "<= 20" in [objectives] of {OWN_SETTINGS}.',
            code=SettingsError.code,
        )
