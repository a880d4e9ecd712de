"""What ``repair`` asks of the engine, and how it reports the answer."""

import pytest

from storage.vocabulary import ExitCode, JobKind
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import answered, failed

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
REPAIRED = {"model": "mnist", "repaired": True, "versions": [RESTORED, INTACT]}


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
