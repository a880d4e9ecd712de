"""What ``latency`` asks, waits for and concludes."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from storage import jobs
from storage.database import Reader, Writer
from storage.records import Job, JobParameters
from storage.tables import latencies, models
from storage.vocabulary import ExitCode, JobKind, JobState, Scenario
from storage.workspace import Workspace
from tests.measurements import measurement
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import Answer
from tests.unit.tui.commands.test_evaluation import settings


def measured(*changes: dict[str, Any], missed: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> Answer:
    """Return an answer to a latency job: these measurements, recorded as the engine does."""

    def answer(writer: Writer, job: Job) -> None:
        with writer.transaction() as connection:
            version = next(v for v in models.versions(connection, job.model) if v.number == job.version)
            found = [
                latencies.add(
                    connection, version.id, measurement(**change), job_id=job.id, at=1.0, requested_by="ann"
                )
                for change in changes
            ]
            result = msgspec.json.encode({"measurements": found, "missed": missed, "notes": notes}).decode()
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=2.0, result=result)

    return answer


def server(**changes: Any) -> dict[str, Any]:
    """Return how a measurement of the server scenario differs."""
    return {
        "scenario": Scenario.SERVER,
        "target_qps": 90.0,
        "achieved_qps": 89.0,
        "objective_ms": 20.0,
        "p99_ms": 12.0,
    } | changes


def test_the_answer_is_what_the_job_measured(ask: Run, working: Begin) -> None:
    """Single queries are measured unless something else is asked for; every figure is in the document."""
    done = working(measured({}))
    said = ask("latency", "mnist", "--json")
    assert said.status == ExitCode.DONE
    assert (said.json["model"], said.json["version"], said.json["met"]) == ("mnist", 1, None)
    (found,) = said.json["measurements"]
    assert (found["scenario"], found["p99_ms"], found["p999_ms"]) == ("single-stream", 0.9, None)
    assert found["surroundings"]["others"] == 0.01
    assert [(job.kind, job.version, job.parameters) for job in done] == [
        (JobKind.LATENCY, 1, JobParameters())
    ]


def test_what_is_asked_for_reaches_the_job(ask: Run, working: Begin) -> None:
    """Every option becomes a parameter of the job."""
    done = working(measured(server()))
    words = [
        "--scenario",
        "server",
        "--batch",
        "8,1,8",
        "--device",
        "cuda:0",
        "--data",
        "validation",
        "--duration",
        "2.5",
    ]
    ask("latency", "mnist@2", *words, *["--qps", "90", "--objective-ms", "20", "--seed", "7"])
    assert done[0].version == 2
    assert done[0].parameters == JobParameters(
        device="cuda:0",
        data="validation",
        scenario=Scenario.SERVER,
        batch_sizes=(8, 1),
        duration_s=2.5,
        qps=90.0,
        objective_ms=20.0,
        seed=7,
    )


Judged = tuple[Answer, int, str]

JUDGED: dict[str, Callable[[], Judged]] = {
    "kept": lambda: (measured(server()), ExitCode.DONE, "latency_p99_ms <= 20.0: met (12)"),
    "lost": lambda: (measured(server(p99_ms=21.0)), ExitCode.NO, "latency_p99_ms <= 20.0: missed (21)"),
    "a queue was cut off": lambda: (measured(server(unserved=3)), ExitCode.NO, "still waiting"),
    "too few queries": lambda: (
        measured(server(p99_ms=None, n=100)),
        ExitCode.INCONCLUSIVE,
        "p99 needs 459 queries, and there were 100",
    ),
    "no rate keeps it": lambda: (measured(missed=("No rate was found.",)), ExitCode.NO, "No rate was found."),
    "the search ended": lambda: (measured(server(), notes=("It ended.",)), ExitCode.DONE, "It ended."),
}


@pytest.mark.parametrize("case", JUDGED.values(), ids=JUDGED)
def test_an_objective_is_judged(ask: Run, working: Begin, case: Callable[[], Judged]) -> None:
    """Whether p99 kept it is the exit status, and stands in the answer in words."""
    answer, status, words = case()
    working(answer)
    said = ask("latency", "mnist", "--scenario", "server", "--objective-ms", "20")
    assert said.status == status
    assert words in said.out


def test_objectives_of_the_settings_are_judged_by_single_queries(
    ask: Run, working: Begin, filled: Workspace
) -> None:
    """Those about the latency are; others, and other batch sizes, are not."""
    settings(filled, 'accuracy = ">= 0.99"\nlatency_p99_ms = "<= 0.5"\nlatency_throughput = ">= 1e9"')
    working(measured({}, {"batch_size": 8}))
    said = ask("latency", "mnist", "--json")
    assert said.status == ExitCode.NO
    assert said.json["met"] is False
    assert said.err.strip() == "objective latency_p99_ms <= 0.5: missed (0.9)"


USAGE = [
    ("--scenario", "multi-stream"),
    ("--batch", "0"),
    ("--batch", "1,,2"),
    ("--batch", "1,999999"),
    ("--duration", "0"),
    ("--qps", "10"),
    ("--scenario", "server", "--qps", "0"),
    ("--scenario", "offline", "--objective-ms", "5"),
    ("--seed", "-1"),
]


@pytest.mark.parametrize("words", USAGE, ids=map(" ".join, USAGE))
def test_what_makes_no_sense_is_a_usage_error(ask: Run, reader: Reader, words: tuple[str, ...]) -> None:
    """It is refused here, and no job is made."""
    assert ask("latency", "mnist", *words).status == ExitCode.USAGE
    with reader.transaction() as connection:
        assert jobs.read(connection, limit=10) == []


def test_show_lists_the_latest_of_each_kind(ask: Run, working: Begin) -> None:
    """After a measurement the model's page has it, in text with its marks and in the version's document."""
    working(measured({"noisy": "heat"}, {"batch_size": 8}))
    ask("latency", "mnist")
    text = ask("show", "mnist").out
    assert "latency, the latest of each kind:" in text
    assert any(line.split()[:3] == ["1", "single-stream", "8"] for line in text.splitlines())
    assert any(line.endswith("noisy") for line in text.splitlines())
    versions = {version["version"]: version for version in ask("show", "mnist", "--json").json["versions"]}
    assert [found["batch_size"] for found in versions[1]["latencies"]] == [1, 8]
    assert versions[2]["latencies"] == []


def test_history_has_the_measurements_too(ask: Run, working: Begin) -> None:
    """Under the name that an objective has, and under the long name of a scenario; a mistyped one is told the nearest."""
    working(measured({}, server(max_qps=90.0)))
    ask("latency", "mnist")
    assert [p["value"] for p in ask("history", "mnist", "latency_p99_ms", "--json").json] == [0.9]
    assert [p["value"] for p in ask("history", "mnist", "server_b1_max_qps", "--json").json] == [90.0]
    said = ask("history", "mnist", "server_b1_max_qsp")
    assert (said.status, "Did you mean 'server_b1_max_qps'?" in said.err) == (ExitCode.USAGE, True)
