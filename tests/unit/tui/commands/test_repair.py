"""What ``repair`` asks of the engine, and how it reports the answer."""

import msgspec
import pytest

from storage import jobs
from storage.database import Writer
from storage.records import Job
from storage.tables import faults
from storage.vocabulary import ExitCode, JobKind, JobState, RepairKind
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import Answer, answered, failed

INTACT = {
    "version": 1,
    "repaired": False,
    "sha256": "b" * 64,
    "set_aside": None,
    "detail": "version 1 is intact",
}
RESTORED = {
    "version": 2,
    "repaired": True,
    "sha256": "a" * 64,
    "set_aside": ".modeltender/damaged/mnist@2-20261126T200000Z",
    "detail": "version 2 is restored as it was deployed",
}
REPAIRED = {"model": "mnist", "repaired": True, "versions": [RESTORED, INTACT], "faults": []}


def test_what_was_restored_is_told(ask: Run, working: Begin) -> None:
    """Without a version the engine chooses; every version that it looked at has a sentence."""
    done = working(answered(REPAIRED))
    said = ask("repair", "mnist")
    assert said.status == ExitCode.DONE
    assert said.out == ("mnist: version 2 is restored as it was deployed.\nmnist: version 1 is intact.\n")
    assert [(job.kind, job.model, job.version) for job in done] == [(JobKind.REPAIR, "mnist", None)]


def test_the_document_has_exactly_the_promised_fields(ask: Run, working: Begin) -> None:
    """Scripts read which versions were restored, what they hold, and where the rest is."""
    working(answered(REPAIRED))
    assert ask("repair", "mnist", "--json").json == REPAIRED


@pytest.mark.parametrize(("words", "number"), [("mnist@1", 1), ("mnist@current", 1), ("mnist@3", 3)])
def test_a_version_is_a_number_or_a_role(words: str, number: int, ask: Run, working: Begin) -> None:
    """The engine is asked for a number in either case."""
    done = working(answered(REPAIRED))
    assert ask("repair", words).status == ExitCode.DONE
    assert done[0].version == number


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ([INTACT], "mnist: version 1 is intact.\nThere is nothing to repair.\n"),
        ([], "mnist: nothing is deployed, so there is nothing to repair.\n"),
    ],
)
def test_nothing_to_repair_is_an_answer(versions: list[object], told: str, ask: Run, working: Begin) -> None:
    """It is said, and it is no failure."""
    working(answered({"model": "mnist", "repaired": False, "versions": versions}))
    said = ask("repair", "mnist")
    assert (said.status, said.out) == (ExitCode.DONE, told)


def test_without_a_copy_it_fails_with_what_to_do(ask: Run, working: Begin) -> None:
    """Exit status 3; what was done about the other version is said beside it."""
    half = {"model": "mnist", "repaired": True, "versions": [RESTORED]}
    working(answered(half, code="no-copy", error="There is no copy.", hint="Deploy another version."))
    said = ask("repair", "mnist")
    assert said.status == ExitCode.FAILED
    assert said.err == (
        "mnist: version 2 is restored as it was deployed.\nmodeltender: There is no copy.\n  Deploy another version.\n"
    )
    assert said.out == ""


def test_with_json_a_failure_is_one_document(ask: Run, working: Begin) -> None:
    """As with every command."""
    working(failed)
    said = ask("repair", "mnist", "--json")
    assert (said.status, said.json["error"]["message"]) == (ExitCode.FAILED, "It does not load.")


def test_who_does_not_wait_gets_the_job(ask: Run) -> None:
    """The promise is a job of this kind that waits."""
    said = ask("repair", "mnist@1", "--no-wait")
    assert (said.status, said.out) == (ExitCode.DONE, "job 1 will repair mnist@1: queued\n")
    assert ask("repair", "mnist@1", "--no-wait", "--json").json["kind"] == "repair"


def test_unknown_names_are_usage_errors(ask: Run) -> None:
    """With the nearest name that exists."""
    said = ask("repair", "mnits")
    assert said.status == ExitCode.USAGE
    assert "Did you mean 'mnist'?" in said.err
    assert ask("repair", "mnist@9").status == ExitCode.USAGE


def treated(fault: int, *, done: bool = True, repair: str | None = "reload") -> dict[str, object]:
    """Return what the engine says of a fault that it looked at."""
    return {
        "fault": fault,
        "code": "load-failed",
        "repair": repair,
        "done": done,
        "detail": "version 3 is loaded again",
    }


def with_check(*, ends: bool) -> Answer:
    """Return an answer to a repair of fault 1, and to the check that follows it."""

    def answer(writer: Writer, job: Job) -> None:
        with writer.transaction() as connection:
            if job.kind is JobKind.CHECK:
                if ends:
                    faults.close_fault(connection, "load-failed", at=2.0, model="mnist", version=3)
                jobs.finish(connection, job.id, JobState.SUCCEEDED, now=2.0)
                return
            check = jobs.add(connection, JobKind.CHECK, "mnist", None, requested_by="ann", now=1.0)
            result = {
                "model": "mnist",
                "repaired": True,
                "versions": [],
                "faults": [treated(1)],
                "check": check.id,
            }
            packed = msgspec.json.encode(result).decode()
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=1.0, result=packed)

    return answer


@pytest.mark.parametrize(
    ("ends", "told", "status"),
    [
        (True, "it helped", ExitCode.DONE),
        (False, "it did not help, the fault is still there", ExitCode.NO),
    ],
)
def test_whether_it_helped_is_what_the_check_says(
    *, ends: bool, told: str, status: int, ask: Run, working: Begin
) -> None:
    """A repair is believed only when the check that found the fault finds it no more."""
    done = working(with_check(ends=ends))
    said = ask("repair", "mnist", "--fault", "1")
    assert said.out == f"fault 1 (load-failed): version 3 is loaded again; {told}.\n"
    assert said.status == status
    assert [job.kind for job in done] == [JobKind.REPAIR, JobKind.CHECK]
    assert done[0].parameters.fault == 1


