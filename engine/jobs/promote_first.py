"""What a promotion cannot be decided without, which jobs bring it, and what its answer says where they did not.

First the evaluations that the gate cannot judge without. Then, where the settings limit how much longer a candidate may
take and nothing else holds it back, a comparison of latencies in turns. Each is asked for once, and waited for off the
promotion's lane. It decides about facts that it is given; it reads nothing and asks for nothing itself.
"""

from collections.abc import Sequence
from math import isclose
from typing import Final, NamedTuple

import msgspec

from engine.jobs.context import Needed
from storage.gate_settings import Gate
from storage.promotion_records import LATENCY, NOT_EVALUATED, PASSING, GateCheck, GateReport
from storage.records import Job, JobParameters, LatencyRatio, Version
from storage.vocabulary import CheckVerdict, JobKind, JobState, Verdict

FRESH_S: Final = 3600.0
"""A machine is not the same an hour later: an older ratio of latencies is measured anew."""

DECIDED: Final = frozenset({CheckVerdict.PASS, CheckVerdict.FAIL})


class Evaluations(NamedTuple):
    """The evaluations that the gate cannot judge without, and those that were asked for because of that."""

    versions: Sequence[Version]
    """Those that have to be evaluated."""
    asked: Sequence[Job]
    """What this promotion has waited for."""

    @property
    def needed(self) -> tuple[Needed, ...]:
        """The evaluations to wait for: one of each version, and never a second one."""
        tried = {one.version for one in self._tried}
        return tuple(
            Needed(JobKind.EVALUATE, version.number)
            for version in self.versions
            if version.number not in tried
        )

    @property
    def failed(self) -> Sequence[Job]:
        """The evaluations that did not bring what is missing."""
        numbers = {version.number for version in self.versions}
        return [one for one in self._tried if one.version in numbers and one.state is not JobState.SUCCEEDED]

    def told(self, gate: GateReport) -> GateReport:
        """Return what the gate says, with why evaluations failed."""
        checks = tuple(
            GateCheck(
                NOT_EVALUATED,
                CheckVerdict.ERROR,
                f"version {one.version} could not be evaluated (J{one.id}): {_reason(one)}",
            )
            for one in self.failed
        )
        return msgspec.structs.replace(gate, checks=(*gate.checks, *checks)) if checks else gate

    @property
    def _tried(self) -> Sequence[Job]:
        return [one for one in self.asked if one.kind is JobKind.EVALUATE]


class Latencies(NamedTuple):
    """The comparison of latencies that a gate demands, and what is known of it."""

    needed: Needed
    """The job that makes it."""
    ratio: LatencyRatio | None
    """What was measured last."""
    measured: Job | None
    """The last of these jobs that this promotion has waited for."""
    confidence: float
    """Of the interval that the settings ask for."""
    now: float

    def missing(self, gate: GateReport) -> bool:
        """Whether it is to be made now: not for a candidate that does not pass anyway, nor again when it failed."""
        if self._failed or any(check.verdict not in PASSING for check in _others(gate)):
            return False
        # What a measurement of this promotion does not decide is the answer; one that was found is made again.
        settled = self.measured is not None or _verdict(gate) in DECIDED
        return not (self._fresh and settled)

    def told(self, gate: GateReport) -> GateReport:
        """Return what the gate says, with why there is no ratio, or that none was needed."""
        if self.measured is not None and self._failed:
            why = f"could not be measured in turns (J{self.measured.id}): {_reason(self.measured)}"
            worse = any(check.verdict is CheckVerdict.FAIL for check in _others(gate))
            verdict = Verdict.INFERIOR if worse else Verdict.INCONCLUSIVE
            return _with(gate, GateCheck(LATENCY, CheckVerdict.ERROR, why), verdict)
        if gate.unmeasured:
            why = "not measured in turns: it does not pass anyway"
            return _with(gate, GateCheck(LATENCY, CheckVerdict.SKIPPED, why), gate.verdict)
        return gate

    @property
    def _failed(self) -> bool:
        return self.measured is not None and self.measured.state is not JobState.SUCCEEDED

    @property
    def _fresh(self) -> bool:
        found = self.ratio
        return (
            found is not None
            and 0 <= self.now - found.at <= FRESH_S
            and isclose(found.confidence, self.confidence)
        )


def latencies(
    gate: Gate,
    both: tuple[Version | None, Version],
    asked: Sequence[Job],
    ratio: LatencyRatio | None,
    now: float,
) -> Latencies | None:
    """Return what is known of the comparison of latencies that a gate demands, or ``None`` where it demands none.

    Args:
        gate: the model's settings.
        both: the version that is deployed, and the candidate.
        asked: the jobs that the promotion has waited for.
        ratio: what was measured last on the candidate's device.
        now: seconds since the epoch.
    """
    current, candidate = both
    if gate.max_latency_ratio is None or current is None:
        return None
    parameters = JobParameters(against=current.number, device=device_of(candidate))
    tried = [
        one
        for one in asked
        if (one.kind, one.version, one.parameters) == (JobKind.LATENCY, candidate.number, parameters)
    ]
    return Latencies(
        Needed(JobKind.LATENCY, candidate.number, parameters),
        ratio,
        tried[-1] if tried else None,
        gate.two_sided,
        now,
    )


def device_of(version: Version) -> str:
    """Return where a version is measured: where it was evaluated."""
    return version.evaluation.device if version.evaluation else JobParameters().device


def _others(gate: GateReport) -> list[GateCheck]:
    return [check for check in gate.checks if check.name != LATENCY]


def _verdict(gate: GateReport) -> CheckVerdict | None:
    return next((check.verdict for check in gate.checks if check.name == LATENCY), None)


def _with(gate: GateReport, made: GateCheck, verdict: Verdict) -> GateReport:
    """Return a report with a check in the place of the one of its name."""
    checks = tuple(made if check.name == made.name else check for check in gate.checks)
    return msgspec.structs.replace(gate, checks=checks, verdict=verdict)


def _reason(job: Job) -> str:
    return job.error or str(job.state)
