"""The JSON of each command has exactly the fields that scripts were promised."""

import pytest

from storage.vocabulary import ExitCode
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import answered, evaluated
from tests.unit.tui.commands.test_latency import measured

LATENCY = [
    "scenario",
    "batch_size",
    "n",
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "mean_ms",
    "stdev_ms",
    "throughput",
    "stable",
]
FIGURE = ["value", "low", "high", "n"]
MODEL = [
    "model",
    "task",
    "current",
    "candidate",
    "status",
    "versions",
    "metrics",
    "latency",
    "faults",
    "evaluated_at",
    "probation",
]
VERSION = [
    "version",
    "format",
    "status",
    "reason",
    "role",
    "sha256",
    "bytes",
    "metrics",
    "latency",
    "evaluated_at",
    "latencies",
    "runtime",
    "device",
    "inputs",
    "outputs",
    "parameters",
    "load_s",
    "peak_rss_bytes",
    "failure",
    "refusal",
    "exported",
    "imported",
]
MEASUREMENT = [
    "version",
    "scenario",
    "batch_size",
    "device",
    "seed",
    "at",
    "n",
    "warmup",
    "duration_s",
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "p999_ms",
    "mean_ms",
    "stdev_ms",
    "throughput",
    "stable",
    "noisy",
    "surroundings",
    "target_qps",
    "achieved_qps",
    "objective_ms",
    "max_qps",
    "unserved",
    "load_s",
    "first_ms",
    "peak_rss_bytes",
    "dataset",
    "runtime",
]
EVALUATION = [
    "model",
    "version",
    "status",
    "dataset",
    "runtime",
    "device",
    "duration_s",
    "metrics",
    "latency",
    "confusion",
    "scale",
    "slices",
    "notes",
]
JOB = [
    "id",
    "kind",
    "model",
    "version",
    "parameters",
    "requested_by",
    "requested_at",
    "state",
    "done",
    "total",
    "message",
    "started_at",
    "finished_at",
    "code",
    "error",
    "hint",
]
DEVICE = [
    "id",
    "kind",
    "name",
    "utilisation",
    "memory_used_bytes",
    "memory_total_bytes",
    "usable_by",
    "note",
    "unusable_by",
    "at",
    "temperature_c",
    "power_w",
    "power_limit_w",
    "clock_mhz",
    "highest_clock_mhz",
    "memory_clock_mhz",
    "memory_utilisation",
    "slowed_by",
    "corrected_errors",
    "uncorrected_errors",
    "driver_errors",
    "processes",
    "partitions",
    "asleep",
    "load",
    "swap_used_bytes",
    "swap_total_bytes",
    "pressure",
    "held_back",
    "address",
    "driver",
]
HISTORY = ["at", "version", "metric", "value", "low", "high", "n"]
FAULT = ["id", "code", "model", "version", "severity", "message", "repair"]
OPEN_FAULT = [*FAULT, "state", "first_at", "last_at", "count", "acknowledged_by", "tried"]
EVENT = ["id", "at", "severity", "code", "model", "version", "message"]
ENGINE = [
    "running",
    "pid",
    "version",
    "started_at",
    "heartbeat_at",
    "rss_bytes",
    "cpu_percent",
    "hosts",
    "jobs",
]

LISTS = {
    ("models",): MODEL,
    ("devices",): DEVICE,
    ("history", "mnist"): HISTORY,
    ("faults",): OPEN_FAULT,
    ("events",): EVENT,
}


@pytest.mark.parametrize(("words", "fields"), LISTS.items())
def test_a_list_holds_documents_of_exactly_these_fields(
    words: tuple[str, ...], fields: list[str], ask: Run
) -> None:
    """Each entry of a list has the promised fields, in the promised order, and no other."""
    found = ask(*words, "--json").json
    assert found
    assert all(list(document) == fields for document in found)


