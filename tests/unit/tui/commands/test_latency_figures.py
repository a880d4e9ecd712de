"""Latency measurements as a person reads them."""

from typing import Any

import msgspec

from storage.records import LatencyMeasurement
from storage.vocabulary import Scenario
from tests.measurements import measurement
from tui.commands.latency_figures import marks, measured_text, shown_table


def on_record(number: int = 1, **changes: Any) -> LatencyMeasurement:
    """Return a measurement as it is on record."""
    fields = msgspec.structs.asdict(measurement(**changes))
    return LatencyMeasurement(
        id=number, version_id=1, version=number, job_id=1, at=1.75e9, requested_by="ann", **fields
    )


def test_one_measurement_is_a_heading_and_a_line() -> None:
    """The cold start stands apart, percentiles that are not known have no column, and nothing is remarked."""
    text = measured_text("mnist@1", [on_record()], 80)
    assert text.splitlines()[0] == (
        "mnist@1 on cpu (onnxruntime 1.27.0, 2 cores): loaded in 50 ms, first inference 3.5 ms, "
        "peak memory 190.7 MiB"
    )
    assert text.splitlines()[1].split() == [
        "SCENARIO",
        "BATCH",
        "N",
        "P50",
        "P90",
        "P95",
        "P99",
        "PER",
        "SECOND",
    ]
    assert text.splitlines()[2].split()[:5] == ["single-stream", "1", "1000", "0.4", "ms"]
    assert len(text.splitlines()) == 3


def test_a_sweep_is_drawn() -> None:
    """Several batch sizes make a curve of latency against throughput, no wider than the terminal."""
    found = [
        on_record(scenario=Scenario.OFFLINE, batch_size=size, p50_ms=size / 2, throughput=1000.0 * size**0.5)
        for size in (1, 8, 32)
    ]
    text = measured_text("mnist@1", found, 70)
    drawing = text.split("\n\n")[1]
    assert drawing.startswith("p50, ms")
    assert all(f"{size}" in drawing for size in (1, 8, 32))
    assert max(map(len, drawing.splitlines())) <= 70


def test_what_makes_a_figure_doubtful_is_told() -> None:
    """Noise with its reason, windows that differ, a cut-off queue, and too few queries: each in a sentence."""
    text = measured_text(
        "mnist@1",
        [
            on_record(noisy="other processes used 30% of its cores' time"),
            on_record(stable=False),
            on_record(scenario=Scenario.SERVER, target_qps=90.0, achieved_qps=80.0, unserved=5, stable=False),
            on_record(n=120, p99_ms=None),
            on_record(scenario=Scenario.OFFLINE, n=12, p99_ms=None),
        ],
        80,
    )
    assert "noisy: other processes used 30% of its cores' time" in text
    assert text.count("not stable") == 1
    assert "server, batch 1: 5 of 1000 queries were still waiting" in text
    assert text.count("p99 needs 459 queries, and there were 120") == 1
    assert text.count("p99 needs") == 1


def test_rates_have_columns_where_there_are_any() -> None:
    """What was sent, and the most that keeps the objective, stand beside what was answered."""
    found = on_record(scenario=Scenario.SERVER, target_qps=123456.0, max_qps=123456.0)
    lines = measured_text("mnist@1", [found], 80).splitlines()
    assert lines[1].split()[-3:] == ["QPS", "MOST", "QPS"]
    assert lines[2].split()[-2:] == ["123,456", "123,456"]


def test_the_table_of_a_model_tells_versions_and_marks() -> None:
    """Each line says whose it is, when and where it was measured, and in a word what to doubt."""
    lines = shown_table([on_record(2), on_record(1, noisy="heat", stable=False, unserved=3)]).splitlines()
    assert lines[0].split()[0] == "VERSION"
    assert lines[1].split()[0] == "2"
    assert lines[1].endswith("cpu     2025-06-15 15:06:40")
    assert lines[2].endswith("noisy, unstable, unserved")
    assert marks(on_record()) == []
