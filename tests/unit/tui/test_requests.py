"""What the console asks of the engine, and what it says where nothing can be asked."""

import pytest

from storage.database import Writer
from storage.records import Model
from storage.tables import models
from storage.vocabulary import JobKind, Status
from storage.workspace import Workspace
from tests.showing import showing
from tests.unit.tui.commands.rows import add_version, fill
from tui import requests


@pytest.fixture
def mnist(writer: Writer) -> Model:
    """Return a model with version 1 deployed, 2 a candidate and 3 failed."""
    fill(writer)
    with writer.transaction() as connection:
        found = models.read_one(connection, "mnist")
    assert found is not None
    return found


def test_promotion_holds_what_was_seen(workspace: Workspace, mnist: Model) -> None:
    """The engine is told which version was deployed and what the candidate's content was when the person looked."""
    assert mnist.candidate is not None
    job = requests.promote(workspace, mnist.candidate, mnist.current)
    assert (job.kind, job.model, job.version) == (JobKind.PROMOTE, "mnist", 2)
    assert job.parameters.expected_current == 1
    assert job.parameters.expected_sha256 == mnist.candidate.sha256
    assert not job.parameters.force


def test_reason_overrules_the_gate(workspace: Workspace, mnist: Model) -> None:
    """A promotion with a reason is a forced one, and the reason is kept."""
    assert mnist.candidate is not None
    job = requests.promote(workspace, mnist.candidate, None, reason="the test data is old")
    assert job.parameters.force
    assert job.parameters.reason == "the test data is old"
    assert job.parameters.expected_current is None


def test_rollback_holds_what_was_seen(workspace: Workspace, mnist: Model) -> None:
    """The engine is told from which version to which the person wanted to go."""
    assert mnist.candidate is not None
    assert mnist.current is not None
    job = requests.roll_back(workspace, mnist.candidate, mnist.current)
    assert (job.kind, job.version) == (JobKind.ROLLBACK, 1)
    assert job.parameters.expected_current == 2
    assert job.parameters.expected_sha256 == mnist.current.sha256


def test_console_says_who_asks(workspace: Workspace, mnist: Model) -> None:
    """The log tells that a person asked from a console, and on which machine."""
    assert mnist.current is not None
    job = requests.evaluate(workspace, mnist.current)
    assert job.requested_by.endswith("(console)")
    assert "@" in job.requested_by


def test_candidate_is_promotable(mnist: Model) -> None:
    """Without a choice, and when it is chosen, the candidate is meant."""
    assert requests.promotable(mnist, None) == mnist.candidate
    assert requests.promotable(mnist, mnist.candidate) == mnist.candidate


def test_other_version_is_not_the_candidate(mnist: Model) -> None:
    """Another version is not promoted by accident; the way to do it is told."""
    said = requests.promotable(mnist, mnist.current)
    assert said == ("v1 of mnist is not the candidate, v2 is. In the shell: modeltender promote mnist@1")


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        (Status.FAILED, "It is truncated.", "v2 of m cannot be promoted, it failed: It is truncated."),
        (Status.CHECKING, "", "v2 of m is still being looked at."),
    ],
)
def test_why_there_is_no_candidate(writer: Writer, status: Status, reason: str, said: str) -> None:
    """Where nothing can be promoted, one sentence says why."""
    with writer.transaction() as connection:
        add_version(connection, "m", 2, status, reason=reason)
        model = models.read_one(connection, "m")
    assert model is not None
    assert requests.promotable(model, None) == said


def test_deployed_and_newest(mnist: Model) -> None:
    """A model whose newest version is deployed has nothing to promote."""
    model = showing(mnist, newest=mnist.current, candidate=None)
    assert requests.promotable(model, None) == "v1 of mnist is deployed, and there is nothing newer."


def test_model_without_versions(mnist: Model) -> None:
    """A model without any version has nothing to promote, and nothing to roll back."""
    model = showing(mnist, newest=None, candidate=None, current=None)
    assert requests.promotable(model, None) == "mnist has no version that could be promoted."
    assert requests.restorable(model) == "mnist has no deployed version to roll back from."


def test_nothing_before(mnist: Model) -> None:
    """The first deployed version has none before it."""
    assert requests.restorable(mnist) == "Nothing was deployed before v1 of mnist."
