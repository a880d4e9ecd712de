"""What ``tell`` asks of the engine, and how targets are shown by it and by ``show``."""

import time

from storage.database import Writer
from storage.tables import models, promotion_targets
from storage.target_settings import Command, Triton
from storage.vocabulary import ExitCode, JobKind, TargetKind, TargetState
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import answered, failed

TARGET = {
    "name": "triton",
    "kind": "triton",
    "place": "config.pbtxt",
    "state": "confirmed",
    "version": 1,
    "message": "loaded and ready",
    "at": 1_700_000_000.0,
}
FIELDS = ["name", "kind", "place", "state", "version", "message", "at"]


def known(writer: Writer, *states: tuple[TargetState, int | None, str]) -> None:
    """Put two targets of mnist on record, and what became of telling them."""
    settings = (
        Triton(kind=TargetKind.TRITON, name="triton", config="config.pbtxt"),
        Command(kind=TargetKind.COMMAND, name="reload", command=("systemctl", "reload", "x")),
    )
    with writer.transaction() as connection:
        model_id = models.model_id(connection, "mnist")
        assert model_id is not None
        promotion_targets.declare(connection, model_id, settings)
        for target, (state, version, message) in zip(settings, states, strict=False):
            promotion_targets.end(
                connection, model_id, target.name, state, version=version, message=message, at=time.time()
            )


def test_what_every_target_says_is_told(ask: Run, working: Begin) -> None:
    """The engine is asked for the model, and its answer is a table that fits 80 columns."""
    done = working(answered({"model": "mnist", "version": 1, "targets": [TARGET]}))
    said = ask("tell", "mnist")
    assert said.status == ExitCode.DONE
    heading, row = said.out.splitlines()
    assert heading.split() == ["TARGET", "STATE", "VERSION", "TOLD", "SAID"]
    assert row.split()[:3] == ["triton", "confirmed", "1"]
    assert row.endswith("loaded and ready")
    assert [(job.kind, job.model, job.version) for job in done] == [(JobKind.TELL, "mnist", None)]


def test_the_document_has_exactly_the_promised_fields(ask: Run, working: Begin) -> None:
    """Scripts read what is deployed and what each target says."""
    working(answered({"model": "mnist", "version": 1, "targets": [TARGET]}))
    found = ask("tell", "mnist", "--json").json
    assert list(found) == ["model", "version", "targets"]
    assert found["targets"] == [TARGET | {"at": "2023-11-14T22:13:20Z"}]


def test_a_model_without_targets_is_no_failure(ask: Run, working: Begin) -> None:
    """It is said, and the exit status is that of something done."""
    working(answered({"model": "mnist", "version": 1, "targets": []}))
    assert ask("tell", "mnist")[:2] == (ExitCode.DONE, "mnist has no promotion targets.\n")


def test_a_target_that_did_not_confirm_is_a_failure(ask: Run, working: Begin) -> None:
    """The engine's sentence is printed, and the exit status says that work failed."""
    working(failed)
    said = ask("tell", "mnist")
    assert (said.status, said.out) == (ExitCode.FAILED, "")
    assert said.err.startswith("modeltender: ")


def test_the_job_is_named_where_nobody_waits(ask: Run) -> None:
    """With --no-wait the answer is the job."""
    assert ask("tell", "mnist", "--no-wait").out.endswith("will tell the targets of mnist: queued\n")
    assert ask("tell", "mnist", "--no-wait", "--json").json["kind"] == "tell"


def test_show_lists_targets_with_what_is_wrong(ask: Run, writer: Writer) -> None:
    """A target that failed has its sentence, one that is behind says so, and how to tell them follows."""
    known(writer, (TargetState.FAILED, 1, "the server is gone"), (TargetState.CONFIRMED, 77, "ok"))
    lines = ask("show", "mnist").out.splitlines()
    at = lines.index("promotion targets:")
    assert lines[at + 2].split()[:3] == ["triton", "failed", "1"]
    assert lines[at + 3].split()[:3] == ["reload", "confirmed", "77"]
    assert lines[at + 4 : at + 7] == [
        "! triton: the server is gone",
        "! reload was last told of version 77, which is not deployed",
        "Tell them what is deployed with: modeltender tell mnist",
    ]
    targets = ask("show", "mnist", "--json").json["targets"]
    assert [list(target) for target in targets] == [FIELDS, FIELDS]
    assert (targets[1]["place"], targets[1]["version"]) == ("systemctl reload x", 77)


def test_targets_that_nobody_told_yet_are_listed(ask: Run, writer: Writer) -> None:
    """Before the first promotion a target is there, without a version and without a remark."""
    known(writer)
    out = ask("show", "mnist").out
    assert "untold" in out
    assert "modeltender tell" not in out
    assert "promotion targets:" not in ask("show", "mnist@1").out
