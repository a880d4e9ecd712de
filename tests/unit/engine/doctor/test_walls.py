"""The sandbox's check: tried here for real, with walls switched off, and with a trial that fails."""

import pytest

from engine.doctor import walls
from engine.processes import lockdown
from engine.processes.environment import SANDBOX_OFF
from engine.processes.protocol import Confined
from storage.vocabulary import Condition, Layer, LayerState


def test_walls_of_this_machine_are_tried() -> None:
    """Every wall has a state, found out by a process that confined itself."""
    confined, failure = walls.probe()
    assert failure == ""
    assert set(confined.layers) == set(Layer)


def test_missing_wall_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall that does not stand is named, with the reason and what brings it back."""
    monkeypatch.setenv(SANDBOX_OFF, "network")
    check = walls.check(*walls.probe(), required=False)
    assert check.status is Condition.WARNING
    assert check.detail.startswith("partial: no network wall")
    assert f"network off: switched off by {SANDBOX_OFF}" in check.detail
    assert check.fix == f"unset {SANDBOX_OFF}"


def test_missing_wall_is_a_problem_where_it_is_required() -> None:
    """Where the settings refuse models without a full sandbox, a missing wall keeps the work from being done."""
    layers = dict.fromkeys(Layer, LayerState.ON) | {Layer.FILES: LayerState.UNAVAILABLE}
    check = walls.check(Confined(layers, {Layer.FILES: "the kernel has no Landlock"}), "", required=True)
    assert check.status is Condition.PROBLEM
    assert "files unavailable: the kernel has no Landlock" in check.detail
    assert check.detail.endswith("no model is loaded, as require_sandbox says")


def test_full_sandbox_is_fine() -> None:
    """With every wall there is nothing to mend."""
    check = walls.check(Confined(dict.fromkeys(Layer, LayerState.ON), {}), "", required=True)
    assert (check.status, check.detail) == (Condition.OK, "full")


def test_failed_trial_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the trial cannot be run no wall counts as standing, and the reason is shown."""

    def refuse() -> Confined:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(lockdown, "probe", refuse)
    confined, failure = walls.probe()
    check = walls.check(confined, failure, required=False)
    assert set(confined.layers.values()) == {LayerState.UNAVAILABLE}
    assert check.status is Condition.PROBLEM
    assert "Resource temporarily unavailable" in check.detail
