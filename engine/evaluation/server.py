"""Queries that arrive by a schedule (MLPerf LoadGen's server scenario), answered in the model's own process.

The schedule is fixed before the first query, and a query's duration counts from its scheduled arrival, not from
when the model got round to it: waiting in the queue is part of what a user waits for. A load generator that
waits for answers before it sends would hide exactly that (coordinated omission; G. Tene, "How NOT to Measure
Latency"). Queries wait in one queue and are answered one by one, or together up to the batch size, whatever
has arrived.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from engine.evaluation.arrivals import SECOND_NS, schedule
from engine.evaluation.percentiles import allowed_over
from engine.evaluation.queries import Query
from engine.processes.protocol import MeasureLatency, Traffic
from engine.protocols import LoadedModel

LEAD_NS = 2_000_000
"""Between making the schedule and its start, so that the first query is not late before it arrives."""

SPIN_NS = 200_000
"""The last part of waiting is done awake: the kernel lets sleepers wake up to a tenth of a millisecond late."""

PROGRESS_NS = 500_000_000


class Served(NamedTuple):
    """What became of the queries."""

    durations_ns: list[int]
    """From each query's scheduled arrival to its answer, in order of arrival; of the last ``unserved`` ones, to the end."""
    elapsed_ns: int
    """From the start of the schedule to the last answer, or to the end."""
    unserved: int
    """Queries that had arrived and had no answer when the time was over."""


class Batches(Protocol):
    """Where queries come from."""

    def of_size(self, size: int) -> Sequence[Query]:
        """Return different batches of ``size`` examples to be sent in turn."""
        ...


class Desk:
    """Answers queries as they come, until all are answered, the time is over, or the objective is lost."""

    def __init__(
        self, model: LoadedModel, queries: Batches, request: MeasureLatency, traffic: Traffic
    ) -> None:
        self._model = model
        self._queries = queries
        self._batch = request.batch_size
        arrivals = schedule(traffic.queries_per_second, request.queries, traffic.seed)
        self._start = time.perf_counter_ns() + LEAD_NS
        self._due = [self._start + arrival for arrival in arrivals]
        self._end = self._start + round(request.budget_s * SECOND_NS)
        self._objective_ns = None if traffic.objective_ms is None else round(traffic.objective_ms * 1e6)
        self._allowed = allowed_over(request.queries, 0.99) or 0

    def serve(self, progress: Callable[[int, int], None]) -> Served:
        """Answer the queries and return what became of them."""
        clock, due, total = time.perf_counter_ns, self._due, len(self._due)
        durations: list[int] = []
        over, look_at, done = 0, self._start + PROGRESS_NS, self._start
        while (first := len(durations)) < total and done < self._end:
            now = wait_until(min(due[first], self._end))
            if now >= self._end:
                break
            last = first + 1
            while last < total and last - first < self._batch and due[last] <= now:
                last += 1
            batches = self._queries.of_size(last - first)
            self._model.run(batches[first % len(batches)])
            done = clock()
            durations.extend(done - at for at in due[first:last])
            if self._objective_ns is not None:
                over += sum(duration > self._objective_ns for duration in durations[first:])
                if over > self._allowed:
                    break
            if done >= look_at:
                look_at = done + PROGRESS_NS
                progress(len(durations), total)
        progress(total, total)
        return self._ended(durations, done)

    def _ended(self, durations: list[int], done: int) -> Served:
        answered = len(durations)
        if answered == len(self._due):
            return Served(durations, done - self._start, 0)
        now = time.perf_counter_ns()
        waiting = [now - at for at in self._due[answered:] if at < now]
        return Served(durations + waiting, now - self._start, len(waiting))


def serve(
    model: LoadedModel,
    queries: Batches,
    request: MeasureLatency,
    traffic: Traffic,
    progress: Callable[[int, int], None],
) -> Served:
    """Answer as many queries as the request says, as the traffic sends them, within the request's budget.

    Where the traffic has an objective, it ends as soon as more queries are slower than p99 allows: the
    objective is lost then, whatever comes.
    """
    return Desk(model, queries, request, traffic).serve(progress)


def wait_until(at_ns: int) -> int:
    """Wait for a moment of the performance counter and return the moment at which the waiting ended."""
    while (left := at_ns - (now := time.perf_counter_ns())) > 0:
        if left > SPIN_NS:
            time.sleep((left - SPIN_NS) / SECOND_NS)
    return now
