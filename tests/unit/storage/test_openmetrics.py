"""What is exposed is OpenMetrics 1.0 to the letter, says what is on record, and leaves out what is not known."""

import importlib.util
import re
from pathlib import Path

import pytest

from storage import exposition, snapshot
from storage.database import Reader, Writer
from storage.exposition import Exposition
from storage.openmetrics import FAMILIES, UP, Look
from storage.records import Device
from storage.tables import devices, engine, models
from storage.vocabulary import DeviceKind
from tests.openmetrics import parse
from tests.unit.tui.commands.rows import fill
from tui.commands import metrics_page

PAGE = Path(__file__).parents[3] / "docs" / "prometheus.md"

OLDER = re.compile(r'(# (TYPE \w+ gauge|UNIT .+|HELP .+|EOF)|\w+(\{(\w+="([^"\\]|\\[\\n"])*",?)*\})? \S+)')
"""Lines of the format that Prometheus had before: what OpenMetrics adds is a comment there."""


def exposed(reader: Reader, *, running: bool = True) -> str:
    """Return the text for what is on record."""
    return Exposition().text(Look(snapshot.read(reader), running=running)).decode()


def test_an_empty_workspace_is_exposed(reader: Reader) -> None:
    """Before anything is known there is little to say, and that is well-formed."""
    found = parse(exposed(reader, running=False))
    assert found["modeltender_engine_up"].samples == {(): 0.0}
    assert "modeltender_model_metric" not in found


def test_what_is_on_record_is_exposed(writer: Writer, reader: Reader) -> None:
    """Figures with their intervals, versions with their roles, readings of devices, and problems, all under their labels."""
    fill(writer)
    seen = snapshot.read(reader)
    found = parse(exposed(reader))
    model = next(model for model in seen.models if model.name == "mnist")
    assert model.current is not None
    assert model.current.evaluation is not None
    accuracy = model.current.evaluation.metric("accuracy")
    assert accuracy is not None
    labels = (
        ("model", "mnist"),
        ("role", "current"),
        ("version", str(model.current.number)),
        ("metric", "accuracy"),
    )
    assert found["modeltender_model_metric"].samples[labels] == accuracy.value
    assert found["modeltender_model_metric_low"].samples[labels] == accuracy.low
    assert found["modeltender_model_metric_high"].samples[labels] == accuracy.high
    assert found["modeltender_model_metric_examples"].samples[labels] == accuracy.n
    assert found["modeltender_engine_up"].samples == {(): 1.0}
    assert sum(found["modeltender_faults"].samples.values()) == len(seen.faults) > 0
    assert found["modeltender_device_utilisation_ratio"].samples


def test_the_engine_is_exposed(writer: Writer, reader: Reader) -> None:
    """Once one has run here, its version, its heartbeat and what it takes are told."""
    with writer.transaction() as connection:
        engine.start(connection, pid=4711, version="1.2.3", now=5.0, sandbox={})
        engine.beat(connection, now=7.0, rss_bytes=1024, cpu_percent=50.0, hosts=())
    found = parse(exposed(reader))
    assert found["modeltender_engine_version"].samples == {(("version", "1.2.3"),): 1.0}
    assert found["modeltender_engine_start_timestamp_seconds"].samples == {(): 5.0}
    assert found["modeltender_engine_heartbeat_timestamp_seconds"].samples == {(): 7.0}
    assert found["modeltender_engine_memory_bytes"].samples == {(): 1024.0}


def test_latency_is_told_in_seconds(writer: Writer, reader: Reader) -> None:
    """And only the percentiles that there were enough queries for."""
    fill(writer)
    seen = snapshot.read(reader)
    [report] = [
        model.current.evaluation.latency
        for model in seen.models
        if model.name == "mnist"
        and model.current
        and model.current.evaluation
        and model.current.evaluation.latency
    ]
    told = {
        dict(labels)["quantile"]: value
        for labels, value in parse(exposed(reader))["modeltender_model_latency_seconds"].samples.items()
        if dict(labels)["model"] == "mnist" and dict(labels)["role"] == "current"
    }
    known = {"0.5": report.p50_ms, "0.9": report.p90_ms, "0.95": report.p95_ms, "0.99": report.p99_ms}
    assert told == pytest.approx({key: value / 1000 for key, value in known.items() if value is not None})


def test_what_is_not_known_is_left_out(writer: Writer, reader: Reader) -> None:
    """A device that gives no reading has no sample, and none that says zero."""
    with writer.transaction() as connection:
        npu = Device(
            id="npu:0", kind=DeviceKind.NPU, name="NPU", usable_by=(), note="", memory_total_bytes=None
        )
        devices.replace(connection, [npu])
    found = parse(exposed(reader))
    assert "modeltender_device_utilisation_ratio" not in found
    assert "modeltender_device_memory_total_bytes" not in found


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\\n", 'back\\"slash', "ä€😀", "a,b=c}"])
def test_names_are_escaped(name: str, writer: Writer, reader: Reader) -> None:
    """Whatever a model is called, its label holds that name and the text stays well-formed."""
    with writer.transaction() as connection:
        models.ensure(connection, name, now=0.0)
    [labels] = parse(exposed(reader))["modeltender_model_versions"].samples
    assert labels == (("model", name),)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0, "0"), (3.0, "3"), (0.1, "0.1"), (1e300, "1e+300"), (float("nan"), "NaN"), (float("-inf"), "-Inf")],
)
def test_numbers_are_written_exactly(value: float, written: str) -> None:
    """Whole numbers as such, others so that the same number is read, and what is none by its word."""
    assert exposition._number(value) == written


def test_the_text_is_valid_in_the_older_format_too(writer: Writer, reader: Reader) -> None:
    """Node exporter reads files in Prometheus' own format, where a type that it does not know spoils the whole file."""
    fill(writer)
    lines = exposed(reader).splitlines()
    assert [line for line in lines if OLDER.fullmatch(line) is None] == []


@pytest.mark.skipif(
    importlib.util.find_spec("prometheus_client") is None, reason="prometheus_client is not installed"
)
def test_the_reference_parser_reads_it(writer: Writer, reader: Reader) -> None:
    """Prometheus' own parser finds the same families."""
    parser = importlib.import_module("prometheus_client.openmetrics.parser")
    fill(writer)
    text = exposed(reader)
    assert [family.name for family in parser.text_string_to_metric_families(text)] == list(parse(text))


def test_every_family_has_its_labels_and_its_unit(writer: Writer, reader: Reader) -> None:
    """What the page promises of each is what is told."""
    fill(writer)
    found = parse(exposed(reader))
    for family in (UP, *FAMILIES):
        told = found.get(family.full_name)
        if told is not None:
            assert {tuple(label for label, _ in labels) for labels in told.samples} == {family.labels}
            assert (told.unit, told.help) == (family.unit, family.help)


def test_the_page_is_what_the_list_says() -> None:
    """`python -P -m tui.commands.metrics_page > docs/prometheus.md` writes it."""
    assert PAGE.read_text(encoding="utf-8") == metrics_page.page()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# EOF",
        "a 1\n# EOF\n",
        "# TYPE a gauge\na 1\na 2\n# EOF\n",
        "# TYPE a gauge\n\n# EOF\n",
        "# TYPE a gauge\na 1 \n# EOF\n",
        "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
        '# TYPE a gauge\na{b="c"d"} 1\n# EOF\n',
        "# TYPE a info\na 1\n# EOF\n",
    ],
)
def test_the_reader_of_these_tests_is_strict(text: str) -> None:
    """What the standard forbids does not pass."""
    with pytest.raises((AssertionError, KeyError)):
        parse(text)
