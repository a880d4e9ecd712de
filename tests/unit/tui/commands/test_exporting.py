"""What ``export`` and ``optimise`` ask of the engine, how they tell the answer, and what ``show`` says of it later."""

import time
from typing import Any

import msgspec
import pytest

from storage.database import Writer
from storage.exported import Exported, Parity
from storage.records import Arrival, Job
from storage.tables import exports, inbox, models
from storage.vocabulary import ExitCode, Format, JobKind, Quantization, Status
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import Answer, add_evaluation, answered, failed

SHA256 = "e" * 64
PARITY = {
    "dataset": "validation.npz",
    "n": 256,
    "max_difference": 0.0312,
    "mean_difference": 0.002,
    "agreement": 0.99609375,
    "tolerance": None,
}
MADE: dict[str, Any] = {
    "model": "mnist",
    "version": 1,
    "source": "keras",
    "target": "litert",
    "quantize": "int8",
    "file": "train/mnist/mnist-1-litert-int8.tflite",
    "sha256": SHA256,
    "bytes": 10_752,
    "source_bytes": 95_744,
    "parity": PARITY,
    "duration_s": 2.5,
}


def handed_in(status: Status = Status.READY) -> Answer:
    """Return an answer that ends an export as the engine does, and takes the file out of the inbox as the repository does."""

    def answer(writer: Writer, job: Job) -> None:
        with writer.transaction() as connection:
            model = models.ensure(connection, job.model, now=1.0)
            exports.add(connection, model, exported())
            if status is Status.READY:
                version = models.add_version(connection, model, 4, status=status, found_at=1.0)
                models.set_artefact(
                    connection,
                    version,
                    artefact="model.tflite",
                    kind=Format.LITERT,
                    sha256=SHA256,
                    size=10_752,
                )
                add_evaluation(connection, version, None, accuracy=0.943, at=time.time())
            else:
                arrival = Arrival(
                    model=job.model,
                    name="mnist-1-litert-int8.tflite",
                    status=status,
                    reason="the disk is full",
                    bytes=10_752,
                    seen_at=1.0,
                )
                inbox.put(connection, arrival, stamp="s", sha256=SHA256, version_id=None)
        answered(MADE)(writer, job)

    return answer


def exported() -> Exported:
    """Return what is on record of the export."""
    return Exported(
        model="mnist",
        sha256=SHA256,
        parent=1,
        parent_sha256="a" * 64,
        source=Format.KERAS,
        target=Format.LITERT,
        quantize=Quantization.INT8,
        parity=msgspec.convert(PARITY, Parity),
        tools={"keras": "3.15.1"},
        at=1_750_000_000.0,
        requested_by="ann",
    )


def test_the_new_version_is_told_with_its_parity(ask: Run, working: Begin) -> None:
    """The engine is asked once; the answer says what it became, how far outputs differ, and how good it is."""
    done = working(handed_in())
    said = ask("export", "mnist@1", "--to", "litert", "--quantize", "int8")
    assert said.status == ExitCode.DONE
    assert said.out.splitlines()[:2] == [
        "mnist@1 (keras) is now litert int8 as version 4: 10.5 KiB, 8.9x smaller",
        "outputs differ by at most 0.031 on 256 examples of validation.npz, with the same top class on 99.6 % of them",
    ]
    assert said.out.splitlines()[2].startswith("mnist@4 is ready: accuracy 0.9430")
    [job] = done
    assert (job.kind, job.version) == (JobKind.EXPORT, 1)
    assert (job.parameters.to, job.parameters.quantize) == (Format.LITERT, Quantization.INT8)


def test_the_document_has_exactly_the_promised_fields(ask: Run, working: Begin) -> None:
    """Scripts read the new version's number, its figures and the parity."""
    working(handed_in())
    document = ask("export", "mnist@1", "--to", "litert", "--quantize", "int8", "--json").json
    figures = document.pop("metrics")
    assert figures["accuracy"]["value"] == 0.943
    expected = {name: value for name, value in MADE.items() if name != "version"}
    assert document == expected | {"from": 1, "to": 4, "status": "ready", "reason": ""}


def test_what_the_inbox_turns_down_is_a_failure(ask: Run, working: Begin) -> None:
    """A command that waits does not wait for ever; it says where the file lies and why it is no version."""
    working(handed_in(Status.FAILED))
    said = ask("export", "mnist@1", "--to", "litert", "--quantize", "int8")
    assert said.status == ExitCode.FAILED
    assert "train/mnist/mnist-1-litert-int8.tflite was made and is no new version: it failed" in said.err


@pytest.mark.parametrize("command", [("export", "mnist@1", "--to", "onnx"), ("optimise", "mnist@1")])
def test_a_failure_is_told(command: tuple[str, ...], ask: Run, working: Begin) -> None:
    """In the engine's words."""
    working(failed)
    said = ask(*command)
    assert said.status == ExitCode.FAILED
    assert "It does not load." in said.err


@pytest.mark.parametrize(
    ("command", "does"),
    [(("export", "mnist@1", "--to", "onnx"), "exports"), (("optimise", "mnist@1"), "optimises")],
)
def test_a_person_who_does_not_wait_gets_the_job(command: tuple[str, ...], does: str, ask: Run) -> None:
    """No engine needs to answer for that."""
    said = ask(*command, "--no-wait")
    assert (said.status, said.out) == (ExitCode.DONE, f"job 1 {does} mnist@1: queued\n")


def test_a_format_that_nobody_makes_is_a_mistake_of_usage(ask: Run) -> None:
    """Before the engine is asked."""
    assert ask("export", "mnist@1", "--to", "coreml").status == ExitCode.USAGE
    assert ask("export", "mnist@1").status == ExitCode.USAGE


