"""How a model is: one word, whether somebody is needed, and the sentence that says what helps."""

from typing import Any

import pytest

from storage.promotion_records import Probation
from storage.records import Job
from storage.vocabulary import CheckVerdict, JobState, ProbationState, Status
from tests.unit.tui.shown import (
    COMING,
    NOW,
    OPEN,
    READY,
    arrival,
    gate,
    job,
    judged,
    model,
    snapshot,
    version,
)
from tui import health
from tui.listing import listed
from tui.model_rows import STATE


@pytest.mark.parametrize(
    ("changes", "jobs", "word", "needs"),
    [
        ({}, [], "ok", False),
        ({"current": None, "newest": None}, [], "not deployed", False),
        ({"current": version(1, status=Status.FAILED, reason="cut short")}, [], "LOAD ERR", True),
        ({"current": version(1, status=Status.MISSING)}, [job(JobState.RUNNING)], "MISSING", True),
        ({}, [job(JobState.RUNNING, done=6197, total=10_000)], "eval 62%", False),
        ({}, [job(JobState.QUEUED)], "queued", False),
        ({"problem": "model.toml: bad"}, [], "SETTINGS", True),
        ({"faults": 2}, [], "2 FAULTS", True),
        ({"faults": 2}, [job(JobState.RUNNING, done=620, total=1000)], "eval 62%", True),
        (READY, [job(JobState.QUEUED)], "queued", True),
        (judged(gate(CheckVerdict.FAIL)), [job(JobState.QUEUED)], "queued", False),
        ({"newest": version(2, status=Status.FAILED)}, [], "v2 FAILED", True),
        ({"newest": version(2, status=Status.CHECKING)}, [], "v2 checking", False),
        (READY, [], "v2 READY", True),
        (OPEN, [], "v2 READY", True),
        (judged(gate(CheckVerdict.FAIL)), [], "v2 held", False),
    ],
)
def test_the_worst_that_is_true_is_said(
    changes: dict[str, Any], jobs: list[Job], word: str, *, needs: bool
) -> None:
    """Each state has its word, and only those that want somebody count as needing one."""
    found = health.of_model(model(**changes), jobs)
    assert (found.word, found.needs_person) == (word, needs)
    assert len(found.word) <= STATE.width


def test_a_sentence_names_the_key_that_helps() -> None:
    """What can be done is said with its key."""
    assert health.sentence(model(**READY), (), NOW) == "v2 passed the gate (superior): p promotes it"
    open_one = health.sentence(model(**OPEN), (), NOW)
    assert open_one == "v2 passes but for its latency: p measures and promotes it"
    assert health.sentence(model(), (), NOW) == ""
    assert "cut short" in health.sentence(
        model(newest=version(2, status=Status.FAILED, reason="cut short")), (), NOW
    )


def test_what_is_on_its_way_shows_where_nothing_else_does() -> None:
    """A model at rest says that something arrives, and how fast; one that needs somebody says that instead."""
    seen = snapshot(model(), arrivals=(COMING,))
    assert listed(seen, NOW)[0].health.word == "arriving"
    assert health.coming("m", seen.arrivals) == "large.onnx arriving: 412 MiB so far, 12 MiB/s"
    troubled = snapshot(model(faults=2), arrivals=(COMING,))
    assert listed(troubled, NOW)[0].health.word == "2 FAULTS"
    refused = snapshot(model(), arrivals=(arrival("a.txt", Status.UNSUPPORTED, "is a text file"),))
    assert listed(refused, NOW)[0].health.word == "ok"
    assert health.coming("m", refused.arrivals) == ""


def test_a_version_that_is_copied_into_place_says_how_far_it_is() -> None:
    """What is known of a copy under way is in the model's sentence."""
    copied = version(2, status=Status.SETTLING, reason="arriving: 3 MiB so far")
    assert health.sentence(model(newest=copied), (), NOW) == "v2 arriving: 3 MiB so far"


@pytest.mark.parametrize(
    ("left", "looks", "said"),
    [
        (42 * 60, 1, "v1 is on probation, 42m left (looked at once): u rolls back"),
        (50, 3, "v1 is on probation, 50s left (looked at 3 times): u rolls back"),
        (
            -1,
            5,
            "v1 is on probation, until enough looks at it have worked (looked at 5 times): u rolls back",
        ),
    ],
)
def test_a_version_on_probation_says_for_how_long(left: float, looks: int, said: str) -> None:
    """How much is left, how often it was looked at, and the key that ends it; a candidate can wait."""
    probation = Probation(
        id=1,
        model="m",
        number=1,
        sha256="a",
        begun_at=NOW - 60,
        ends_at=NOW + left,
        every_s=600,
        looks=looks,
        looked_at=NOW - 60,
        state=ProbationState.OPEN,
        reason="",
    )
    assert health.sentence(model(probation=probation, **READY), (), NOW) == said
