"""What follows from a switch: a probation begins, ends with its reason, and old faults are looked at."""

from typing import Any

import pytest

from engine import policy
from engine.repository.probation import Switched, follow
from storage import jobs
from storage.database import Writer
from storage.tables import events, faults, models, probations
from storage.vocabulary import JobKind, ProbationState

HOUR = 3600.0


@pytest.fixture
def mnist(writer: Writer) -> int:
    """Return the id of a model."""
    with writer.transaction() as connection:
        return models.ensure(connection, "mnist", now=0.0)


def switch(writer: Writer, model_id: int, number: int | None, now: float = 1.0, **what: Any) -> None:
    """Record what follows from the deployment of a version, by a person unless something else is said."""
    switched = Switched("mnist", model_id, **{"kind": JobKind.PROMOTE, "number": number, "by": "ann", **what})
    with writer.transaction() as connection:
        follow(connection, switched, now=now)


@pytest.mark.parametrize(
    ("number", "what", "state", "reason"),
    [
        (3, {}, ProbationState.ENDED, "version 3 was deployed by ann"),
        (None, {"by": "outside"}, ProbationState.ENDED, "the link was removed by outside"),
        (
            1,
            {"kind": JobKind.ROLLBACK, "by": jobs.ITSELF, "reason": "accuracy fell"},
            ProbationState.FAILED,
            "accuracy fell",
        ),
        (1, {"kind": JobKind.ROLLBACK}, ProbationState.ENDED, "version 1 was deployed by ann"),
        (3, {"by": jobs.ITSELF}, ProbationState.ENDED, f"version 3 was deployed by {jobs.ITSELF}"),
    ],
)
def test_another_switch_ends_a_probation_with_its_reason(
    writer: Writer, mnist: int, number: int | None, what: dict[str, Any], state: ProbationState, reason: str
) -> None:
    """Only what the engine rolled back by itself has failed; what people do is no verdict on the version."""
    switch(writer, mnist, 2, by=jobs.ITSELF, probation_s=HOUR)
    switch(writer, mnist, number, 2.0, **what)
    with writer.transaction() as connection:
        [found] = probations.read(connection, "mnist")
        told = [event for event in events.read(connection, limit=9) if event.code == "probation-ended"]
    assert (found.number, found.state, found.reason) == (2, state, reason)
    ended = [(f"the probation of version 2 ended: {reason}", 2.0, "mnist", 2)]
    assert [(event.message, event.at, event.model, event.version) for event in told] == (
        ended if state is ProbationState.ENDED else []
    )


def test_a_version_is_watched_however_short_its_probation_is(writer: Writer, mnist: int) -> None:
    """A pipeline that is tried out has one of half a second, and the log says what it began with."""
    switch(writer, mnist, 2, 7.0, by=jobs.ITSELF, probation_s=0.5, sha256="c" * 64)
    with writer.transaction() as connection:
        [found] = probations.all_open(connection)
        [told] = [event for event in events.read(connection, limit=9) if event.code == "probation"]
    assert (found.model, found.number, found.sha256) == ("mnist", 2, "c" * 64)
    assert (found.begun_at, found.ends_at, found.every_s) == (7.0, 7.5, policy.look_every(0.5))
    assert (told.at, told.model, told.version) == (7.0, "mnist", 2)
    assert told.message.startswith("version 2 is on probation for ")
    assert told.message.endswith("and rolled back if it proves bad")


def test_a_person_s_promotion_is_not_watched(writer: Writer, mnist: int) -> None:
    """A probation is what stands in for a person's eye; one without a version is none."""
    switch(writer, mnist, 2)
    switch(writer, mnist, None, probation_s=HOUR)
    with writer.transaction() as connection:
        assert probations.read(connection, "mnist") == []


@pytest.mark.parametrize(
    ("model", "version", "asked"),
    [("mnist", 1, True), ("mnist", 2, False), ("mnist", None, False), ("other", 1, False)],
)
def test_faults_of_what_was_deployed_before_are_looked_at_at_once(
    writer: Writer, mnist: int, model: str, version: int | None, *, asked: bool
) -> None:
    """A fault of a version that nobody uses any more must not call people until the next check; other models' faults may."""
    with writer.transaction() as connection:
        faults.open_fault(connection, "x", "It is wrong.", at=0.0, model=model, version=version)
    switch(writer, mnist, 2)
    with writer.transaction() as connection:
        found = [(job.kind, job.model, job.requested_by) for job in jobs.read(connection, limit=9)]
    assert found == ([(JobKind.CHECK, "mnist", "ann")] if asked else [])
