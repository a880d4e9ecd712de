"""Promises about when what arrives counts as finished."""

import pytest

from engine.repository.settle import Key, Still, settle

KEY: Key = ("mnist", "better.keras")


@pytest.mark.parametrize(
    ("before", "stamp", "now", "ready", "wake_in"),
    [
        pytest.param({}, "a", 10.0, False, 0.3, id="first seen"),
        pytest.param({KEY: Still("a", 10.0)}, "a", 10.2, False, 0.1, id="not still for long enough"),
        pytest.param({KEY: Still("a", 10.0)}, "a", 10.3, True, None, id="still for long enough"),
        pytest.param({KEY: Still("a", 10.0)}, "b", 10.3, False, 0.3, id="changed"),
        pytest.param({KEY: Still("a", 10.0)}, "a", 99.0, True, None, id="looked at late"),
    ],
)
def test_a_thing_is_ready_when_its_stamp_was_still_for_the_settle_time(
    before: dict[Key, Still], stamp: str, now: float, *, ready: bool, wake_in: float | None
) -> None:
    """A stamp that is still for the settle time makes a thing ready; every change starts the wait anew."""
    found = settle(before, {KEY: stamp}, now=now, settle_s=0.3)
    assert (KEY in found.ready) is ready
    assert found.wake_in == (None if wake_in is None else pytest.approx(wake_in))


def test_what_was_renamed_into_place_is_ready_at_once_and_stays_so() -> None:
    """An arrival by rename waits for nothing, at the next look either."""
    first = settle({}, {KEY: "a"}, now=10.0, settle_s=0.3, renamed={KEY})
    assert first.ready == {KEY}
    assert settle(first.still, {KEY: "a"}, now=10.01, settle_s=0.3).ready == {KEY}


def test_a_rename_does_not_excuse_later_changes() -> None:
    """What changes after its rename has to settle like everything else."""
    first = settle({}, {KEY: "a"}, now=10.0, settle_s=0.3, renamed={KEY})
    assert settle(first.still, {KEY: "b"}, now=10.01, settle_s=0.3).ready == frozenset()


def test_the_next_look_is_due_when_the_first_of_several_could_be_ready() -> None:
    """Of several awaited things the nearest decides when to look again."""
    before = {("m", "1"): Still("a", 10.0), ("m", "2"): Still("a", 10.1)}
    found = settle(before, {("m", "1"): "a", ("m", "2"): "a"}, now=10.2, settle_s=0.3)
    assert found.wake_in == pytest.approx(0.1)


def test_what_is_no_longer_listed_is_forgotten() -> None:
    """A thing that went and came back settles from its return."""
    gone = settle({KEY: Still("a", 10.0)}, {}, now=20.0, settle_s=0.3)
    assert settle(gone.still, {KEY: "a"}, now=20.1, settle_s=0.3).ready == frozenset()