def test_show_is_the_model_with_its_versions(ask: Run) -> None:
    """The document of show is that of models with the versions themselves in place of their number."""
    found = ask("show", "mnist", "--json").json
    assert list(found) == [*MODEL, "targets", "retraining"]
    assert [list(version) for version in found["versions"]] == [VERSION] * 3
    assert [version["version"] for version in found["versions"]] == [3, 2, 1]


def test_evaluate_has_the_promised_fields(ask: Run, working: Begin) -> None:
    """The document of evaluate names data, runtime, figures with their intervals, latency and confusion."""
    working(evaluated)
    found = ask("evaluate", "mnist", "--json").json
    assert list(found) == EVALUATION
    assert list(found["dataset"]) == ["name", "rows", "sha256"]
    assert list(found["runtime"]) == ["name", "version"]
    assert list(found["metrics"]["accuracy"]) == FIGURE
    assert list(found["latency"]) == LATENCY


def test_latency_has_the_promised_fields(ask: Run, working: Begin) -> None:
    """The document of latency holds a measurement for each batch size, and whether the objectives are met."""
    working(measured({}))
    found = ask("latency", "mnist", "--json").json
    assert list(found) == ["model", "version", "measurements", "met", "missed", "notes"]
    assert list(found["measurements"][0]) == MEASUREMENT
    assert next(iter(found["measurements"][0]["surroundings"])) == "cores"


def test_a_job_has_the_promised_fields(ask: Run) -> None:
    """A command that does not wait answers with the job, and jobs lists the same document."""
    asked = ask("evaluate", "mnist", "--no-wait", "--json").json
    assert list(asked) == JOB
    assert ask("jobs", "--json").json == [asked]


def test_promote_has_the_promised_fields(ask: Run, working: Begin) -> None:
    """The document of promote says from where to where, and what each check found."""
    checks = [{"name": "accuracy", "verdict": "pass", "detail": "0.9600 against 0.9500"}]
    promoted = {
        "model": "mnist",
        "from": 1,
        "to": 2,
        "verdict": "superior",
        "promoted": True,
        "checks": checks,
    }
    working(answered(promoted))
    assert ask("promote", "mnist", "--json").json == promoted


def test_engine_status_has_the_promised_fields(ask: Run) -> None:
    """The document of engine status has these fields also while the engine has said little."""
    found = ask("engine", "status", "--json").json
    assert list(found) == ENGINE
    assert found["running"] is True
    assert found["jobs"] == {"queued": 0, "running": 0}


def test_status_has_the_promised_fields(ask: Run) -> None:
    """The document of status holds the lists of the other commands and what needs a person."""
    found = ask("status", "--json").json
    lists = ["attention", "engine", "models", "arrivals", "devices", "jobs", "faults", "quarantined"]
    assert list(found) == lists
    assert found["models"] == ask("models", "--json").json
    assert list(found["arrivals"][0]) == ["model", "name", "status", "reason", "bytes"]


def test_times_are_iso_8601_in_utc(ask: Run) -> None:
    """A time is written with its zone, which is UTC."""
    found = ask("events", "--json").json
    assert found[0]["at"] == "2025-06-15T15:06:40Z"


def test_what_is_not_known_is_null(ask: Run) -> None:
    """A device that exposes no reading says null, not zero."""
    npu = next(device for device in ask("devices", "--json").json if device["id"] == "npu:0")
    assert npu["utilisation"] is None
    assert npu["memory_total_bytes"] is None


def test_an_error_has_a_code_a_message_and_a_hint(ask: Run) -> None:
    """With --json an error is one document on standard output, and nothing else is printed."""
    said = ask("show", "mnits", "--json")
    assert said.json == {
        "error": {
            "code": "unknown",
            "message": "There is no model 'mnits'. Did you mean 'mnist'?",
            "hint": "List the models with: modeltender models",
        }
    }
    assert said.err == ""
    assert said.status == ExitCode.USAGE
