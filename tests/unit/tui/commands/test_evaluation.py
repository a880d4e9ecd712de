"""What ``evaluate`` asks, waits for and concludes."""

import threading
import time

from storage import jobs
from storage.database import Reader, Writer
from storage.records import Job, JobParameters
from storage.tables import evaluations, models
from storage.vocabulary import ExitCode, JobKind, JobState, Status
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import add_evaluation, add_version, evaluated, failed


def test_the_answer_is_the_evaluation_of_the_job(ask: Run, working: Begin) -> None:
    """The figures are those that the job recorded, not older ones of the same version."""
    done = working(evaluated)
    said = ask("evaluate", "mnist", "--json")
    assert said.status == ExitCode.DONE
    assert said.json["metrics"]["accuracy"]["value"] == 0.97
    assert (said.json["model"], said.json["version"]) == ("mnist", 1)
    assert [(job.kind, job.version) for job in done] == [(JobKind.EVALUATE, 1)]


def test_a_version_is_named_by_number_or_role(ask: Run, working: Begin) -> None:
    """MODEL@2 and MODEL@candidate ask for the same version."""
    done = working(evaluated)
    ask("evaluate", "mnist@2")
    ask("evaluate", "mnist@candidate")
    assert [job.version for job in done] == [2, 2]


def test_without_a_deployed_version_the_newest_ready_one_is_meant(ask: Run, working: Begin) -> None:
    """A model that was never deployed is evaluated by its newest ready version."""
    done = working(evaluated)
    assert ask("evaluate", "digits").status == ExitCode.DONE
    assert [(job.model, job.version) for job in done] == [("digits", 1)]


def test_device_and_data_are_handed_on(ask: Run, working: Begin) -> None:
    """The job carries the device and the data that were asked for."""
    done = working(evaluated)
    ask("evaluate", "mnist", "--device", "cuda:0", "--data", "validation")
    assert done[0].parameters == JobParameters(device="cuda:0", data="validation")


def test_the_text_shows_figures_with_their_intervals(ask: Run, working: Begin) -> None:
    """A person reads the value, its interval, how many examples, and the latency's percentiles."""
    working(evaluated)
    text = ask("evaluate", "mnist").out
    assert "mnist@1: 2000 examples of test" in text
    assert "0.9700 ±0.0100" in text
    assert "p50 0.41 ms" in text


def test_a_missed_objective_is_a_no(ask: Run, working: Begin, filled: Workspace) -> None:
    """With an objective that is missed the exit status is 1, and standard error says which one."""
    settings(filled, 'accuracy = ">= 0.99"\nlog_loss = "<= 0.5"')
    working(evaluated)
    said = ask("evaluate", "mnist", "--json")
    assert said.status == ExitCode.NO
    assert said.json["metrics"]["accuracy"]["value"] == 0.97
    assert said.err.strip() == "objective accuracy >= 0.99: missed (0.97)"


def test_objectives_that_are_met_or_not_measured_are_no_obstacle(
    ask: Run, working: Begin, filled: Workspace
) -> None:
    """A percentile with too few queries to mean it is told as not measured and does not fail the command."""
    settings(filled, 'accuracy = ">= 0.9"\nlatency_p99_ms = "<= 20"\nlatency_p50_ms = "<= 20"')
    working(evaluated)
    said = ask("evaluate", "mnist")
    assert said.status == ExitCode.DONE
    assert "objective accuracy >= 0.9: met (0.97)" in said.out
    assert "objective latency_p99_ms <= 20: not measured" in said.out
    assert "objective latency_p50_ms <= 20: met (0.41)" in said.out


def test_all_evaluates_every_deployed_version(ask: Run, working: Begin) -> None:
    """--all answers with a list: what is deployed of each model, or its newest ready version."""
    working(evaluated)
    said = ask("evaluate", "--all", "--json")
    assert [(document["model"], document["version"]) for document in said.json] == [
        ("digits", 1),
        ("mnist", 1),
    ]


def test_all_tells_a_failure_among_successes(ask: Run, working: Begin) -> None:
    """One model that fails keeps no other from being evaluated; the exit status is the worst one."""

    def answer(writer: Writer, job: Job) -> None:
        (failed if job.model == "digits" else evaluated)(writer, job)

    working(answer)
    said = ask("evaluate", "--all", "--json")
    assert said.status == ExitCode.FAILED
    assert said.json[0] == {
        "model": "digits",
        "version": 1,
        "error": {"code": "failed", "message": "It does not load.", "hint": "Copy it again."},
    }
    assert said.json[1]["metrics"]["accuracy"]["value"] == 0.97


