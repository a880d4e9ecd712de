"""The figures of the deployed version are old."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import age
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

MISSED = 3
"""Times that a scheduled evaluation may fail to come before somebody should know."""

SPEC = FaultSpec(
    code="stale-evaluation",
    severity=Severity.WARNING,
    means=f"The deployed version's last evaluation is older than `[checks] evaluation_age`, or than {MISSED} times "
    "`[schedule] evaluate` and the quiet hours: nobody knows how good it is now.",
    advice="Evaluate it: modeltender evaluate {model}@current",
    urgent="This week.",
    otherwise="Evaluations fail or do not start: modeltender jobs. Is the engine running (modeltender engine status), and are "
    "these quiet hours?",
    repair=RepairKind.REEVALUATE,
)

DAY_S = 86400.0


def check(state: ModelState) -> Finding:
    """Compare the age of the last evaluation with what it may be."""
    version = state.current.number
    if not state.data.stamp:
        return unknown(f"there are no test data in test/{state.model}", version=version)
    if state.data.busy:
        return unknown("it is being evaluated", version=version)
    limit = state.plan.evaluation_age_s
    if state.plan.evaluate_s is not None:
        limit = min(limit, MISSED * state.plan.evaluate_s + (DAY_S if state.plan.quiet else 0.0))
    last = state.current.evaluation
    since = state.now - (state.current.found_at if last is None else last.at)
    if last is None and since > limit:
        return found(
            f"Version {version} is deployed and was never evaluated, for {age(since)}", version=version
        )
    if last is None:
        return unknown("the deployed version has not been evaluated yet", version=version)
    if since > limit:
        return found(
            f"Version {version} was last evaluated {age(since)} ago; it should be every {age(limit)} at least",
            version=version,
        )
    return healthy(f"evaluated {age(max(since, 0.0))} ago", version=version)
