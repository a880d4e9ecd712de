"""Checks of devices, and of what data, labels and a model say of each other."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.faults import (
    device_absent,
    device_errors,
    device_throttled,
    driver_errors,
    no_longer_loads,
    saturated_classes,
    schema_mismatch,
)
from engine.faults.state import DataMarks, Fit, ModelState, PlaceState
from storage.device_details import DeviceDetails, DriverError, Obstacle
from storage.measured import Loading
from storage.records import Device
from storage.settings import ModelSettings
from storage.vocabulary import Answer, DeviceKind, Severity, Status
from tests.unit.engine.faults.states import NOW, accuracy, evaluation, state, version

CARD = Device(
    id="cuda:0",
    kind=DeviceKind.GPU,
    name="a card",
    usable_by=("onnxruntime",),
    note="",
    memory_total_bytes=None,
    temperature_c=91.4,
)
PLACE = PlaceState(now=NOW, free_bytes=1, total_bytes=1, wanted_free_bytes=0)


def card(**details: Any) -> PlaceState:
    """Return a workspace on a machine with a card that tells some details."""
    told = replace(DeviceDetails(), **details)
    return replace(PLACE, devices=(replace(CARD, details=told),))


def on_card(*devices: Device) -> ModelState:
    """Return a model that was last evaluated on a card, on a machine with some devices."""
    last = evaluation(1, accuracy(0.95), device="cuda:0")
    return state(current=version(evaluation=last), devices=devices)


def test_a_device_that_is_gone_is_named_with_what_is_left() -> None:
    """So is one that the runtime cannot use any more, with the reason; before devices were looked for nothing is known."""
    assert device_absent.check(on_card(CARD)).answer is Answer.HEALTHY
    assert device_absent.check(on_card()).answer is Answer.UNKNOWN
    never = state(current=version(evaluation=None), devices=(CARD,))
    assert device_absent.check(never).answer is Answer.UNKNOWN
    gone = device_absent.check(on_card(replace(CARD, id="cpu")))
    assert gone.answer is Answer.FAULT
    assert gone.detail == "Version 2 was last evaluated on cuda:0, which is not here any more; there is cpu"
    closed = replace(CARD, usable_by=(), obstacles=(Obstacle("onnxruntime", "the driver is too old"),))
    assert device_absent.check(on_card(closed)).detail == (
        "Version 2 was last evaluated on cuda:0 (a card), which onnxruntime cannot use any more: the driver is too old"
    )


def test_errors_of_a_driver_are_told_with_what_they_mean() -> None:
    """A program's own mistake is a warning, hardware an error; silence tells something only after a day of listening."""
    assert driver_errors.check(card()).answer is Answer.UNKNOWN
    young = driver_errors.check(card(driver_errors=(), listening_since=NOW - 7200))
    assert (young.answer, "2.0 h ago" in young.detail) == (Answer.UNKNOWN, True)
    assert driver_errors.check(card(driver_errors=(), listening_since=0.0)).answer is Answer.HEALTHY
    own = DriverError(31, 3, NOW)
    told = driver_errors.check(card(driver_errors=(own,), listening_since=NOW))
    assert (told.answer, told.severity) == (Answer.FAULT, Severity.WARNING)
    assert told.detail == (
        "The driver of cuda:0 (a card) reported Xid 31, a program reached for memory that it may not use (mostly the "
        "program's mistake), 3 times"
    )
    lost = driver_errors.check(card(driver_errors=(own, DriverError(79, 1, NOW)), listening_since=NOW))
    assert lost.severity is Severity.ERROR
    assert lost.detail.endswith(", and Xid 79, it has fallen off the bus (hardware), 1 time")
    strange = driver_errors.check(card(driver_errors=(DriverError(999, 1, NOW),), listening_since=NOW))
    assert "docs.nvidia.com" in strange.detail


def test_errors_that_were_not_corrected_are_a_fault_and_others_are_told() -> None:
    """What does not count its errors is not judged."""
    assert device_errors.check(PLACE).answer is Answer.UNKNOWN
    assert device_errors.check(card()).answer is Answer.UNKNOWN
    well = device_errors.check(card(uncorrected_errors=0, corrected_errors=7))
    assert (well.answer, well.detail) == (
        Answer.HEALTHY,
        "no uncorrected errors on 1 device, 7 corrected ones",
    )
    ill = device_errors.check(card(uncorrected_errors=1))
    assert (ill.answer, ill.detail) == (
        Answer.FAULT,
        "cuda:0 (a card) has 1 uncorrected error of its memory",
    )