def test_a_dry_run_says_what_would_be_done(ask: Run, working: Begin) -> None:
    """The sentence is the engine's, and nothing is checked afterwards."""
    planned = {"model": "mnist", "repaired": False, "versions": [], "faults": [treated(1, done=False)]}
    done = working(answered(planned))
    said = ask("repair", "mnist", "--dry-run")
    assert said.out == "fault 1 (load-failed): repair 'reload' version 3 is loaded again.\n"
    assert done[0].parameters.dry_run
    said = ask("repair", "mnist", "--dry-run", "--json")
    assert said.json["faults"] == [treated(1, done=False) | {"helped": None, "job": None, "removes": []}]


def with_maker(*, fails: bool) -> Answer:
    """Return an answer to a repair of fault 1 that has a version made, and to the job that makes it."""

    def answer(writer: Writer, job: Job) -> None:
        with writer.transaction() as connection:
            if job.kind is JobKind.RECALIBRATE:
                state = JobState.FAILED if fails else JobState.SUCCEEDED
                told = {"error": "It is well calibrated.", "hint": "Bring data."} if fails else {}
                jobs.finish(connection, job.id, state, now=2.0, message="temperature 1.8", **told)
                return
            asked = jobs.add(connection, JobKind.RECALIBRATE, "mnist", 3, requested_by="ann", now=1.0)
            made = treated(1, repair="recalibrate") | {"job": asked.id}
            result = {"model": "mnist", "repaired": True, "versions": [], "faults": [made]}
            packed = msgspec.json.encode(result).decode()
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=1.0, result=packed)

    return answer


@pytest.mark.parametrize(
    ("fails", "told", "status"),
    [
        (
            False,
            "version 3 is loaded again: temperature 1.8; the fault ends when that is deployed",
            ExitCode.DONE,
        ),
        (
            True,
            "version 3 is loaded again: It is well calibrated. Bring data; it did not help, the fault is still there",
            ExitCode.NO,
        ),
    ],
)
def test_what_makes_a_version_is_waited_for(
    *, fails: bool, told: str, status: int, ask: Run, working: Begin
) -> None:
    """It is told what was made or why nothing was, and that the fault ends when that is deployed; no check is awaited."""
    done = working(with_maker(fails=fails))
    said = ask("repair", "mnist", "--fault", "1", "--by", "recalibrate")
    assert said.out == f"fault 1 (load-failed): {told}.\n"
    assert said.status == status
    assert [job.kind for job in done] == [JobKind.REPAIR, JobKind.RECALIBRATE]
    assert done[0].parameters.repair is RepairKind.RECALIBRATE


def test_by_needs_a_fault(ask: Run) -> None:
    """Which one would otherwise be a guess."""
    said = ask("repair", "mnist", "--by", "retrain")
    assert said.status == ExitCode.USAGE
    assert "--by needs the fault that is meant: --fault ID" in said.err


FREED = {
    "model": "",
    "repaired": True,
    "versions": [],
    "faults": [
        {
            "fault": 1,
            "code": "disk-low",
            "repair": "free-disk",
            "done": False,
            "detail": "would remove 1 old log (4 KiB)",
            "removes": [
                {"what": "old log", "path": ".modeltender/logs/engine.log.1", "bytes": 4096},
                {"what": "retired version", "path": "models/mnist/1", "bytes": 3 << 30},
            ],
        }
    ],
}


def open_place_fault(writer: Writer) -> int:
    """Open a fault of the workspace, and return its number."""
    with writer.transaction() as connection:
        faults.open_fault(connection, "disk-low", "It is.", at=1.0)
        return next(fault.id for fault in faults.all_open(connection) if fault.code == "disk-low")


def test_a_fault_of_the_workspace_is_named_by_its_number(ask: Run, working: Begin, writer: Writer) -> None:
    """What would be removed stands below it, each thing with what it takes."""
    number = open_place_fault(writer)
    done = working(answered(FREED))
    said = ask("repair", "--fault", str(number), "--dry-run")
    assert (done[0].kind, done[0].model, done[0].parameters.fault) == (JobKind.REPAIR, "", number)
    assert said.out == (
        "fault 1 (disk-low): repair 'free-disk' would remove 1 old log (4 KiB).\n"
        "  4.0 KiB  old log          .modeltender/logs/engine.log.1\n"
        "  3.0 GiB  retired version  models/mnist/1\n"
    )


def test_without_a_model_the_fault_must_be_named(ask: Run) -> None:
    """Nothing is guessed; a number that there is not is said to be none."""
    assert ask("repair").status == ExitCode.USAGE
    said = ask("repair", "--fault", "99")
    assert said.status == ExitCode.USAGE
    assert "There is no fault 99." in said.err


def test_another_environment_is_for_conversions(ask: Run, working: Begin, writer: Writer) -> None:
    """It is handed on by its absolute path; with another repair it means nothing."""
    del writer  # fault 1 is one of mnist
    done = working(answered({"model": "mnist", "repaired": False, "versions": []}))
    assert ask("repair", "--fault", "1", "--by", "reload", "--python", "/usr").status == ExitCode.USAGE
    ask("repair", "--fault", "1", "--by", "convert", "--python", "/usr")
    assert (done[0].model, done[0].parameters.interpreter) == ("mnist", "/usr/bin/python")