def test_show_says_what_a_version_was_exported_from(ask: Run, working: Begin) -> None:
    """In the list in short, on its own page with its parity, and for scripts in full."""
    working(handed_in())
    ask("export", "mnist@1", "--to", "litert", "--quantize", "int8")
    short = "version 4: exported from version 1 (litert, int8), outputs within 0.031 of its own"
    assert short in ask("show", "mnist").out.splitlines()
    page = ask("show", "mnist@4").out
    assert "version 4: exported from version 1 (litert, int8), outputs differ by at most 0.031 on 256" in page
    [version] = [one for one in ask("show", "mnist", "--json").json["versions"] if one["version"] == 4]
    assert version["exported"] == {
        "from": 1,
        "source": "keras",
        "target": "litert",
        "quantize": "int8",
        "temperature": None,
        "parity": PARITY,
        "tools": {"keras": "3.15.1"},
        "at": "2025-06-15T15:06:40Z",
        "by": "ann",
    }


ORIGINAL: dict[str, Any] = {
    "name": "keras",
    "format": "keras",
    "quantize": None,
    "value": 0.948,
    "p50_ms": 1.53,
    "bytes": 95_744,
    "peak_rss_bytes": 331_700_000,
    "load_s": 0.82,
    "missed": [],
    "pareto": False,
    "advantage": None,
    "low": None,
    "high": None,
    "verdict": None,
    "faster": None,
    "faster_low": None,
    "faster_high": None,
    "noisy": "",
    "parity": None,
    "sha256": None,
    "file": None,
}
VARIANT: dict[str, Any] = ORIGINAL | {
    "name": "litert-dynamic",
    "format": "litert",
    "quantize": "dynamic",
    "value": 0.946,
    "p50_ms": 0.0196,
    "bytes": 9_728,
    "load_s": 0.01,
    "pareto": True,
    "advantage": -0.002,
    "low": -0.0081,
    "high": 0.0037,
    "verdict": "non-inferior",
    "faster": 74.2,
    "faster_low": 70.0,
    "faster_high": 79.0,
    "noisy": "other processes used 80% of its cores' time",
    "parity": PARITY,
    "sha256": SHA256,
}
OPTIMISED: dict[str, Any] = {
    "model": "mnist",
    "version": 1,
    "metric": "accuracy",
    "margin": 0.02,
    "confidence": 0.9,
    "dataset": "validation.npz",
    "n": 500,
    "original": ORIGINAL,
    "variants": [VARIANT],
    "failed": [{"name": "litert-int8", "reason": "It needs validation data."}],
    "recommended": "litert-dynamic",
    "recommendation": "Choose litert-dynamic: 74x faster, 9.8x smaller.",
    "notes": ["There are no validation data."],
}


def test_every_variant_is_a_row_within_80_columns(ask: Run, working: Begin) -> None:
    """With what it costs and gives; what could not be tried is told, and the last line is the recommendation."""
    done = working(answered(OPTIMISED))
    said = ask("optimise", "mnist@1")
    assert said.status == ExitCode.DONE
    lines = said.out.splitlines()
    assert lines[0] == "mnist@1 and what can be made of it, on 500 examples of validation.npz"
    assert lines[1].split() == ["VARIANT", "ACCURACY", "P50", "MS", "SPEED", "SIZE", "MEMORY", "LOAD", "S"]
    assert lines[2].split() == [
        *("litert-dynamic*", "-0.2", "[-0.8,", "+0.4]", "0.0196", "74x"),
        *("9.5", "KiB", "316.3", "MiB", "0.01"),
    ]
    assert lines[3].split()[:4] == ["keras", "0.9480", "1.53", "1x"]
    assert max(map(len, lines[:4])) <= 80
    assert "litert-int8 could not be tried: It needs validation data." in lines
    assert (
        "the speeds are not to be relied on: beside litert-dynamic other processes used 80% of its cores' time"
        in lines
    )
    assert [lines[-3], lines[-1]] == [
        "There are no validation data.",
        "Choose litert-dynamic: 74x faster, 9.8x smaller.",
    ]
    assert [(job.kind, job.parameters.keep) for job in done] == [(JobKind.OPTIMISE, ())]


def test_the_document_is_the_engines(ask: Run, working: Begin) -> None:
    """Field by field."""
    working(answered(OPTIMISED))
    assert ask("optimise", "mnist@1", "--json").json == OPTIMISED


@pytest.mark.parametrize(
    ("change", "keep", "status"),
    [
        ({}, (), ExitCode.DONE),
        ({"recommended": None}, (), ExitCode.NO),
        ({}, ("litert-int8",), ExitCode.NO),
        ({}, ("pareto",), ExitCode.DONE),
        ({"variants": [VARIANT | {"file": "train/mnist/x.tflite"}]}, ("litert-dynamic",), ExitCode.DONE),
    ],
    ids=["recommended", "none", "not kept", "pareto", "kept"],
)
def test_the_exit_status_says_whether_there_is_one_to_choose(
    change: dict[str, Any], keep: tuple[str, ...], status: int, ask: Run, working: Begin
) -> None:
    """And whether what was to be kept was."""
    done = working(answered(OPTIMISED | change))
    said = ask("optimise", "mnist@1", *(word for name in keep for word in ("--keep", name)))
    assert said.status == status
    assert done[0].parameters.keep == keep
    assert ("not kept, because it could not be made: litert-int8" in said.err) is (keep == ("litert-int8",))