def test_either_a_model_or_all_must_be_asked_for(ask: Run) -> None:
    """Naming nothing, or a model together with --all, is a usage error."""
    assert ask("evaluate").status == ExitCode.USAGE
    assert ask("evaluate", "mnist", "--all").status == ExitCode.USAGE


def test_the_evaluation_of_an_arrival_is_joined(ask: Run, writer: Writer, reader: Reader) -> None:
    """A version that is being checked is not evaluated twice: the command waits for the job that is under way."""
    with writer.transaction() as connection:
        version = add_version(connection, "mnist", 4, Status.CHECKING)
        job = jobs.add(connection, JobKind.EVALUATE, "mnist", 4, requested_by="arrival", now=time.time())
        jobs.claim(connection, frozenset({JobKind.EVALUATE}), now=time.time())

    def arrive() -> None:
        with writer.transaction() as connection:
            models.set_version(connection, version, status=Status.READY)
        evaluated(writer, job)

    timer = threading.Timer(0.1, arrive)
    timer.start()
    said = ask("evaluate", "mnist@4", "--json")
    timer.join()
    assert (said.status, said.json["status"]) == (ExitCode.DONE, Status.READY)
    with reader.transaction() as connection:
        listed = jobs.read(connection, limit=10)
        evaluation = evaluations.of_job(connection, job.id)
    assert [found.id for found in listed] == [job.id]
    assert evaluation is not None


def test_an_arrival_that_was_evaluated_meanwhile_answers(ask: Run, writer: Writer, reader: Reader) -> None:
    """A version whose check ended while the command waited is answered with that evaluation, not with another."""
    with writer.transaction() as connection:
        version = add_version(connection, "mnist", 4, Status.SETTLING)

    def arrive() -> None:
        with writer.transaction() as connection:
            job = jobs.add(connection, JobKind.EVALUATE, "mnist", 4, requested_by="arrival", now=time.time())
            add_evaluation(connection, version, job.id, accuracy=0.99, at=time.time())
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=time.time())
            models.set_version(connection, version, status=Status.READY)

    timer = threading.Timer(0.1, arrive)
    timer.start()
    said = ask("evaluate", "mnist@4", "--json")
    timer.join()
    assert said.json["metrics"]["accuracy"]["value"] == 0.99
    with reader.transaction() as connection:
        assert len(jobs.read(connection, limit=10)) == 1


def test_an_arrival_without_data_is_asked_again_for_the_reason(
    ask: Run, working: Begin, writer: Writer
) -> None:
    """The check of an arrival ends well without test data; the person who asks gets the sentence that says so."""
    with writer.transaction() as connection:
        version = add_version(connection, "mnist", 4, Status.CHECKING)
        jobs.add(connection, JobKind.EVALUATE, "mnist", 4, requested_by="arrival", now=time.time())

    def answer(writer: Writer, job: Job) -> None:
        if job.requested_by != "arrival":
            failed(writer, job)
            return
        with writer.transaction() as connection:
            models.set_version(connection, version, status=Status.READY)
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=time.time())

    working(answer)
    said = ask("evaluate", "mnist@4")
    assert (said.status, said.err.splitlines()[0]) == (ExitCode.FAILED, "modeltender: It does not load.")


def test_a_folder_that_was_just_copied_is_waited_for(
    ask: Run, working: Begin, filled: Workspace, writer: Writer
) -> None:
    """A version folder that lies there and is not recorded yet is no unknown version."""
    filled.version_folder("mnist", 5).mkdir(parents=True)
    working(evaluated)

    def notice() -> None:
        with writer.transaction() as connection:
            add_version(connection, "mnist", 5, Status.READY)

    timer = threading.Timer(0.2, notice)
    timer.start()
    assert ask("evaluate", "mnist@5", "--json").json["version"] == 5
    timer.join()


def test_an_engine_that_ends_is_told(run: Run, leaving: Workspace) -> None:
    """A command whose engine dies while it waits ends with exit status 4 and says so."""
    said = run("evaluate", "mnist", "-w", str(leaving.root), "--json")
    assert said.status == ExitCode.UNREACHABLE
    assert said.json["error"]["code"] == "engine-unreachable"
    assert "The engine ended before job 1 (evaluate mnist@1) was done" in said.json["error"]["message"]


def settings(workspace: Workspace, objectives: str) -> None:
    """Write a model's settings with these objectives."""
    file = workspace.model_settings("mnist")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[objectives]\n{objectives}\n")
