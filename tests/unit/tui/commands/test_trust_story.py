"""Trust and quarantine on a real engine: an honest Lambda layer, its owner, and what no owner can allow."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import launch
from storage.vocabulary import Custody, ExitCode, Status
from storage.workspace import Workspace, create_workspace
from tests import attacks
from tests.lambda_models import LAYER, save_with_lambda
from tests.unit.tui.commands.test_story import modeltender

MODEL = "mnist"
NAMELESS = "model.bin"
"""A name that tells Keras nothing: the file is a Keras model by its content all the same, behind every wall."""

PATIENCE_S = 60.0


@pytest.fixture
def kept(samples: Path, tmp_path: Path) -> Iterator[Workspace]:
    """Return a workspace with one plain Keras model, and the same behind a layer in Python as its next version."""
    workspace = create_workspace(tmp_path / "kept")
    for folder in ("models", "test"):
        shutil.copytree(samples / folder / MODEL, workspace.root / folder / MODEL, symlinks=True)
    shutil.rmtree(workspace.version_folder(MODEL, 2))
    save_with_lambda(_plain(workspace), workspace.version_folder(MODEL, 3) / NAMELESS)
    yield workspace
    launch.stop(workspace)


def test_a_layer_in_python_is_refused_trusted_evaluated_and_refused_again_when_it_changes(
    kept: Workspace,
) -> None:
    """Trust is for one content: with it the version loads and is as good as the plain one, without it nothing runs."""
    refused = modeltender(kept, "evaluate", f"{MODEL}@3")
    assert refused.status == ExitCode.NO
    assert f"Lambda layer '{LAYER}'" in refused.document["error"]["message"]
    assert refused.document["error"]["hint"].endswith("modeltender trust mnist@3 --reason TEXT")
    trusted = modeltender(kept, "trust", f"{MODEL}@3", "--reason", "our own layer")
    assert (trusted.status, trusted.document["status"]) == (ExitCode.DONE, Status.READY)
    accuracies = [
        modeltender(kept, "evaluate", f"{MODEL}@{number}").document["metrics"]["accuracy"]["value"]
        for number in (1, 3)
    ]
    assert accuracies[0] == accuracies[1] > 0.85
    assert [event["message"] for event in modeltender(kept, "events").document if event["code"] == "ready"][
        -1
    ] == "version 3 is ready (keras, isolation full)"
    [entry] = modeltender(kept, "trust", "--list").document
    assert (entry["trusted"], entry["reason"]) == (True, "our own layer")
    assert f"Lambda layer '{LAYER}'" in entry["found"]

    assert modeltender(kept, "trust", f"{MODEL}@3", "--revoke").document["status"] == Status.QUARANTINED
    assert modeltender(kept, "evaluate", f"{MODEL}@3").status == ExitCode.NO, "a warm process was lent"
    assert modeltender(kept, "trust", f"{MODEL}@3", "--reason", "again").status == ExitCode.DONE
    save_with_lambda(_plain(kept), kept.version_folder(MODEL, 3) / NAMELESS, "another-layer")
    _await(kept, lambda version: version["status"] == Status.QUARANTINED)
    assert modeltender(kept, "evaluate", f"{MODEL}@3").status == ExitCode.NO


def test_arrivals_are_kept_apart_released_and_deleted_and_a_bomb_cannot_be_trusted(kept: Workspace) -> None:
    """What is released becomes the next version; what no trust allows can only be deleted, and nothing asks in a script."""
    inbox = kept.train / MODEL
    save_with_lambda(_plain(kept), inbox / "new.keras", "new-layer")
    attacks.zip_bomb(inbox, Path("/nowhere"))
    # Put into models/ by hand it is only marked: that folder is its owner's.
    marked = kept.version_folder(MODEL, 9)
    marked.mkdir()
    shutil.copy(inbox / "bomb.keras", marked / "model.keras")
    deadline = time.monotonic() + PATIENCE_S
    while len(found := modeltender(kept, "quarantine", "list").document) < 4:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    entries = {document["name"]: document for document in found if document["id"] is not None}
    assert sorted(entries) == ["bomb.keras", "new.keras"]
    assert [document["version"] for document in found if document["id"] is None] == [3, 9]
    assert os.listdir(inbox) == []  # noqa: PTH208 - nothing may be left
    bomb, new = str(entries["bomb.keras"]["id"]), str(entries["new.keras"]["id"])

    refused = modeltender(kept, "trust", f"{MODEL}@9", "--reason", "it is mine")
    assert (refused.status, refused.document["error"]["code"]) == (ExitCode.NO, "refused")
    assert modeltender(kept, "quarantine", "release", bomb, "--reason", "it is mine").status == ExitCode.NO
    assert modeltender(kept, "quarantine", "delete", bomb).status == ExitCode.USAGE
    gone = modeltender(kept, "quarantine", "delete", bomb, "--yes")
    assert (gone.status, gone.document["state"]) == (ExitCode.DONE, Custody.DELETED)
    assert not (kept.quarantine / bomb).exists()
    assert (marked / "model.keras").exists()

    released = modeltender(kept, "quarantine", "release", new, "--reason", "reviewed")
    assert (released.status, released.document["state"], released.document["why"]) == (
        ExitCode.DONE,
        Custody.RELEASED,
        "reviewed",
    )
    # Numbers are never given twice, not even those of what is refused.
    _await(kept, lambda version: version["status"] == Status.READY and bool(version["metrics"]), 10)


def _plain(workspace: Workspace) -> Path:
    return workspace.version_folder(MODEL, 1) / "model.keras"


def _await(workspace: Workspace, met: Callable[[dict[str, Any]], bool], number: int = 3) -> None:
    """Wait until a version is as it should be."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        versions = modeltender(workspace, "show", MODEL).document["versions"]
        if any(version["version"] == number and met(version) for version in versions):
            return
        assert time.monotonic() < deadline, versions
        time.sleep(0.1)
