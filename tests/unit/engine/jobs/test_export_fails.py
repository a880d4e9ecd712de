"""Exports and variants that do not come about: each says why, keeps no other one from being tried, and leaves nothing."""

import contextlib
import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine import exports
from engine.exports import Way, way_to
from engine.installed import version_of
from engine.jobs import export, exporting, optimise, variants
from engine.jobs.context import Context
from engine.jobs.exporting import made, origin_of
from engine.jobs.loading import fresh
from engine.processes import scratch
from engine.processes.model_process import ModelProcess
from engine.protocols import ExportRoute
from engine.repository.integrity import ChangedError
from storage.errors import JobError, UnknownError
from storage.optimised import Optimised
from storage.settings import read_model_settings
from storage.tables import models
from storage.vocabulary import Format, JobKind, Quantization, Status
from tests.unit.engine.jobs.asking import Quiet
from tests.unit.engine.jobs.test_export import SETTINGS, asked, context, inbox

__all__ = ["context"]


def said(context: Context, **parameters: Any) -> str:
    """Export the version, which fails; return why. Nothing is left of it."""
    wanted = {"to": Format.ONNX, "quantize": Quantization.FLOAT16} | parameters
    with pytest.raises(JobError) as caught:
        export.run(context, asked(context, JobKind.EXPORT, **wanted), Quiet())
    assert caught.value.hint
    assert not (context.workspace.train / "digits").exists()
    assert not (context.workspace.scratch.exists() and any(context.workspace.scratch.iterdir()))
    return caught.value.message


