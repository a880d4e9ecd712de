"""What each repair says before it is done: which version it would touch, or in words why it cannot be done."""

import msgspec
import pytest

from engine.repairs import REPAIRS
from engine.repairs.repairing import Case
from storage.database import Reader, Writer
from storage.fault_records import Fault
from storage.records import Model, Version
from storage.tables import models
from storage.vocabulary import FaultState, Format, RepairKind, Severity, Status
from tests.showing import showing
from tests.unit.tui.commands.rows import fill

ABOUT_WHAT_IS_DEPLOYED = (
    RepairKind.RECALIBRATE,
    RepairKind.CONVERT,
    RepairKind.RETRAIN,
    RepairKind.ROLLBACK,
)
"""Repairs that end a fault by another version in its place: no use once that has happened."""


@pytest.fixture
def mnist(reader: Reader, writer: Writer) -> Model:
    """Return a model whose version 1 is deployed and whose version 2 is a candidate."""
    fill(writer)
    with reader.transaction() as connection:
        found = models.read_one(connection, "mnist")
    assert found is not None
    return found


def case(model: Model, version: int | None = None, *, interpreter: str = "") -> Case:
    """Return a fault of a version."""
    fault = Fault(
        id=1,
        code="any",
        model=model.name,
        version=version,
        severity=Severity.WARNING,
        message="It is wrong.",
        repair="",
        state=FaultState.OPEN,
        first_at=1.0,
        last_at=2.0,
        count=1,
    )
    return Case(model, fault, interpreter)


def of(model: Model, kind: Format) -> Model:
    """Return a model whose deployed version is of a format."""
    return showing(model, current=changed(model.current, format=kind))


def changed(version: Version | None, **changes: object) -> Version:
    """Return a version with something else."""
    assert version is not None
    return msgspec.structs.replace(version, **changes)


@pytest.mark.parametrize("kind", ABOUT_WHAT_IS_DEPLOYED)
def test_what_is_deployed_no_more_is_left_alone(mnist: Model, kind: RepairKind) -> None:
    """A fault of a version that was replaced meanwhile needs no other version in its place."""
    plan = REPAIRS[kind].plan(case(mnist, 2))
    assert not plan.possible
    assert plan.sentence == "version 2 of mnist is not deployed any more"


@pytest.mark.parametrize("kind", [RepairKind.RESTORE, RepairKind.RELOAD, RepairKind.REEVALUATE])
def test_where_nothing_is_deployed_there_is_nothing_to_mend(mnist: Model, kind: RepairKind) -> None:
    """Without a version of its own a fault is about what is deployed; with one it is about that."""
    bare = showing(mnist, current=None, previous=None)
    assert REPAIRS[kind].plan(case(bare)).sentence == "nothing of mnist is deployed"
    assert not REPAIRS[kind].plan(case(bare)).possible
    plan = REPAIRS[kind].plan(case(bare, 2))
    assert plan.possible
    assert "2" in plan.sentence


@pytest.mark.parametrize("kind", [kind for kind in REPAIRS if kind is not RepairKind.ROLLBACK])
def test_a_plan_names_the_version_that_is_deployed(mnist: Model, kind: RepairKind) -> None:
    """Where it can be done it says of which version, also where the fault names none."""
    for asked in (case(mnist), case(mnist, 1)):
        plan = REPAIRS[kind].plan(asked)
        assert plan.possible
        assert "version 1" in plan.sentence or "models/mnist/1" in plan.sentence


def test_a_roll_back_needs_something_to_go_back_to(mnist: Model) -> None:
    """There must be a previous version, and it must be ready: a fault is not mended by a worse one."""
    plan = REPAIRS[RepairKind.ROLLBACK].plan
    assert plan(case(mnist)).sentence == "mnist has no previous version to roll back to"
    broken = changed(mnist.current, id=7, number=7, status=Status.FAILED)
    assert plan(case(showing(mnist, previous=broken))).sentence == "version 7 of mnist failed"
    ready = changed(broken, status=Status.READY)
    found = plan(case(showing(mnist, previous=ready), 1))
    assert found.possible
    assert found.sentence == "deploys version 7 of mnist in the place of version 1"


def test_a_format_that_cannot_be_changed_says_what_to_do_instead(mnist: Model) -> None:
    """A LiteRT file is recalibrated where it came from, and TorchScript is rewritten by nobody here."""
    plan = REPAIRS[RepairKind.RECALIBRATE].plan(case(of(mnist, Format.LITERT)))
    assert not plan.possible
    assert "recalibrate the version that it was exported from" in plan.sentence
    plan = REPAIRS[RepairKind.CONVERT].plan(case(of(mnist, Format.TORCHSCRIPT)))
    assert not plan.possible
    assert "version 1 is torchscript" in plan.sentence


def test_another_environment_may_write_what_this_one_cannot(mnist: Model) -> None:
    """With its Python named, the version is exported there."""
    plan = REPAIRS[RepairKind.CONVERT].plan(
        case(of(mnist, Format.TORCHSCRIPT), interpreter="/venv/bin/python")
    )
    assert plan.possible
    assert plan.sentence.startswith("exports version 1 of mnist in the other environment")


def test_a_format_without_training_is_trained_by_the_owners_program(mnist: Model) -> None:
    """The plan says whose program that is."""
    assert "[train] command" not in REPAIRS[RepairKind.RETRAIN].plan(case(mnist)).sentence
    plan = REPAIRS[RepairKind.RETRAIN].plan(case(of(mnist, Format.ONNX)))
    assert plan.possible
    assert "by the program that [train] command names" in plan.sentence
