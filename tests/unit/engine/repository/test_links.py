"""Promises about the link current as people move it: what it says is on record, and what it cannot mean is a fault."""

import shutil

import pytest

from storage.tables import deployed
from storage.vocabulary import Role, Severity, Status
from tests.watched import Watched


def test_a_repository_that_is_adopted_keeps_what_it_deploys(watched: Watched) -> None:
    """A current link that was there before modeltender is taken over, and stands in the history."""
    watched.put_version("mnist", 1)
    watched.deploy("mnist", 1)
    watched.settle()
    assert watched.version("mnist", 1).role is Role.CURRENT
    history = watched.promotions("mnist")
    assert [(entry.from_version, entry.to_version, entry.requested_by) for entry in history] == [
        (None, 1, "outside modeltender")
    ]


@pytest.mark.parametrize("between", [None, b"what no runtime takes"])
def test_what_was_adopted_stays_on_record_however_soon_its_folder_changes(
    watched: Watched, between: bytes | None
) -> None:
    """The link was there before anybody had looked into the folder; what is found there first is what was deployed."""
    watched.put_version("mnist", 1)
    watched.deploy("mnist", 1)
    watched.settle()
    version = watched.version("mnist", 1)
    adopted = deployed.content_of(version)
    if between:
        (watched.workspace.version_folder("mnist", 1) / "model.onnx").write_bytes(between)
        watched.settle()
        assert watched.version("mnist", 1).status in {Status.QUARANTINED, Status.UNSUPPORTED}
    watched.put_version("mnist", 1, "changed by somebody")
    watched.settle()
    assert deployed.content_of(watched.version("mnist", 1)) != adopted
    with watched.writer.transaction() as connection:
        assert deployed.read(connection, version.id) == adopted


def test_nothing_is_deployed_without_a_link(watched: Watched) -> None:
    """A model without current has no current version, however many versions it has."""
    watched.ready("mnist", {1: 0.9, 2: 0.95})
    watched.settle()
    assert watched.model("mnist").current is None
    assert watched.faults() == []


@pytest.mark.parametrize("target", ["2", "./2", "2/", "{models}/mnist/2"])
def test_a_change_by_hand_is_a_promotion_from_outside(watched: Watched, target: str) -> None:
    """Whoever moves the link by hand finds it in the history and the log, and can be rolled back."""
    watched.ready("mnist", {1: 0.9, 2: 0.95})
    watched.deploy("mnist", 1)
    watched.settle()
    watched.deploy("mnist", target.format(models=watched.workspace.models))  # type: ignore[arg-type]
    watched.settle()
    model = watched.model("mnist")
    assert model.current is not None
    assert model.previous is not None
    assert (model.current.number, model.previous.number) == (2, 1)
    assert watched.promotions("mnist")[0].requested_by == "outside modeltender"
    assert watched.events()[-1].severity is Severity.WARNING
    assert len(watched.promotions("mnist")) == 2


def test_a_removed_link_is_noticed_and_can_be_rolled_back_to(watched: Watched) -> None:
    """Where current is removed by hand nothing is deployed, and the version that was is the previous one."""
    watched.ready("mnist", {1: 0.9})
    watched.deploy("mnist", 1)
    watched.settle()
    watched.workspace.current_link("mnist").unlink()
    watched.settle()
    model = watched.model("mnist")
    assert model.current is None
    assert model.previous is not None
    assert model.previous.number == 1
    assert (
        "version 1 is no longer deployed: models/mnist/current was changed outside modeltender"
        in watched.messages()
    )


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("9", "models/mnist/current points to 9, and there is no such version."),
        ("../../other", "models/mnist/current points to ../../other, which is not a version of mnist."),
        ("../other/1", "models/mnist/current points to ../other/1, which is not a version of mnist."),
        ("/etc/passwd", "models/mnist/current points to /etc/passwd, which is not a version of mnist."),
        (None, "models/mnist/current is not a symbolic link, so nothing can be promoted; move it away."),
    ],
)
def test_a_link_that_means_no_version_is_a_fault(watched: Watched, target: str | None, sentence: str) -> None:
    """Dangling, foreign, or no link at all: one sentence, nothing is deployed, and it ends when mended."""
    watched.ready("mnist", {1: 0.9})
    link = watched.workspace.current_link("mnist")
    if target is None:
        link.mkdir()
    else:
        link.symlink_to(target)
    watched.settle()
    watched.settle()
    assert [(fault.code, fault.message, fault.count) for fault in watched.faults()] == [
        ("current", sentence, 1)
    ]
    assert watched.model("mnist").current is None
    shutil.rmtree(link) if target is None else link.unlink()
    watched.settle()
    assert watched.faults() == []
