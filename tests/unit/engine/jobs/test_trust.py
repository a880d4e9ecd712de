"""Trust holds for a content: every version that has it is looked at again, but for those that need not be."""

from storage.tables import models
from storage.vocabulary import JobKind, JobState, Status
from tests.attacks import keras_lambda
from tests.unit.engine.jobs.asking import ask
from tests.watched import Watched


def alike(watched: Watched) -> list[Status]:
    """Return how two versions of one content are."""
    return [watched.version("mnist", number).status for number in (1, 2)]


def refused(watched: Watched) -> None:
    """Put the same model that asks for code in place twice, and have it looked at."""
    for number in (1, 2):
        folder = watched.workspace.version_folder("mnist", number)
        folder.mkdir(parents=True)
        keras_lambda(folder, watched.workspace.root / "canary")
    watched.settle()
    assert alike(watched) == [Status.QUARANTINED] * 2


def test_what_was_not_refused_is_not_checked_again_for_a_trust_that_it_does_not_need(
    watched: Watched,
) -> None:
    """Only the refused one of the two has a check asked for."""
    refused(watched)
    first = watched.version("mnist", 1)
    with watched.writer.transaction() as connection:
        models.set_version(connection, first.id, status=Status.FAILED, reason="it does not load")
    _, answer = ask(watched, JobKind.TRUST, 2, reason="I made it")
    assert answer["also"] == ["mnist@1"]
    assert alike(watched) == [Status.FAILED, Status.CHECKING]
    waiting = [job.version for job in watched.jobs() if job.state is JobState.QUEUED]
    assert waiting == [2]


def test_a_version_that_is_gone_stays_gone_when_trust_is_taken_back(watched: Watched) -> None:
    """The other one is refused again; that a folder is missing is no question of trust."""
    refused(watched)
    ask(watched, JobKind.TRUST, 2, reason="I made it")
    first = watched.version("mnist", 1)
    with watched.writer.transaction() as connection:
        models.set_version(connection, first.id, status=Status.MISSING, reason="models/mnist/1 is gone")
    ask(watched, JobKind.REVOKE, 2, reason="I did not")
    assert alike(watched) == [Status.MISSING, Status.QUARANTINED]