def test_what_is_not_installed_is_named_before_anything_is_loaded(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    monkeypatch.setattr(
        "engine.exports.version_of", lambda name: None if name == "onnx" else version_of(name)
    )
    assert said(context) == "onnx-float16 needs onnx, which is not installed."


def test_a_full_disk_is_told_with_what_was_to_be_made(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the engine's own folder, before any process is started."""

    def full(_parent: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(scratch, "make", full)
    assert said(context) == "onnx-float16 cannot be kept (No space left on device)."


def test_a_file_that_somebody_writes_into_is_not_handed_in(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was examined has to be what is hashed."""

    def changes(*_given: object) -> None:
        raise ChangedError

    monkeypatch.setattr(exporting, "digest", changes)
    assert said(context).startswith("onnx-float16 changed while it was read: somebody else writes into")


def test_a_converter_that_writes_another_format_is_found_out(context: Context) -> None:
    """By an examiner, which looks into what was made as into any stranger's file."""
    way = way_to(Format.ONNX, Format.ONNX, Quantization.FLOAT16)
    assert way is not None
    liar = Way((ExportRoute(**{**msgspec.structs.asdict(way.routes[0]), "target": Format.LITERT}),))
    with context.writer.transaction() as connection:
        [version] = models.versions(connection, "digits")
    settings = read_model_settings(context.workspace.model_settings("digits"))
    with (
        pytest.raises(JobError, match="came out as something else than litert: onnx"),
        made(origin_of(context, version, settings), liar, Quiet()),
    ):
        pass
    assert not any(context.workspace.scratch.iterdir())


def test_a_job_that_names_no_format_is_told_so(context: Context) -> None:
    """It is not the version that lacks something."""
    with pytest.raises(UnknownError, match="It is not said what digits@1 is to become") as caught:
        export.run(context, asked(context, JobKind.EXPORT), Quiet())
    assert "--to" in caught.value.hint


def optimised(context: Context, **parameters: Any) -> Optimised:
    """Optimise the version, and return the answer."""
    outcome = optimise.run(context, asked(context, JobKind.OPTIMISE, **parameters), Quiet())
    return msgspec.json.decode(outcome.result, type=Optimised)


def test_a_variant_that_cannot_be_made_keeps_no_other_one_from_being_tried(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without validation data one has no ranges, and all are compared on the test data, which is said; none is good enough."""
    monkeypatch.setattr(variants, "ROUNDS", 2)
    (context.workspace.test / "digits" / "validation.npz").unlink()
    # So small a margin that 397 examples never rule out a loss of it.
    context.workspace.model_settings("digits").write_text(
        SETTINGS.replace("margin = 0.02", "margin = 0.000001")
    )
    answer = optimised(context, keep=("pareto",))
    [failed] = answer.failed
    assert (failed.name, "takes its ranges from validation data" in failed.reason) == ("onnx-int8", True)
    assert {row.name for row in answer.variants} == {"onnx-float16", "onnx-dynamic"}
    assert answer.dataset == "test.npz"
    [note] = answer.notes
    assert "compared on the test data, so whatever is kept has been chosen by them" in note
    assert answer.recommended is None
    assert answer.recommendation.startswith("Keep digits@1 as it is: ")
    kept = {row.name: row.file for row in answer.variants if row.file}
    assert set(kept) == {row.name for row in answer.variants if row.pareto}
    lying = inbox(context) if kept else []
    assert lying == sorted(Path(file).name for file in kept.values())


def test_where_no_variant_comes_about_each_reason_is_told(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job fails, and with it nothing is lost."""
    monkeypatch.setattr(exports, "version_of", lambda name: None if name == "onnx" else "1")
    with pytest.raises(JobError) as caught:
        optimised(context)
    assert caught.value.message.startswith("No variant of digits@1 could be made: ")
    assert all(f"{name}: " in caught.value.message for name in ("onnx-float16", "onnx-dynamic", "onnx-int8"))


def test_a_figure_that_the_version_has_not_is_told_with_the_setting(context: Context) -> None:
    """Before any variant is made: there is nothing to decide by."""
    context.workspace.model_settings("digits").write_text(SETTINGS + 'metric = "rmse"\n')
    with pytest.raises(JobError, match=r"digits has no figure 'rmse', which \[gate\] metric"):
        optimised(context)


class UntilSecond(Quiet):
    """Asks for the end when the second variant is begun."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Note it."""
        self.heard.append(message)

    def cancelled(self) -> bool:
        """Whether it was begun."""
        return any("(2 of 3)" in message for message in self.heard)


def test_who_ends_it_waits_for_no_further_variant(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelling is no failure of a variant."""
    monkeypatch.setattr(variants, "ROUNDS", 2)
    report = UntilSecond()
    with pytest.raises(JobError) as caught:
        optimise.run(context, asked(context, JobKind.OPTIMISE), report)
    assert caught.value.code == "cancelled"
    assert not any("(3 of 3)" in message for message in report.heard)
    assert not any(context.workspace.scratch.iterdir())


class Ends(Quiet):
    """Ends a process as soon as a variant is begun."""

    def __init__(self) -> None:
        super().__init__()
        self.pid = 0

    def progress(self, done: int, total: int, message: str = "") -> None:
        """End it, once."""
        if "(1 of 3)" in message and self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.pid = 0


def test_the_end_of_the_original_is_held_against_no_variant(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are measured beside it: the job fails with what became of the original."""
    report = Ends()

    @contextlib.contextmanager
    def noted(*given: Any, **named: Any) -> Iterator[ModelProcess]:
        with fresh(*given, **named) as process:
            report.pid = process.pid
            yield process

    monkeypatch.setattr(optimise, "fresh", noted)
    with pytest.raises(JobError) as caught:
        optimise.run(context, asked(context, JobKind.OPTIMISE), report)
    assert caught.value.message.startswith("The model process was killed while ")
    assert not any(context.workspace.scratch.iterdir())


def test_a_format_of_which_nothing_can_be_made_is_told(context: Context) -> None:
    """Nothing is loaded for that."""
    with context.writer.transaction() as connection:
        [version] = models.versions(connection, "digits")
        models.set_artefact(
            connection,
            version.id,
            artefact="model.safetensors",
            kind=Format.SAFETENSORS,
            sha256=version.sha256,
            size=version.bytes,
        )
        models.set_version(connection, version.id, status=Status.READY)
    with pytest.raises(UnknownError, match=r"Nothing can be made of safetensors here\."):
        optimised(context)
