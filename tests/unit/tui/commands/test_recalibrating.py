"""What ``recalibrate`` asks of the engine, and how it tells what came of it."""

import time
from typing import Any

from storage.database import Writer
from storage.records import Job
from storage.tables import models
from storage.vocabulary import ExitCode, Format, JobKind, Status
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import Answer, add_evaluation, answered, failed

SHA256 = "f" * 64

PARITY = {
    "dataset": "validation.npz",
    "n": 256,
    "max_difference": 6e-8,
    "mean_difference": 1e-9,
    "agreement": 1.0,
    "tolerance": 1e-4,
}

MADE: dict[str, Any] = {
    "model": "mnist",
    "version": 1,
    "file": "train/mnist/mnist-1-recalibrated.keras",
    "sha256": SHA256,
    "temperature": 1.834,
    "dataset": "validation.npz",
    "n": 500,
    "loss_before": 0.3127,
    "loss_after": 0.2411,
    "ece_before": 0.0451,
    "ece_after": 0.0123,
    "parity": PARITY,
    "duration_s": 1.5,
}


def handed_in(made: dict[str, Any] = MADE) -> Answer:
    """Return an answer to a recalibration, whose result the inbox takes as version 4."""

    def answer(writer: Writer, job: Job) -> None:
        with writer.transaction() as connection:
            model = models.ensure(connection, job.model, now=1.0)
            version = models.add_version(connection, model, 4, status=Status.READY, found_at=1.0)
            models.set_artefact(
                connection, version, artefact="model.keras", kind=Format.KERAS, sha256=SHA256, size=10_752
            )
            add_evaluation(connection, version, None, accuracy=0.943, at=time.time())
        answered(made)(writer, job)

    return answer


def test_the_new_version_is_told_with_what_changed(ask: Run, working: Begin) -> None:
    """The engine is asked once; the answer fits a terminal and says what it became."""
    done = working(handed_in())
    said = ask("recalibrate", "mnist@1")
    assert said.status == ExitCode.DONE
    assert said.out.splitlines()[:3] == [
        "mnist@1 with temperature 1.83 is version 4",
        "log loss 0.3127 -> 0.2411, calibration error 0.0451 -> 0.0123 on 500 examples of validation.npz",
        (
            "its outputs differ by at most 6e-08 (0.0001 allowed) on 256 examples of validation.npz, with the same top class "
            "on 100 % of them, from what they should be"
        ),
    ]
    assert said.out.splitlines()[3].startswith("mnist@4 is ready: accuracy 0.9430")
    assert [(job.kind, job.version) for job in done] == [(JobKind.RECALIBRATE, 1)]


def test_several_labels_have_no_calibration_error(ask: Run, working: Begin) -> None:
    """Then it is not told."""
    working(handed_in(MADE | {"ece_before": None, "ece_after": None}))
    assert "log loss 0.3127 -> 0.2411 on 500 examples" in ask("recalibrate", "mnist@1").out


def test_the_document_has_exactly_the_promised_fields(ask: Run, working: Begin) -> None:
    """Scripts read the temperature, both losses, and the new version with its figures."""
    working(handed_in())
    document = ask("recalibrate", "mnist@1", "--json").json
    assert document.pop("metrics")["accuracy"]["value"] == 0.943
    expected = {name: value for name, value in MADE.items() if name != "version"}
    assert document == expected | {"from": 1, "to": 4, "status": "ready", "reason": ""}


def test_a_failure_is_told(ask: Run, working: Begin) -> None:
    """In the engine's words."""
    working(failed)
    said = ask("recalibrate", "mnist@1")
    assert said.status == ExitCode.FAILED
    assert said.out == ""
    assert said.err


def test_who_does_not_wait_gets_the_job(ask: Run) -> None:
    """At once."""
    assert "recalibrates mnist@1: queued" in ask("recalibrate", "mnist@1", "--no-wait").out
