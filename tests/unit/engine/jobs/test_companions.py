"""What else is read for a job: the names of a model's classes."""

import pytest

from engine.jobs.companions import class_names
from storage.errors import JobError
from storage.settings import ModelSettings
from storage.workspace import Workspace


def test_class_names_are_what_the_settings_say(workspace: Workspace) -> None:
    """Written there, a line each in a file, or not known; empty lines name nothing, and nothing steers a terminal."""
    (workspace.models / "mnist").mkdir()
    (workspace.models / "mnist" / "labels.txt").write_text("cat\n\n  \ndog \x1b[2J\n")
    assert class_names(workspace, "mnist", ModelSettings(labels=("no", "yes"))) == ("no", "yes")
    assert class_names(workspace, "mnist", ModelSettings(labels="")) == ()
    cat, dog = class_names(workspace, "mnist", ModelSettings(labels="labels.txt"))
    assert cat == "cat"
    assert dog.startswith("dog")
    assert dog.isprintable()


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_labels_that_cannot_be_read_are_named(workspace: Workspace, content: bytes | None) -> None:
    """A file that is missing, or is no text, is told with where its name stands."""
    (workspace.models / "mnist").mkdir()
    if content is not None:
        (workspace.models / "mnist" / "labels.txt").write_bytes(content)
    with pytest.raises(JobError, match=r"The labels of mnist cannot be read from labels.txt") as caught:
        class_names(workspace, "mnist", ModelSettings(labels="labels.txt"))
    assert caught.value.hint == "Correct 'labels' in its model.toml."
