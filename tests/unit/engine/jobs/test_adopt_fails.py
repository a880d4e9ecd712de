"""Imports that meet trouble on the way: what cannot be looked at or does not arrive is told, and the others come in."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from engine.jobs import adopt
from engine.jobs.context import Context
from engine.jobs.delivering import hand_in
from engine.processes.endings import Activity, ModelProcessError, ended
from engine.processes.examiner_process import ExaminerProcess
from engine.repository.integrity import ChangedError
from storage.vocabulary import Fate
from tests.live import Live, live
from tests.serving_folders import models_config, triton_model
from tests.unit.engine.jobs.test_adopt import adopted, context, fates
from tests.watched import examiner, examiner_hosts

__all__ = ["context", "examiner", "examiner_hosts", "live"]

TROUBLE = {
    "written": (ChangedError(), "it changed while it was read; import again when it is finished"),
    "unreadable": (
        OSError(errno.EIO, os.strerror(errno.EIO)),
        "it cannot be read (Input/output error)",
    ),
    "odd": (
        ModelProcessError("The examiner crashed while it looked at it (SIGSEGV)."),
        "it cannot be examined: The examiner crashed while it looked at it (SIGSEGV)",
    ),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_a_version_that_cannot_be_looked_at_keeps_no_other_one_out(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Its reason is told, whatever it was that failed."""
    error, reason = TROUBLE[name]
    owner, call = (ExaminerProcess, "examine") if name == "odd" else (adopt, "digest")
    done, failed = getattr(owner, call), list[bool]()

    def fail_once(*given: Any, **named: Any) -> Any:
        if not failed:
            failed.append(True)
            raise error
        return done(*given, **named)

    folder = triton_model(tmp_path, "mnist", 1, 2)
    monkeypatch.setattr(owner, call, fail_once)
    [model] = adopted(context, folder)
    assert fates(model) == [(1, Fate.LEFT_OUT, None), (2, Fate.IMPORTED, 1)]
    assert model.versions[0].reason == reason


def test_a_model_without_numbered_versions_is_told(context: Context, tmp_path: Path) -> None:
    """There is nothing of it to bring in."""
    (tmp_path / "base" / "latest").mkdir(parents=True)
    listed = 'model_config_list { config { name: "mnist" base_path: "base" } }'
    [model] = adopted(context, models_config(tmp_path, listed))
    assert (model.reason, model.versions) == ("it has no numbered versions", ())


def test_what_does_not_become_a_version_in_time_is_told_with_where_it_lies(
    context: Context, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays in the inbox, where it takes the road of every other arrival."""
    monkeypatch.setattr(adopt, "ARRIVAL_S", 0.0)
    [model] = adopted(context, triton_model(tmp_path, "mnist", 1))
    [version] = model.versions
    assert (version.fate, version.version) == (Fate.LEFT_OUT, None)
    assert version.reason.startswith("train/mnist/triton-1")
    assert version.reason.endswith("is not a version yet; see: modeltender events")
    live.until(lambda: len(live.versions()) == 1)


def test_a_copy_that_somebody_took_away_is_not_missed(
    context: Context, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version has its own copy: it has come in, and its origin is told."""
    wait = adopt._Adoption._await

    def tidied(self: Any, name: str, artefact: Any) -> Any:
        found = wait(self, name, artefact)
        (live.workspace.train / "mnist" / name).rename(tmp_path / "elsewhere")
        return found

    monkeypatch.setattr(adopt._Adoption, "_await", tidied)
    [model] = adopted(context, triton_model(tmp_path / "source", "mnist", 1))
    assert fates(model) == [(1, Fate.IMPORTED, 1)]
    assert any(event.code == "imported" for event in live.events())


def test_a_copy_that_somebody_spoils_in_the_inbox_is_turned_down_with_its_reason(
    context: Context, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there then is no version, whatever the source holds."""

    def spoiled(inbox: Path, *given: Any, **named: Any) -> str:
        name = hand_in(inbox, *given, **named)
        for file in (inbox / name).iterdir():
            file.write_text("These are notes.")
        return name

    monkeypatch.setattr(adopt, "hand_in", spoiled)
    [model] = adopted(context, triton_model(tmp_path, "mnist", 1))
    [version] = model.versions
    assert version.fate is Fate.LEFT_OUT
    assert "triton-1 is unsupported: " in version.reason
    assert live.versions() == []


def test_an_import_whose_host_is_ended_is_done_again_as_a_whole(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No version is left out because a machine ran out of memory; what has come in already is known then."""
    done, looks = ExaminerProcess.examine, list[bool]()

    def fail_second(*given: Any, **named: Any) -> Any:
        # The inbox is looked into by the same processes.
        looks.append(given[1][0].folder.is_relative_to(folder))
        if looks[-1] and sum(looks) == 2:
            raise ended(None, Activity.EXAMINING, "", 0)
        return done(*given, **named)

    folder = triton_model(tmp_path, "mnist", 1, 2)
    monkeypatch.setattr(ExaminerProcess, "examine", fail_second)
    with pytest.raises(ModelProcessError, match="together with its host"):
        adopted(context, folder)
    [model] = adopted(context, folder)
    assert [found[1] for found in fates(model)] == [Fate.KNOWN, Fate.IMPORTED]
