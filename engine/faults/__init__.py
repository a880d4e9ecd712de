"""One file per fault that is looked for, and the list of them.

A check is a module with its `FaultSpec` and a function ``check(state) -> Finding``: pure, with three answers. Those of
`ABOUT_MODELS` are asked of each model that has something deployed, those of `ABOUT_PLACE` once of the workspace.
"""

from typing import NamedTuple, Protocol

from engine.faults import (
    artefact_changed,
    artefact_missing,
    broken_weights,
    calibration_lost,
    data_changed,
    dead_classes,
    device_absent,
    device_errors,
    device_throttled,
    disk_low,
    driver_errors,
    engine_memory,
    engine_restarts,
    failing_jobs,
    latency_objective,
    latency_regression,
    leakage,
    memory_growth,
    no_longer_loads,
    objective_missed,
    outputs_changed,
    outputs_constant,
    outputs_not_numbers,
    quality_trend,
    sandbox_weakened,
    saturated_classes,
    schema_mismatch,
    stale_evaluation,
    stale_model,
)
from engine.faults.finding import FaultSpec, Finding
from engine.faults.noticed import NOTICED
from engine.faults.state import ModelState, PlaceState


class Check(Protocol):
    """A function that looks for one fault of a model."""

    def __call__(self, state: ModelState, /) -> Finding:
        """Say whether it is there."""
        ...


class PlaceCheck(Protocol):
    """A function that looks for one fault of the workspace."""

    def __call__(self, state: PlaceState, /) -> Finding:
        """Say whether it is there."""
        ...


class ModelFault(NamedTuple):
    """A fault of a model."""

    spec: FaultSpec
    check: Check


class PlaceFault(NamedTuple):
    """A fault of the workspace."""

    spec: FaultSpec
    check: PlaceCheck


ABOUT_MODELS = tuple(
    ModelFault(module.SPEC, module.check)
    for module in (
        artefact_missing,
        artefact_changed,
        no_longer_loads,
        outputs_not_numbers,
        outputs_constant,
        outputs_changed,
        broken_weights,
        objective_missed,
        saturated_classes,
        device_absent,
        quality_trend,
        latency_objective,
        latency_regression,
        memory_growth,
        dead_classes,
        calibration_lost,
        schema_mismatch,
        data_changed,
        leakage,
        stale_evaluation,
        stale_model,
        failing_jobs,
    )
)
"""In the order in which they are told: the worst first."""

ABOUT_PLACE = tuple(
    PlaceFault(module.SPEC, module.check)
    for module in (
        disk_low,
        device_errors,
        driver_errors,
        device_throttled,
        engine_restarts,
        engine_memory,
        sandbox_weakened,
    )
)

SPECS: dict[str, FaultSpec] = {
    spec.code: spec
    for spec in (
        *(fault.spec for fault in ABOUT_MODELS),
        *(fault.spec for fault in ABOUT_PLACE),
        *NOTICED,
    )
}
"""What is known about each fault, by its code."""
