"""What the checks of latency share: the steady measurements of what is deployed, on one device with one runtime. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from storage.records import Evaluation, LatencyReport


class Measured(NamedTuple):
    """The latency of one evaluation."""

    evaluation: int
    report: LatencyReport


def steady(evaluations: Sequence[Evaluation]) -> list[Measured]:
    """Return the steady measurements that are like the latest one, the oldest first.

    Another device or another version of the runtime is another history.
    """
    if not evaluations:
        return []
    latest = evaluations[-1]
    like = (latest.device, latest.runtime, latest.runtime_version)
    return [
        Measured(one.id, one.latency)
        for one in evaluations
        if one.latency is not None
        and one.latency.stable
        and (one.device, one.runtime, one.runtime_version) == like
    ]
