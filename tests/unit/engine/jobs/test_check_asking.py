"""What a check asks of a model anew, and what it takes from the record: real models in real processes."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from engine.jobs import check_endurance, check_fit
from engine.jobs.check_endurance import EVERY_S
from engine.processes import scratch
from engine.processes.model_process import ModelProcess
from engine.processes.probes import Repeat
from storage.tables import memory
from storage.tables.memory import Endured
from storage.vocabulary import Answer, Format
from tests.planted_faults import odd_data
from tests.planted_here import save_hoarder
from tests.tiny_models import digits
from tests.ward import MODEL, Ward, good_data, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]


def endured(ward: Ward) -> Endured:
    """Return what is on record of the version that is deployed."""
    with ward.context.writer.transaction() as connection:
        [row] = connection.execute("SELECT * FROM endurances WHERE model = ?", (MODEL,)).fetchall()
        found = memory.endured(connection, MODEL, row["artefact_sha256"], row["runtime_version"])
    assert found is not None
    return found


def test_what_is_asked_again_and_again_is_asked_once_a_day(ward: Ward) -> None:
    """Until then the same readings are judged again; after a day, or where the clock was set back, there are new ones."""
    assert ward.check()["memory-growth"]["answer"] == Answer.HEALTHY
    first = endured(ward)
    assert len(first.readings) >= 12
    assert [answered for answered, _ in first.readings] == sorted(
        {answered for answered, _ in first.readings}
    )
    assert all(size > 1 << 20 for _, size in first.readings)
    ward.check()
    assert endured(ward) == first
    ward.passed += EVERY_S + 1
    ward.check()
    second = endured(ward)
    assert second.at >= first.at + EVERY_S
    ward.passed -= EVERY_S + 1
    ward.check()
    assert endured(ward).at < second.at


def test_another_content_is_another_history(ward: Ward) -> None:
    """What the version before took says nothing about the one that is deployed now."""
    ward.check()
    first = endured(ward)
    ward.put(3, save_hoarder, Format.TORCHSCRIPT, "model.pt")
    ward.deploy(3)
    assert ward.check()["memory-growth"]["answer"] == Answer.FAULT
    assert endured(ward) != first
    # Whether a repair helped is found out by asking, not from the record of the same day.
    ward.repair(ward.faults()["memory-growth"])
    assert "memory-growth" not in ward.faults()


def test_data_that_went_through_are_not_opened_again_until_something_changes(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither while nothing changes, nor for a setting that is none of theirs; data, labels and the model are."""
    asked: list[Any] = []
    ask = check_fit._ask

    def count(*told: Any) -> None:
        asked.append(told)
        ask(*told)

    monkeypatch.setattr(check_fit, "_ask", count)
    assert ward.check()["schema-mismatch"]["answer"] == Answer.HEALTHY
    ward.check()
    assert len(asked) == 1
    ward.data(*good_data(300))
    ward.check()
    assert len(asked) == 2
    odd_data(ward)
    for times in (3, 4):
        assert ward.check()["schema-mismatch"]["answer"] == Answer.FAULT
        assert len(asked) == times, "what does not go through is tried each time"


def test_labels_that_do_not_fit_are_named_at_the_next_check(ward: Ward) -> None:
    """Although nothing was evaluated since model.toml changed."""
    settings = ward.context.workspace.model_settings(MODEL)
    text = settings.read_text()
    settings.write_text(text.replace("'9'", "'9', '10'"))
    told = ward.check()["schema-mismatch"]
    assert told["answer"] == Answer.FAULT
    assert told["detail"] == (
        "test/digits does not fit version 2: model.toml names 11 labels, but the model tells 10 classes apart"
    )
    settings.write_text(text)
    assert ward.check()["schema-mismatch"]["answer"] == Answer.HEALTHY
    assert not ward.faults()


def test_a_regression_is_tried_with_its_values(ward: Ward) -> None:
    """Its data must go in, and its output must be there."""
    settings = ward.context.workspace.model_settings(MODEL)
    settings.write_text(settings.read_text().split("\n", 1)[1].replace("[pre", 'task = "regression"\n[pre'))
    assert ward.check()["schema-mismatch"]["answer"] == Answer.HEALTHY
    images, classes = digits()
    ward.data(images[:200, :5], classes[:200])
    assert ward.check()["schema-mismatch"]["answer"] == Answer.FAULT


def test_without_data_nothing_is_tried(ward: Ward) -> None:
    """It says that there are none; the kept examples are asked all the same."""
    ward.check()
    (ward.context.workspace.test / MODEL / "test.npz").unlink()
    answers = ward.check()
    assert answers["schema-mismatch"]["answer"] == Answer.UNKNOWN
    assert answers["schema-mismatch"]["detail"] == "there are no test data in test/digits"
    assert answers["outputs-changed"]["answer"] == Answer.HEALTHY


def test_a_model_that_is_too_slow_is_not_asked_for_long(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is not known whether it grows, and it is said how far it came."""
    monkeypatch.setattr(check_endurance, "BUDGET_S", 0.0)
    told = ward.check()["memory-growth"]
    assert told["answer"] == Answer.UNKNOWN
    assert told["detail"].endswith("it is so slow that there was time for 0")


def test_a_process_that_ends_between_two_questions_leaves_no_reading(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read until then is not kept for a day, and is not taken for all that a slow model had time for."""
    repeat = ModelProcess.repeat

    def once(process: ModelProcess, request: Repeat, **named: Any) -> int:
        answered = repeat(process, request, **named)
        process.end()
        return answered

    with monkeypatch.context() as patch:
        patch.setattr(ModelProcess, "repeat", once)
        told = ward.check()["memory-growth"]
    assert (told["answer"], told["detail"]) == (Answer.UNKNOWN, "it was not asked again and again")
    with ward.context.writer.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM endurances").fetchone()[0] == 0
    assert ward.check()["memory-growth"]["answer"] == Answer.HEALTHY


def test_a_full_disk_is_not_told_as_a_model_that_does_not_load(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known of its answers then, for the reason that there is; and it is still what loads."""

    def full(_parent: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    ward.check()
    with monkeypatch.context() as patch:
        patch.setattr(scratch, "make", full)
        answers = ward.check()
    assert answers["outputs-changed"]["answer"] == Answer.UNKNOWN
    assert answers["outputs-changed"]["detail"].startswith("No folder for a model process can be made in ")
    assert answers["no-longer-loads"]["answer"] == Answer.HEALTHY
    assert not ward.faults()
