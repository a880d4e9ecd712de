"""What ``compare`` asks, and how it tells the answer."""

from typing import Any

import pytest

from storage.vocabulary import ExitCode, JobKind
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import answered

ACCURACY = {
    "name": "accuracy",
    "before": 0.95,
    "after": 0.96,
    "advantage": 0.01,
    "low": 0.002,
    "high": 0.018,
    "confidence": 0.9,
    "n": 2000,
    "method": "Tango",
    "verdict": "superior",
    "p_mid": 0.031,
    "p_exact": 0.042,
    "needed": None,
}
AREA = ACCURACY | {
    "name": "pr_auc",
    "method": "unpaired",
    "low": None,
    "high": None,
    "verdict": "inconclusive",
}
COMPARED: dict[str, Any] = {
    "model": "mnist",
    "from": 1,
    "to": 2,
    "verdict": "superior",
    "metric": "accuracy",
    "margin": 0.005,
    "gained": 60,
    "lost": 40,
    "figures": [ACCURACY, AREA],
    "latency": None,
    "problem": "",
    "early": None,
}


def test_roles_and_numbers_name_the_versions(ask: Run, working: Begin) -> None:
    """The engine is asked to compare the second with the first, by their numbers."""
    done = working(answered(COMPARED))
    said = ask("compare", "mnist", "current", "2")
    assert said.status == ExitCode.DONE
    [job] = done
    assert (job.kind, job.version, job.parameters.against) == (JobKind.COMPARE, 2, 1)


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        ("superior", ExitCode.DONE),
        ("non-inferior", ExitCode.DONE),
        ("inferior", ExitCode.NO),
        ("inconclusive", ExitCode.INCONCLUSIVE),
    ],
)
def test_the_exit_status_is_the_verdict(verdict: str, status: int, ask: Run, working: Begin) -> None:
    """A script needs no more than that; the document is the engine's answer, field by field."""
    document = COMPARED | {"verdict": verdict}
    working(answered(document))
    said = ask("compare", "mnist", "1", "candidate", "--json")
    assert (said.status, said.json) == (status, document)


def test_a_person_reads_figures_intervals_and_p(ask: Run, working: Begin) -> None:
    """Each figure is a row within 80 columns, and what is compared less exactly is marked."""
    latency = {"device": "cpu", "ratio": 1.2, "low": 1.1, "high": 1.3, "confidence": 0.9, "n": 15}
    working(
        answered(
            COMPARED
            | {
                "latency": latency,
                "verdict": "inconclusive",
                "figures": [ACCURACY | {"verdict": "inconclusive", "needed": 5000}, AREA],
            }
        )
    )
    text = ask("compare", "mnist", "1", "2").out
    assert "accuracy  0.9500  0.9600    +0.0100  [+0.0020, +0.0180]  not decided" in text
    assert "pr_auc*" in text
    assert "* compared as if on different examples" in text
    assert (
        "60 examples only version 2 gets right, 40 only version 1; McNemar mid-p 0.031, exact p 0.042" in text
    )
    assert "latency: 1.200 times as long [1.100, 1.300] on cpu, 15 rounds in turns" in text
    assert "inconclusive in accuracy at a margin of 0.005" in text
    assert "3,000 more labelled examples" in text
    assert max(map(len, text.splitlines()[:6])) <= 80


def test_latency_is_measured_first_where_it_is_asked_for(ask: Run, working: Begin) -> None:
    """Two jobs, one after the other: the runs in turns, and the comparison that tells their ratio."""
    done = working(answered(COMPARED))
    ask("compare", "mnist", "1", "2", "--latency", "--device", "cuda:0")
    assert [job.kind for job in done] == [JobKind.LATENCY, JobKind.COMPARE]
    assert (done[0].parameters.against, done[0].parameters.device) == (1, "cuda:0")


def test_what_cannot_be_compared_is_inconclusive(ask: Run, working: Begin) -> None:
    """The engine's sentence and its hint come with the exit status of an open question."""
    working(answered({}, code="inconclusive", error="Other data.", hint="Evaluate both."))
    said = ask("compare", "mnist", "1", "2", "--json")
    assert said.status == ExitCode.INCONCLUSIVE
    assert said.json["error"] == {"code": "inconclusive", "message": "Other data.", "hint": "Evaluate both."}


def test_wrong_versions_are_told(ask: Run) -> None:
    """One that does not exist, one that is no version, and twice the same."""
    assert "mnist has no version 9" in ask("compare", "mnist", "1", "9").err
    assert ask("compare", "mnist", "1", "best").status == ExitCode.USAGE
    said = ask("compare", "mnist", "1", "current")
    assert said.status == ExitCode.USAGE
    assert "A and B are the same: version 1." in said.err


BETTING = ACCURACY | {"method": "betting", "n": 512, "p_mid": None, "p_exact": None}
EARLY = {"used": 512, "examples": 50_000, "decided": True, "ran": [1, 2]}


def test_an_early_decision_is_asked_for_without_waiting_for_evaluations(ask: Run, working: Begin) -> None:
    """Another job is asked for, on the data and the device that are named; version 3 never had an evaluation."""
    done = working(answered(COMPARED | {"early": EARLY}))
    said = ask("compare", "mnist", "1", "3", "--early", "--data", "large", "--device", "cuda:0", "--json")
    [job] = done
    assert (job.kind, job.version, job.parameters.against) == (JobKind.EARLY, 3, 1)
    assert (job.parameters.data, job.parameters.device) == ("large", "cuda:0")
    assert said.json["early"] == EARLY


def test_a_person_reads_how_many_examples_an_early_decision_took(ask: Run, working: Begin) -> None:
    """How many of how many, who ran, and that looking often did no harm; within 80 columns."""
    working(answered(COMPARED | {"early": EARLY, "figures": [BETTING]}))
    lines = ask("compare", "mnist", "1", "2", "--early").out.splitlines()
    assert "early: decided after 512 of 50,000 examples (versions 1 and 2 ran)" in lines
    assert "anytime-valid: the stated confidence holds for all its looks together" in lines
    assert max(map(len, lines)) <= 80


def test_where_no_look_decided_that_is_told(ask: Run, working: Begin) -> None:
    """All examples count then, at what is left of the level."""
    early = EARLY | {"used": 50_000, "decided": False, "ran": [2]}
    working(answered(COMPARED | {"early": early}))
    text = ask("compare", "mnist", "1", "2", "--early").out
    assert "early: no look decided; all 50,000 examples count, at half the level (version 2 ran)" in text
    assert "anytime-valid" not in text


def test_where_everything_was_on_record_that_is_told(ask: Run, working: Begin) -> None:
    """Nothing was run, and nothing was saved."""
    working(answered(COMPARED))
    assert "nothing was run" in ask("compare", "mnist", "1", "2", "--early").err


def test_other_data_need_a_run(ask: Run) -> None:
    """What is on record is of the test data."""
    said = ask("compare", "mnist", "1", "2", "--data", "large")
    assert said.status == ExitCode.USAGE
    assert "--data needs --early" in said.err
