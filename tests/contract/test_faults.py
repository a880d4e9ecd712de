"""What every check for a fault promises: silence where all is well, its name where it is planted, and an end to it."""

import pkgutil
from importlib import import_module

import pytest

import engine.faults
import engine.repairs
from engine.faults import ABOUT_MODELS, ABOUT_PLACE, SPECS
from engine.repairs import PLACE_REPAIRS, REPAIRS
from storage.vocabulary import Answer, FaultState, RepairKind, Severity
from tests.planted_faults import PLANTS, Plant
from tests.ward import Ward, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]

CODES = [*(fault.spec.code for fault in ABOUT_MODELS), *(fault.spec.code for fault in ABOUT_PLACE)]
"""Every fault that is looked for."""


def test_every_file_beside_the_list_is_in_it() -> None:
    """A file with a specification is a fault; one that nobody asks would be dead, and so would a repair."""
    listed = set()
    for module in pkgutil.iter_modules(engine.faults.__path__):
        spec = getattr(import_module(f"engine.faults.{module.name}"), "SPEC", None)
        if spec is not None:
            listed.add(spec.code)
    assert listed == set(CODES)
    kinds = set()
    for module in pkgutil.iter_modules(engine.repairs.__path__):
        spec = getattr(import_module(f"engine.repairs.{module.name}"), "SPEC", None)
        if spec is not None:
            kinds.add(spec.kind)
    assert kinds == set(REPAIRS) | set(PLACE_REPAIRS) == set(RepairKind)


def test_every_fault_is_planted_once() -> None:
    """A new check without a planted fault has shown nothing."""
    assert set(PLANTS) == set(CODES)
    assert len(set(CODES)) == len(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_planted_fault_is_named_and_ends(ward: Ward, code: str) -> None:
    """Nothing is found where nothing is wrong; then the fault is, with its figures; and it ends as it is said to."""
    planted, spec = PLANTS[code], SPECS[code]
    healthy(ward)
    planted.plant(ward)
    answers = look(ward, planted)
    found = ward.faults()
    assert code in found, (answers, found)
    assert answers[code]["answer"] == Answer.FAULT
    fault = found[code]
    assert (fault.severity, fault.state) == (spec.severity, FaultState.OPEN)
    assert fault.message.endswith(".")
    assert fault.repair == spec.advice.replace("{model}", fault.model)
    assert {remedy.kind for remedy in fault.remedies} <= set(spec.repairs)
    if spec.repair is not None:
        assert fault.remedies, "what may end it is offered"
        assert all(remedy.sentence and not remedy.sentence.endswith(".") for remedy in fault.remedies)
    times = fault.count
    look(ward, planted)
    again = ward.faults()[code]
    assert (again.id, again.count) == (fault.id, times + planted.looks), "it opens once, and is counted"
    makes = spec.repair is not None and planted.helps and (REPAIRS | PLACE_REPAIRS)[spec.repair].spec.makes
    if spec.repair is not None:
        ward.repair(fault)
        word = "handed in" if makes else "ended" if planted.helps else "did not help"
        assert told(ward, spec.repair, word), ward.messages()
        assert (code in ward.faults()) is (makes or not planted.helps)
    if planted.mend is not None:
        planted.mend(ward)
    assert not makes or told(ward, spec.repair, "ended"), ward.messages()
    assert code not in ward.faults(), ward.messages()
    assert f"{code} is over" in " ".join(ward.messages()) or spec.repair is not None or code in OF_VERSIONS


def told(ward: Ward, repair: RepairKind | None, word: str) -> bool:
    """Whether it is on record what became of a repair."""
    return any(f"'{repair}' {word}" in message for message in ward.messages())


OF_VERSIONS = {"dead-classes", "stale-model", "artefact-changed", "missing"}
"""Faults that end with what was deployed, or where its files are restored."""


def healthy(ward: Ward) -> None:
    """Make sure that no check finds anything of a model and a workspace that are well."""
    answers = ward.check() | ward.check("")
    assert not [told for told in answers.values() if told["answer"] == Answer.FAULT]
    assert not ward.faults()


def look(ward: Ward, planted: Plant) -> dict[str, dict[str, object]]:
    """Check what the fault is about, as often as it takes."""
    for _ in range(planted.looks):
        answers = ward.check("" if planted.place else "digits")
    return answers


def test_a_fault_is_never_worse_than_what_it_says() -> None:
    """What a person may read: each has a meaning, an advice with a command or a folder, and a severity."""
    for code, spec in SPECS.items():
        assert spec.code == code
        assert spec.means.endswith(".")
        assert not spec.advice.endswith(".")
        assert spec.severity in set(Severity)
        assert 1 <= spec.opens[0] <= spec.opens[1]
