"""What a check says where things cannot be looked at, or are others when it has looked: never that all is well."""

import msgspec
import pytest

from engine.jobs import check_facts, check_probe
from engine.repository.integrity import ChangedError
from storage import jobs
from storage.records import JobParameters
from storage.tables import models
from storage.vocabulary import Answer, JobKind, JobState, Status
from tests.ward import MODEL, Ward, good_data, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]


def test_what_was_deployed_meanwhile_is_checked_by_itself(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found of the version before is not put on record of the one that is deployed now."""
    ask = check_probe.ask

    def rolled_back(asking: check_probe.Asking) -> check_probe.Asked:
        with ward.context.writer.transaction() as connection:
            model = models.read_one(connection, MODEL)
            assert model is not None
            assert model.previous is not None
            models.set_current(connection, model.id, current_id=model.previous.id, previous_id=None)
        return ask(asking)

    with monkeypatch.context() as patch:
        patch.setattr(check_probe, "ask", rolled_back)
        job = ward.do(JobKind.CHECK, None)
    assert (job.state, job.code) == (JobState.FAILED, "refused")
    assert job.error == "What is deployed of digits changed while it was checked."
    with ward.context.writer.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM check_answers").fetchone()[0] == 0
    assert ward.check()["no-longer-loads"]["version"] == 1


@pytest.mark.parametrize("how", ["written", "a folder"])
def test_files_that_cannot_be_hashed_are_not_called_intact(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Nor is what lies there loaded; the reason is told."""
    if how == "written":

        def changes(*_given: object) -> None:
            raise ChangedError

        monkeypatch.setattr(check_facts, "digest", changes)
    else:
        file = ward.folder(2) / "model.onnx"
        file.unlink()
        file.mkdir()
    answers = ward.check()
    assert answers["artefact-changed"]["answer"] != Answer.HEALTHY
    assert ("it is being written" if how == "written" else "model.onnx: Not a regular file") in answers[
        "artefact-changed"
    ]["detail"]
    assert answers["outputs-changed"]["answer"] == Answer.UNKNOWN
    assert answers["outputs-changed"]["detail"] == "what lies there is not what was deployed"


def test_training_data_that_cannot_be_read_prove_nothing(ward: Ward) -> None:
    """Whether test data are among them is not known, for the reason that reading them gave; the others are checked."""
    inbox = ward.context.workspace.train / MODEL
    inbox.mkdir()
    (inbox / "train.npz").write_bytes(b"PK no archive")
    answers = ward.check()
    assert answers["leakage"]["answer"] == Answer.UNKNOWN
    assert "train.npz" in answers["leakage"]["detail"]
    assert answers["outputs-changed"]["answer"] == Answer.HEALTHY
    ward.data(*good_data(100), "train")
    assert ward.check()["leakage"]["answer"] == Answer.FAULT


def test_a_version_that_is_refused_is_not_asked(ward: Ward) -> None:
    """What took it out of use keeps it there: a check is nobody who insists."""
    current = ward.current()
    with ward.context.writer.transaction() as connection:
        models.set_version(connection, current.id, status=Status.UNSUPPORTED, reason="it is no model")
    answers = ward.check()
    assert answers["outputs-changed"]["detail"] == "version 2 is unsupported"
    assert answers["no-longer-loads"]["answer"] == Answer.FAULT
    assert ward.current().status is Status.UNSUPPORTED
    job = ward.evaluate(2)
    assert (job.state, job.error) == (JobState.FAILED, "digits@2 is unsupported: it is no model")


def test_of_what_is_not_on_record_nothing_is_claimed(ward: Ward) -> None:
    """A link that somebody moved to a folder without a model: there is no content to compare or to load."""
    current = ward.current()
    with ward.context.writer.transaction() as connection:
        connection.execute("DELETE FROM deployed_contents")
        models.set_artefact(connection, current.id, artefact=None, kind=None, sha256=None, size=None)
        models.set_version(connection, current.id, status=Status.UNSUPPORTED, reason="it holds no model")
    answers = ward.check()
    assert answers["outputs-changed"]["detail"] == "what was deployed is not on record yet"
    assert answers["artefact-changed"]["answer"] != Answer.HEALTHY
    assert (
        answers["no-longer-loads"]["detail"] == "Version 2 is deployed and does not load: it holds no model"
    )


def test_a_repair_of_everything_restores_what_is_deployed_and_says_so_of_its_fault(ward: Ward) -> None:
    """Without a name: the fault that said so is told as repaired, and the check that follows finds it over."""
    file = ward.folder(2) / "model.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    ward.check()
    fault = ward.faults()["artefact-changed"]
    for by in ("ann", "bob"):
        # Who acknowledges it a second time hears who knew of it first.
        with ward.context.writer.transaction() as connection:
            asked = jobs.add(
                connection,
                JobKind.ACKNOWLEDGE,
                MODEL,
                None,
                requested_by=by,
                now=ward.now(),
                parameters=JobParameters(fault=fault.id),
            )
        ward.work()
        with ward.context.writer.transaction() as connection:
            known = jobs.read_one(connection, asked.id)
        assert known is not None
        assert known.message == f"fault {fault.id} is known to ann"
    job = ward.do(JobKind.REPAIR, None)
    [told] = msgspec.json.decode(job.result)["faults"]
    assert (told["fault"], told["repair"], told["done"]) == (fault.id, "restore", True)
    assert told["detail"].startswith("version 2 is restored as it was deployed")
    assert not ward.faults()
