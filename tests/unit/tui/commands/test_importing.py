"""What ``import`` asks of the engine, and how it says what came of each version."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from storage.database import Writer
from storage.imported import Adopted, AdoptedModel, AdoptedVersion, Declared, DeclaredTensor, Imported
from storage.records import Job
from storage.tables import imports, models
from storage.vocabulary import ExitCode, Fate, Format, ImportKind, JobKind
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import answered, failed


def version(number: int, fate: Fate, **told: Any) -> AdoptedVersion:
    """Return what became of a version."""
    values: dict[str, Any] = {"path": f"/srv/mnist/{number}", "served": False, "labels": ()}
    return AdoptedVersion(**(values | {"number": number, "fate": fate} | told))


def adopted(
    *versions: AdoptedVersion, dry_run: bool = False, name: str = "mnist", reason: str = ""
) -> dict[str, Any]:
    """Return the answer of an import of one model."""
    tensors = (DeclaredTensor("x", "FP32", (1, -1)),), (DeclaredTensor("y", "FP32", (10,), "labels.txt"),)
    model = AdoptedModel(
        model=name,
        kind=ImportKind.TRITON,
        path="/srv/mnist",
        declared=Declared(8, *tensors),
        versions=versions,
        reason=reason,
    )
    encoded = msgspec.json.encode(Adopted(source="/srv", dry_run=dry_run, models=(model,)))
    found: dict[str, Any] = msgspec.json.decode(encoded)
    return found


KNOWN = version(1, Fate.KNOWN, version=1, format=Format.ONNX, bytes=2048)
CAME = version(
    10, Fate.IMPORTED, version=2, format=Format.ONNX, bytes=4096, served=True, labels=("stable", "canary")
)
PLAN = version(11, Fate.LEFT_OUT, reason="it is a TensorRT plan, " + "which runs nowhere else " * 3)


def test_each_version_is_told_and_fits_a_narrow_terminal(ask: Run, working: Begin) -> None:
    """With what the server says of the model, why one was left out, and what to do next."""
    done = working(answered(adopted(KNOWN, CAME, PLAN)))
    said = ask("import", "some/../folder", "--as", "mnist")
    assert said.status == ExitCode.NO
    lines = said.out.splitlines()
    assert lines[:5] == [
        "mnist: triton, /srv/mnist",
        "  batches of up to 8; x FP32 [1, -1] -> y FP32 [10] (labels in labels.txt)",
        "  THERE  RESULT    HERE  FORMAT     SIZE  ROLE THERE",
        "      1  known        1  onnx    2.0 KiB",
        "     10  imported     2  onnx    4.0 KiB  served, stable, canary",
    ]
    assert lines[6].startswith("  version 11 is left out: it is a TensorRT plan")
    assert lines[-3:] == [
        "1 version came in, 1 known before, 1 left out.",
        "What is served there is mnist@2. Deploy it with:",
        "  modeltender promote mnist@2",
    ]
    assert max(map(len, lines)) <= 80
    [job] = done
    parameters = job.parameters
    assert (job.kind, job.model, parameters.name, parameters.dry_run) == (JobKind.ADOPT, "", "mnist", False)
    # The engine has another current folder.
    assert Path(parameters.source).is_absolute()


def test_a_dry_run_says_what_would_come_in(ask: Run, working: Begin) -> None:
    """And that nothing was copied; it is a yes."""
    done = working(answered(adopted(version(1, Fate.NEW, served=True), dry_run=True)))
    said = ask("import", "/srv", "--dry-run")
    assert (said.status, done[0].parameters.dry_run) == (ExitCode.DONE, True)
    assert said.out.splitlines()[-1] == "1 version would come in. Nothing was copied."


def test_the_command_that_deploys_is_one_line_that_can_be_copied(ask: Run, working: Begin) -> None:
    """On a narrow terminal too, and whatever the model is called."""
    name = "heart rate of everybody on the third floor of the house"
    working(answered(adopted(CAME, name=name)))
    assert ask("import", "/srv").out.splitlines()[-1] == f"  modeltender promote '{name}@2'"


def test_a_model_that_is_left_out_is_counted(ask: Run, working: Begin) -> None:
    """Its reason stands further up, where a summary of many models leaves nobody looking."""
    working(answered(adopted(name="cloud", reason="s3://bucket/x does not lie on this machine")))
    said = ask("import", "/srv")
    assert (said.status, said.out.splitlines()[-1]) == (ExitCode.NO, "No version came in, 1 model left out.")


def test_the_document_has_exactly_the_promised_fields(ask: Run, working: Begin) -> None:
    """The engine's answer, and what became of the promotions."""
    answer = adopted(KNOWN, CAME)
    working(answered(answer))
    assert ask("import", "/srv", "--json").json == answer | {"promotions": []}