@pytest.mark.parametrize(
    ("reasons", "answer"),
    [
        (None, Answer.UNKNOWN),
        ((), Answer.HEALTHY),
        (("its power limit",), Answer.HEALTHY),
        (("its control group's quota",), Answer.HEALTHY),
        (("a limit that was set on its clocks", "another card in its group"), Answer.HEALTHY),
        (("heat",), Answer.FAULT),
        (("its power limit", "the power supply"), Answer.FAULT),
        (("current of its voltage regulator",), Answer.FAULT),
    ],
)
def test_a_limit_that_somebody_set_is_no_harm(reasons: tuple[str, ...] | None, answer: Answer) -> None:
    """Heat, the power supply and the hardware's own protection are."""
    assert device_throttled.check(card(slowed_by=reasons)).answer is answer


def test_what_slows_a_device_down_is_told_with_its_heat() -> None:
    """The reasons that do harm only."""
    finding = device_throttled.check(card(slowed_by=("its power limit", "heat")))
    assert finding.detail == "cuda:0 (a card) is slowed down by heat, at 91 °C"


@pytest.mark.parametrize(
    ("confusion", "answer"),
    [
        (None, Answer.UNKNOWN),
        (((20, 0), (20, 20)), Answer.UNKNOWN),
        (((100, 0), (0, 100)), Answer.HEALTHY),
        (((100, 0), (100, 100)), Answer.HEALTHY),
        (((100, 0), (75, 25)), Answer.FAULT),
        (((100, 0), (55, 45)), Answer.HEALTHY),
        (((0, 100), (0, 100)), Answer.FAULT),
    ],
)
def test_a_class_swallows_the_others_beyond_chance_only(confusion: Any, answer: Answer) -> None:
    """More than half of what is something else, at one false alarm in a million; how many there are does not matter."""
    told = (evaluation(9, accuracy(0.9), confusion=confusion),)
    finding = saturated_classes.check(state(evaluations=told))
    assert finding.answer is answer
    assert finding.basis == ("" if answer is Answer.UNKNOWN else "9")


def test_a_class_that_swallows_others_is_called_by_its_label() -> None:
    """With how many it was given."""
    told = (evaluation(1, confusion=((100, 0), (90, 10))),)
    finding = saturated_classes.check(state(settings=ModelSettings(labels=("cat", "dog")), evaluations=told))
    assert finding.detail == "Version 2: 90 of 100 examples that are something else (90%) are called cat"


def test_data_that_do_not_fit_are_told_in_the_words_of_who_tried() -> None:
    """Without data, or where nothing was tried, it is not known."""
    assert schema_mismatch.check(state(data=DataMarks("", "", busy=False))).answer is Answer.UNKNOWN
    assert schema_mismatch.check(state(not_probed="it does not load")).detail == "it does not load"
    assert schema_mismatch.check(state(fit=Fit(basis="b"))).basis == "b"
    ill = schema_mismatch.check(state(fit=Fit("x is too long", "b")))
    assert (ill.answer, ill.detail) == (
        Answer.FAULT,
        "test/m does not fit version 2: x is too long",
    )


LOADING = Loading(
    runtime="onnxruntime",
    runtime_version="1.20",
    device="cpu",
    inputs=(),
    outputs=(),
    load_s=0.1,
    peak_rss_bytes=None,
)


@pytest.mark.parametrize(
    ("installed", "told"),
    [
        (None, "does not load: no"),
        (("onnxruntime 1.20",), "does not load: no"),
        (
            (),
            "does not load (it last loaded with onnxruntime 1.20, of which something is not installed now): no",
        ),
        (
            ("onnxruntime 1.30", "onnx 1.17"),
            "does not load (it last loaded with onnxruntime 1.20; installed now: onnxruntime 1.30, onnx 1.17): no",
        ),
    ],
)
def test_what_was_upgraded_is_named(installed: tuple[str, ...] | None, told: str) -> None:
    """With what it last loaded, where that is something else now."""
    broken = version(status=Status.FAILED, reason="no.", loading=LOADING)
    finding = no_longer_loads.check(state(current=broken, installed=installed))
    assert finding.answer is Answer.FAULT
    assert finding.detail.endswith(told)
