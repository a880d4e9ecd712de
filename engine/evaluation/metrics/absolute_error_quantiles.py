"""How large the absolute error is for half, nine tenths and nineteen twentieths of the examples."""

from engine.evaluation.errors import AbsoluteErrors
from engine.evaluation.figures import Setup, figure
from storage.records import Metric


def median(errors: AbsoluteErrors, setup: Setup) -> tuple[Metric, ...]:
    """Return the median absolute error, where all errors are kept."""
    return _figures("median_absolute_error", 0.5, errors, setup)


def p90(errors: AbsoluteErrors, setup: Setup) -> tuple[Metric, ...]:
    """Return the 90th percentile of the absolute error, where all errors are kept."""
    return _figures("absolute_error_p90", 0.9, errors, setup)


def p95(errors: AbsoluteErrors, setup: Setup) -> tuple[Metric, ...]:
    """Return the 95th percentile of the absolute error, where all errors are kept."""
    return _figures("absolute_error_p95", 0.95, errors, setup)


def _figures(name: str, share: float, errors: AbsoluteErrors, setup: Setup) -> tuple[Metric, ...]:
    del setup  # a value has no classes
    found = errors.quantile(share)
    if found is None:
        return ()
    value, low, high = found
    return (figure(name, value, low, high, errors.n),)