@pytest.mark.parametrize("promoted", [True, False])
def test_what_was_served_is_deployed_if_that_is_asked(ask: Run, working: Begin, *, promoted: bool) -> None:
    """The engine is asked for the very version; a refusal is told with a way on, and is a no."""

    def answer(writer: Writer, job: Job) -> None:
        if job.kind is JobKind.ADOPT:
            return answered(adopted(KNOWN, CAME))(writer, job)
        found = {"model": "mnist", "from": 1, "to": 2, "verdict": None, "promoted": promoted, "checks": []}
        return answered(found)(writer, job)

    done = working(answer)
    said = ask("import", "/srv", "--promote", "--json")
    assert said.status == (ExitCode.DONE if promoted else ExitCode.NO)
    [told] = said.json["promotions"]
    assert (told["model"], told["version"], told["promoted"]) == ("mnist", 2, promoted)
    _, asked = done
    assert (asked.kind, asked.model, asked.version) == (JobKind.PROMOTE, "mnist", 2)
    assert asked.parameters.force is False


@pytest.mark.parametrize("other", ["--dry-run", "--no-wait"])
def test_a_promotion_needs_what_comes_in(ask: Run, other: str) -> None:
    """What does not wait has nothing to deploy."""
    said = ask("import", "/srv", "--promote", other)
    assert (said.status, "leave out --dry-run and --no-wait" in said.err) == (ExitCode.USAGE, True)


def test_a_job_is_promised_where_nobody_waits(ask: Run) -> None:
    """With its number."""
    said = ask("import", "/srv", "--no-wait")
    assert (said.status, said.out) == (ExitCode.DONE, f"job {said.out.split()[1]} imports /srv: queued\n")


def test_show_says_where_a_version_came_from(ask: Run, filled: Workspace, writer: Writer) -> None:
    """As text, and for scripts."""
    del filled
    with writer.transaction() as connection:
        found = next(one for one in models.versions(connection, "mnist") if one.sha256)
        origin = Imported(
            model="mnist",
            sha256=found.sha256 or "",
            kind=ImportKind.TENSORFLOW_SERVING,
            path="/srv/mnist/7",
            number=7,
            served=True,
            labels=("stable",),
            at=1_750_000_000.0,
            requested_by="ann",
        )
        imports.add(connection, models.ensure(connection, "mnist", now=1.0), origin)
    name = f"mnist@{found.number}"
    words = "imported from /srv/mnist/7 (tensorflow-serving, served there, labelled stable)"
    assert f"version {found.number}: {words}" in ask("show", name).out
    [shown] = ask("show", name, "--json").json["versions"]
    assert shown["imported"] == {
        "kind": "tensorflow-serving",
        "path": "/srv/mnist/7",
        "number": 7,
        "served": True,
        "labels": ["stable"],
        "at": "2025-06-15T15:06:40Z",
        "by": "ann",
    }


def test_a_source_without_models_ends_the_command(ask: Run, working: Begin) -> None:
    """With the engine's sentence and what to do about it."""
    working(failed)
    said = ask("import", "/srv")
    assert (said.status, said.err) == (ExitCode.FAILED, "modeltender: It does not load.\n  Copy it again.\n")
