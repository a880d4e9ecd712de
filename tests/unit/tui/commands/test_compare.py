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
        "60 examples only version 2 has right, 40 only version 1; McNemar mid-p 0.031, exact p 0.042" in text
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
