"""What ``show --promotions`` tells of what was deployed, by whom and why."""

import sqlite3
from typing import Any

import pytest

from storage.database import Writer
from storage.jobs import OUTSIDE
from storage.promotion_records import GateCheck, GateReport, Promotion, ToldTarget
from storage.tables import models, promotions
from storage.vocabulary import (
    CheckVerdict,
    ExitCode,
    JobKind,
    PromotionOutcome,
    TargetKind,
    TargetState,
    Verdict,
)
from tests.unit.tui.commands.conftest import Run
from tests.unit.tui.commands.rows import NOW
from tui.commands.promotion_history import promotions_text

FIGURE = "0.9400 -> 0.9600: +0.0200 [+0.0080, +0.0320] (99.1% interval, n=2000); better beyond chance (mid-p 0.0002)"
GATE = GateReport(
    against=1,
    verdict=Verdict.INFERIOR,
    checks=(
        GateCheck("evaluated", CheckVerdict.PASS, "version 2 was evaluated"),
        GateCheck("same-data", CheckVerdict.PASS, "versions 1 and 2: test"),
        GateCheck("accuracy", CheckVerdict.PASS, FIGURE),
        GateCheck("faults", CheckVerdict.PASS, "no new ones"),
        GateCheck("latency", CheckVerdict.FAIL, "1.4 times as long; at most 1.2"),
    ),
)
TOLD = (
    ToldTarget(
        "stable", TargetKind.TENSORFLOW_SERVING, TargetState.CONFIRMED, "label stable is on version 2"
    ),
    ToldTarget("balancer", TargetKind.COMMAND, TargetState.FAILED, "not this one"),
)


def happened(connection: sqlite3.Connection, *, at: float, **given: Any) -> int:
    """Record one change and return its id."""
    model = models.model_id(connection, "mnist")
    assert model is not None
    outcome, problem = given.pop("outcome", PromotionOutcome.DONE), given.pop("problem", "")
    told = {"job_id": None, "requested_by": "ann", "kind": JobKind.PROMOTE, "gate": None} | given
    intent = promotions.intend(connection, model, at=at, **told)
    promotions.settle(connection, intent, outcome, problem=problem)
    return intent


@pytest.fixture
def eventful(writer: Writer) -> Writer:
    """Record a link that somebody moved, a forced promotion, its rollback, and one that a target stopped."""
    with writer.transaction() as connection:
        happened(connection, at=NOW, from_number=None, to_number=1, requested_by=OUTSIDE)
        forced = happened(
            connection, at=NOW + 60, from_number=1, to_number=2, gate=GATE, forced=True, reason="a demo today"
        )
        promotions.set_told(connection, forced, TOLD[:1])
        happened(
            connection,
            at=NOW + 120,
            from_number=2,
            to_number=1,
            kind=JobKind.ROLLBACK,
            requested_by="bob",
            reason="it was slow",
        )
        stopped = happened(
            connection,
            at=NOW + 180,
            from_number=1,
            to_number=2,
            outcome=PromotionOutcome.ABANDONED,
            problem="balancer (command): not this one",
        )
        promotions.set_told(connection, stopped, TOLD)
    return writer


def test_every_change_is_told_with_its_reasons(ask: Run, eventful: Writer) -> None:
    """When, who, from and to, the verdict and the figure that decided, what did not pass, why, and who was told."""
    del eventful
    said = ask("show", "mnist", "--promotions")
    assert said.status == ExitCode.DONE
    lines = said.out.splitlines()
    assert lines[0] == "mnist  version 1 is deployed; 2 promotions, 1 rollback, the newest first"
    heads = [line for line in lines if line.startswith("2025")]
    assert heads == [
        "2025-06-15 15:09:40  promoted     1 > 2  by ann  did not come about",
        "2025-06-15 15:08:40  rolled back  2 > 1  by bob",
        "2025-06-15 15:07:40  promoted     1 > 2  by ann  inferior  FORCED",
        "2025-06-15 15:06:40  promoted     nothing > 1  outside modeltender",
    ]
    text = " ".join(said.out.split())
    assert "problem balancer (command): not this one" in text
    assert "reason a demo today" in text
    assert f"pass accuracy {FIGURE}" in text
    assert "fail latency 1.4 times as long; at most 1.2" in text
    # What passed beside the figure that decided is in the document; here it would be noise.
    assert "no new ones" not in text
    assert "told stable label stable is on version 2" in text
    assert "told balancer failed: not this one" in text
    assert max(map(len, lines)) <= 80


def test_a_latency_is_told_also_where_it_passed(ask: Run, writer: Writer) -> None:
    """Whoever limited it wants to read what it came to."""
    gate = GateReport(
        1,
        Verdict.SUPERIOR,
        (
            GateCheck("accuracy", CheckVerdict.PASS, FIGURE),
            GateCheck("latency", CheckVerdict.PASS, "1.010 times as long [0.990, 1.030]; at most 1.2"),
            GateCheck("faults", CheckVerdict.PASS, "no new ones"),
        ),
    )
    with writer.transaction() as connection:
        happened(connection, at=NOW, from_number=1, to_number=2, gate=gate)
    text = " ".join(ask("show", "mnist", "--promotions").out.split())
    assert "pass latency 1.010 times as long [0.990, 1.030]; at most 1.2" in text
    assert "no new ones" not in text


def test_a_script_gets_everything(ask: Run, eventful: Writer) -> None:
    """The document has every check, every target and how each change ended."""
    del eventful
    found = ask("show", "mnist", "--promotions", "--json").json
    assert (found["model"], found["current"]) == ("mnist", 1)
    stopped, back, forced, outside = found["promotions"]
    assert (stopped["outcome"], stopped["problem"]) == ("abandoned", "balancer (command): not this one")
    assert [target["state"] for target in stopped["targets"]] == ["confirmed", "failed"]
    assert (back["kind"], back["from"], back["to"], back["by"]) == ("rollback", 2, 1, "bob")
    assert (back["verdict"], back["checks"], back["reason"]) == (None, [], "it was slow")
    assert (forced["verdict"], forced["forced"], forced["reason"]) == ("inferior", True, "a demo today")
    assert [check["name"] for check in forced["checks"]] == [check.name for check in GATE.checks]
    assert (outside["from"], outside["to"], outside["at"]) == (None, 1, "2025-06-15T15:06:40Z")


def test_of_one_version_only_what_it_had_a_part_in_is_told(ask: Run, eventful: Writer) -> None:
    """Version 2 had no part in the first deployment."""
    del eventful
    found = ask("show", "mnist@2", "--promotions", "--json").json["promotions"]
    assert [(entry["from"], entry["to"]) for entry in found] == [(1, 2), (2, 1), (1, 2)]


def test_a_model_that_was_never_promoted_says_how(ask: Run) -> None:
    """An empty history is a sentence, and an empty list for scripts."""
    assert "modeltender promote digits" in ask("show", "digits", "--promotions").out
    assert ask("show", "digits", "--promotions", "--json").json["promotions"] == []


def test_what_is_under_way_is_no_promotion_yet() -> None:
    """An intent whose end nobody knows is told as such and not counted."""
    entry = Promotion(
        id=1,
        model="mnist",
        at=NOW,
        requested_by="ann",
        from_version=1,
        to_version=2,
        kind=JobKind.PROMOTE,
        verdict=None,
        checks=(),
        forced=False,
        reason="",
        outcome=PromotionOutcome.INTENDED,
    )
    text = promotions_text("mnist", 1, [entry], 80)
    assert "0 promotions, 0 rollbacks" in text
    assert "under way, or cut short" in text
