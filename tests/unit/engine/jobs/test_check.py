"""Promises about checks and repairs of a model, with real models in real processes: what is done, and what is only told."""

import shutil
from typing import Any

import msgspec
import pytest

from engine.jobs import check_probe
from engine.repairs.restore import NO_COPY
from storage.fault_records import Fault
from storage.tables import faults, models
from storage.vocabulary import FaultState, JobKind, JobState, RepairKind, Severity, Status
from tests.planted_faults import answer_nan, break_loader, flip
from tests.tiny_models import save_onnx
from tests.ward import MODEL, Ward, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]


def treated(ward: Ward, **parameters: Any) -> list[dict[str, object]]:
    """Repair the model, and return what was told of each fault."""
    job = ward.do(JobKind.REPAIR, None, **parameters)
    assert ward.succeeded(job), job
    found: list[dict[str, object]] = msgspec.json.decode(job.result)["faults"]
    return found


def test_a_dry_run_says_what_would_change_and_changes_nothing(ward: Ward) -> None:
    """Not a byte, not a row of the faults, not a job."""
    flip(ward)
    ward.check()
    before, fault = (ward.folder(2) / "model.onnx").read_bytes(), ward.faults()["artefact-changed"]
    [told] = treated(ward, dry_run=True)
    assert (told["repair"], told["done"]) == (RepairKind.RESTORE, False)
    assert "puts the files of models/digits/2 back as they were deployed" in str(told["detail"])
    assert (ward.folder(2) / "model.onnx").read_bytes() == before
    assert ward.faults()["artefact-changed"] == fault


def test_what_would_deploy_another_version_is_done_by_name_only(ward: Ward) -> None:
    """Repairing all that is wrong with a model does not roll it back; naming the fault does."""
    answer_nan(ward)
    ward.check()
    fault = ward.faults()["outputs-not-numbers"]
    [told] = treated(ward)
    assert told["done"] is False
    assert told["detail"] == (
        "its repair deploys version 2 of digits in the place of version 3, which is done by name only: "
        f"modeltender repair digits --fault {fault.id}"
    )
    assert ward.current().number == 3
    [told] = treated(ward, fault=fault.id)
    assert (told["repair"], told["done"]) == (RepairKind.ROLLBACK, True)
    assert ward.current().number == 2
    assert "outputs-not-numbers" not in ward.faults()


def test_a_repair_that_cannot_be_done_says_why(ward: Ward) -> None:
    """As a no, with what a person can do; the fault stays as it was."""
    answer_nan(ward)
    ward.check()
    with ward.context.writer.transaction() as connection:
        model = models.read_one(connection, MODEL)
        assert model is not None
        assert model.current is not None
        models.set_current(connection, model.id, current_id=model.current.id, previous_id=None)
    fault = ward.faults()["outputs-not-numbers"]
    job = ward.repair(fault)
    assert (job.state, job.code) == (JobState.FAILED, "refused")
    assert (
        job.error == f"Fault {fault.id} cannot be repaired: digits has no previous version to roll back to."
    )
    assert ward.faults()["outputs-not-numbers"].tried == ""


def test_an_acknowledged_fault_asks_again_when_its_repair_did_not_help(ward: Ward) -> None:
    """Somebody relied on it."""
    break_loader(ward)
    ward.check()
    fault = ward.faults()["no-longer-loads"]
    assert ward.succeeded(ward.do(JobKind.ACKNOWLEDGE, None, fault=fault.id))
    assert ward.faults()["no-longer-loads"].state is FaultState.ACKNOWLEDGED
    ward.check()
    assert ward.faults()["no-longer-loads"].state is FaultState.ACKNOWLEDGED
    ward.repair(fault)
    after = ward.faults()["no-longer-loads"]
    assert (after.id, after.state, after.tried) == (fault.id, FaultState.OPEN, RepairKind.RELOAD)
    [told] = [message for message in ward.messages() if message.startswith("repair 'reload' did not help")]
    assert f": fault {fault.id} (no-longer-loads) is still there. " in told
    assert "deploy one that loads (modeltender rollback digits)" in told, "what else there is"


def test_faults_that_were_never_there_or_are_over_are_told_apart(ward: Ward) -> None:
    """An unknown number is a mistake; one that has ended needs nothing."""
    assert ward.repair(fault_of(99)).code == "unknown"
    assert ward.do(JobKind.ACKNOWLEDGE, None, fault=99).code == "unknown"
    flip(ward)
    ward.check()
    fault = ward.faults()["artefact-changed"]
    ward.repair(fault)
    again = ward.repair(fault)
    assert ward.succeeded(again)
    assert again.message == f"fault {fault.id} (artefact-changed) has ended already"
    assert ward.do(JobKind.ACKNOWLEDGE, None, fault=fault.id).error.endswith("has ended.")


def fault_of(number: int) -> Fault:
    """Return a fault of a number."""
    return Fault(
        id=number,
        code="x",
        model=MODEL,
        version=None,
        severity=Severity.ERROR,
        message="",
        repair="",
        state=FaultState.OPEN,
        first_at=0.0,
        last_at=0.0,
        count=1,
    )


