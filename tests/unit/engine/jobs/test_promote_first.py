"""Promises about what a promotion does before the link: it has evaluated what is missing, and shows what loads."""

from typing import Any, cast

import pytest

from engine.jobs import handler
from engine.jobs.context import Context, Needed
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from storage import jobs
from storage.records import JobParameters
from storage.settings import WorkspaceSettings
from storage.vocabulary import JobKind, JobState, PromotionOutcome, Status
from tests.unit.engine.jobs.asking import Quiet, ask
from tests.watched import Watched

EVALUATE = JobKind.EVALUATE


@pytest.fixture
def two(watched: Watched) -> Watched:
    """Return a workspace with version 1 deployed and version 2 better."""
    watched.ready("mnist", {1: 0.90, 2: 0.97})
    ask(watched, version=1)
    return watched


def forget(watched: Watched, number: int) -> None:
    """Make a version one that was never evaluated."""
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE versions SET evaluation_id = NULL WHERE number = ?", (number,))


def link(watched: Watched) -> str:
    """Return what the link says."""
    return str(watched.workspace.current_link("mnist").readlink())


@pytest.mark.parametrize("missing", [(1,), (2,), (2, 1)])
def test_what_was_never_evaluated_is_waited_for(two: Watched, missing: tuple[int, ...]) -> None:
    """Candidate, deployed version, or both: each is asked for once, and nothing is promoted before."""
    for number in missing:
        forget(two, number)
    outcome, _ = ask(two)
    assert outcome.first == tuple(Needed(EVALUATE, number) for number in missing)
    assert link(two) == "1"


def test_of_two_evaluated_with_other_data_the_older_figures_are_made_anew(two: Watched) -> None:
    """Then the other version's, should it turn out that they were the old ones; after that the gate says what it can."""
    two.clock.passed += 1
    two.evaluated("mnist", 2, 0.97, dataset="e" * 64)
    assert ask(two)[0].first == (Needed(EVALUATE, 1),)
    two.clock.passed += 1
    two.evaluated("mnist", 1, 0.90, dataset="f" * 64)
    assert ask(two, waited={1: (JobState.SUCCEEDED, "")})[0].first == (Needed(EVALUATE, 2),)
    both = {1: (JobState.SUCCEEDED, ""), 2: (JobState.SUCCEEDED, "")}
    outcome, answer = ask(two, waited=both)
    assert (outcome.first, outcome.code, answer["promoted"]) == ((), "inconclusive", False)
    two.evaluated("mnist", 2, 0.97, dataset="f" * 64)
    assert ask(two, waited=both)[1]["promoted"] is True


def test_what_no_candidate_may_be_worse_than_is_evaluated_too(watched: Watched) -> None:
    """The anchor counts as much as what is deployed."""
    watched.ready("mnist", {1: 0.90, 2: 0.93, 3: 0.97})
    ask(watched, version=1)
    ask(watched, version=3)
    ask(watched, JobKind.ROLLBACK)
    watched.clock.passed += 1
    watched.evaluated("mnist", 3, 0.97, dataset="e" * 64)
    watched.clock.passed += 1
    watched.evaluated("mnist", 1, 0.90)
    watched.evaluated("mnist", 2, 0.93)
    assert ask(watched, version=2)[0].first == (Needed(EVALUATE, 3),)


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED])
def test_an_evaluation_that_did_not_work_is_the_answer(two: Watched, state: JobState) -> None:
    """Its reason is a check of the answer, which is inconclusive; nothing is tried a second time."""
    forget(two, 2)
    outcome, answer = ask(two, waited={2: (state, "The data do not fit.")})
    assert (outcome.first, outcome.code, answer["promoted"]) == ((), "inconclusive", False)
    last = answer["checks"][-1]
    assert (last["name"], last["verdict"]) == ("evaluation", "error")
    assert last["detail"].startswith("version 2 could not be evaluated (J")
    assert last["detail"].endswith("The data do not fit.")
    told = "The gate cannot decide about mnist@2: version 2 has not been evaluated; version 2 could not be evaluated"
    assert outcome.error.startswith(told)
    assert "The data do not fit." in outcome.error
    assert link(two) == "1"


def test_an_evaluation_that_failed_and_is_not_missing_any_more_is_no_matter(two: Watched) -> None:
    """Somebody else's evaluation may have brought it."""
    assert ask(two, waited={2: (JobState.FAILED, "x")})[1]["promoted"] is True


def test_who_insists_does_not_wait(two: Watched) -> None:
    """A forced promotion asks no gate, and so nothing that a gate needs."""
    forget(two, 2)
    assert ask(two, force=True, reason="burning")[1]["promoted"] is True


class Bare:
    """A pool in which nothing is warm, and from which nothing can be borrowed but by loading."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.asked = 0
        self.borrow = pool.borrow
        self.renew = pool.renew

    def holds(self, key: tuple[Any, ...]) -> bool:
        """Note that it was asked."""
        self.asked += 1
        return self._pool.holds(key)


@pytest.fixture
def loading(two: Watched) -> Any:
    """Return what promotes version 2 with real hosts and an empty pool, and the pool."""
    settings = WorkspaceSettings()
    hosts, pool = Hosts(scratch=two.workspace.scratch, limits=settings.limits), Pool(settings.limits)
    bare = Bare(pool)
    context = Context(two.workspace, two.writer, settings, hosts, cast("Pool", bare), two.clock.now)

    def promote(version: int = 2, **parameters: Any) -> Any:
        with two.writer.transaction() as connection:
            jobs.add(
                connection,
                JobKind.PROMOTE,
                "mnist",
                version,
                requested_by="ann",
                now=0.0,
                parameters=JobParameters(**parameters),
            )
            job = jobs.claim(connection, frozenset({JobKind.PROMOTE}), now=0.0)
        assert job is not None
        outcome = handler(JobKind.PROMOTE)(context, job, Quiet())
        with two.writer.transaction() as connection:
            jobs.finish(connection, job.id, outcome.state, now=0.0)
        return outcome

    yield promote, bare, pool
    pool.close()
    hosts.close()


def test_a_version_is_loaded_before_it_is_deployed_and_stays_loaded(two: Watched, loading: Any) -> None:
    """Without a warm process it is loaded then; the process is kept."""
    promote, bare, pool = loading
    assert promote().state is JobState.SUCCEEDED
    assert (link(two), bare.asked, len(pool)) == ("2", 1, 1)


@pytest.mark.parametrize("force", [False, True])
def test_a_version_that_does_not_load_is_refused_and_nothing_changed(
    two: Watched,
    loading: Any,
    force: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The reason is told, the intent is on record as abandoned, and who insists hears the same."""
    promote, _bare, pool = loading
    # Bytes that are recognised, hashed and recorded, and that no runtime runs.
    file = two.put_version("mnist", 3)
    file.write_bytes(file.read_bytes().replace(b"Relu", b"Rely"))
    two.settle()
    two.evaluated("mnist", 3, 0.97)
    outcome = promote(3, force=force, reason="x" if force else "")
    assert (outcome.state, outcome.code) == (JobState.FAILED, "refused")
    assert outcome.error.startswith("mnist@3 does not load on cpu: ")
    assert (link(two), len(pool)) == ("1", 0)
    with two.writer.transaction() as connection:
        last = connection.execute(
            "SELECT outcome, problem FROM promotions ORDER BY id DESC LIMIT 1"
        ).fetchone()
    assert last["outcome"] == PromotionOutcome.ABANDONED
    assert last["problem"].startswith("mnist@3 does not load on cpu")
    assert two.version("mnist", 3).status is Status.FAILED