@pytest.mark.parametrize("there", [True, False])
def test_without_a_copy_the_file_in_the_inbox_brings_it_back(ward: Ward, *, there: bool) -> None:
    """Where it still lies there and holds the same; else it is said that there is nothing."""
    inbox = ward.context.workspace.train / MODEL
    inbox.mkdir()
    whole = (ward.folder(2) / "model.onnx").read_bytes()
    if there:
        save_onnx(inbox / "exported.onnx")
        (inbox / "exported.onnx").rename(inbox / "model.onnx")
    with ward.context.writer.transaction() as connection:
        connection.execute("UPDATE versions SET source = 'train/digits/model.onnx' WHERE number = 2")
    shutil.rmtree(ward.context.workspace.objects)
    flip(ward)
    ward.check()
    fault = ward.faults()["artefact-changed"]
    assert "no copy to restore it from" in fault.message
    job = ward.repair(fault)
    if there:
        assert ward.succeeded(job)
        assert "restored as it was deployed, from train/digits/model.onnx" in job.message
        assert (ward.folder(2) / "model.onnx").read_bytes() == whole
        assert not ward.faults()
    else:
        assert (job.state, job.code) == (JobState.FAILED, NO_COPY)
        assert "artefact-changed" in ward.faults()


def test_a_look_that_is_older_than_a_fault_does_not_end_it(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is damaged while its model is asked is seen by what watches the folders, and stays a fault."""
    asked = check_probe.ask

    def damaged_meanwhile(asking: check_probe.Asking) -> check_probe.Asked:
        answer = asked(asking)
        with ward.context.writer.transaction() as connection:
            faults.open_fault(connection, "artefact-changed", "It is.", at=ward.now(), model=MODEL, version=2)
        return answer

    monkeypatch.setattr(check_probe, "ask", damaged_meanwhile)
    assert ward.check()["artefact-changed"]["answer"] == "healthy"
    assert "artefact-changed" in ward.faults()
    monkeypatch.undo()
    ward.check()
    assert "artefact-changed" not in ward.faults()


def test_broken_settings_do_not_hide_that_what_is_deployed_has_changed(ward: Ward) -> None:
    """The bytes are compared all the same; what needs settings is left as it was."""
    ward.settings("[objectives\n")
    assert set(ward.check()) == {"missing", "artefact-changed"}
    flip(ward)
    ward.check()
    assert set(ward.faults()) == {"artefact-changed"}


def test_nothing_deployed_is_nothing_to_check(ward: Ward) -> None:
    """And what was found of a version before it went is over."""
    answer_nan(ward)
    ward.check()
    assert ward.faults()
    with ward.context.writer.transaction() as connection:
        model = models.model_id(connection, MODEL)
        assert model is not None
        models.set_current(connection, model, current_id=None, previous_id=None)
    assert ward.check() == {}
    assert "outputs-not-numbers" not in ward.faults()


def test_without_test_data_the_rest_is_checked(ward: Ward) -> None:
    """Examples that are kept are asked all the same; without any it is said what is missing."""
    shutil.rmtree(ward.context.workspace.test / MODEL)
    answers = ward.check()
    assert answers["outputs-changed"]["answer"] == "unknown"
    assert "There are no test data for digits" in answers["outputs-changed"]["detail"]
    assert answers["artefact-changed"]["answer"] == "healthy"
    assert answers["no-longer-loads"]["answer"] == "healthy"


def test_kept_examples_outlast_the_test_data(ward: Ward) -> None:
    """What was kept at the first check is what is asked, whatever became of the data."""
    ward.check()
    shutil.rmtree(ward.context.workspace.test / MODEL)
    answer = ward.check()["outputs-changed"]
    assert answer["answer"] == "healthy"
    assert "the same to the bit" in answer["detail"]


def test_a_version_that_loads_again_is_ready(ward: Ward) -> None:
    """A check that loads what had failed puts that on record."""
    broken = ward.current().id
    with ward.context.writer.transaction() as connection:
        models.set_version(connection, broken, status=Status.FAILED, reason="it was so")
    ward.check()
    assert ward.current().status is Status.READY


def test_an_error_lifts_an_acknowledgement_and_a_warning_does_not(ward: Ward) -> None:
    """What has become worse is news."""
    with ward.context.writer.transaction() as connection:
        for severity in (Severity.WARNING, Severity.WARNING, Severity.ERROR, Severity.ERROR):
            faults.open_fault(connection, "x", "It is.", at=1.0, model=MODEL, severity=severity)
            [fault] = faults.all_open(connection, MODEL)
            worse = severity is Severity.ERROR and fault.count == 3
            assert fault.state is (
                FaultState.OPEN if fault.count == 1 or worse else FaultState.ACKNOWLEDGED
            ), fault
            faults.acknowledge(connection, fault.id, by="ann")
            assert faults.all_open(connection, MODEL)[0].acknowledged_by == "ann"
