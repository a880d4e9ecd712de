"""Promises about TensorFlow Serving's file: what is ours in it changes, in the order that the server can follow."""

import os
from pathlib import Path

import pytest

from engine.repository.targets import opened
from engine.repository.targets.target import News, TargetError
from storage.target_settings import TargetSettings, TensorFlowServing
from storage.vocabulary import TargetKind
from storage.workspace import Workspace
from tests.serving import TensorFlowServing as Server
from tests.serving_definitions import model_server_config

FILE = """\
# all models of this machine
model_config_list {
  config {
    name: "other"  base_path: "/models/other"
    model_version_policy { all {} }  # never touched
  }
  config: <
    name: "mnist"
    base_path: '/models/mnist'
    version_labels { key: "canary" value: 4 }
    version_labels: { key: 'stable', value: 1 }
    model_version_policy { latest { num_versions: 2 } }
    logging_config { sampling_config { sampling_rate: 0.5 } }
  >
}
"""


def settings(**values: object) -> TargetSettings:
    """Return settings of a file in the workspace."""
    kind = TargetKind.TENSORFLOW_SERVING
    return TensorFlowServing(
        **({"kind": kind, "name": "serving", "config": "models.config"} | values)  # type: ignore[arg-type]
    )


@pytest.fixture
def file(workspace: Workspace) -> Path:
    """Return a file that people wrote."""
    path = workspace.root / "models.config"
    path.write_text(FILE)
    return path


def test_only_the_models_own_entry_changes(workspace: Workspace, file: Path) -> None:
    """The two versions, those of other labels, and the label are written; the rest is the same to the byte."""
    before = model_server_config(FILE).model_config_list.config
    said = opened(workspace, settings()).tell(News(workspace, "mnist", 3, 1))
    text = file.read_text()
    other, mnist = model_server_config(text).model_config_list.config
    assert said == "written; no url to ask"
    assert other == before[0]
    assert list(mnist.model_version_policy.specific.versions) == [3, 1, 4]
    assert dict(mnist.version_labels) == {"stable": 3, "canary": 4}
    assert mnist.logging_config == before[1].logging_config
    lines = zip(FILE.splitlines(), text.splitlines(), strict=True)
    assert [new for old, new in lines if old != new] == [
        "    version_labels: { key: 'stable', value: 3 }",
        "    model_version_policy { specific { versions: [ 3, 1, 4 ] } }",
    ]


def test_an_entry_without_policy_and_label_gets_both(workspace: Workspace, file: Path) -> None:
    """A bare entry, on one line or on several, gets what is missing."""
    for bare in (
        'model_config_list { config { name: "mnist" base_path: "/m" } }',
        'model_config_list: {\n  config: [ {\n    name: "mnist"\n    base_path: "/m"\n  } ]\n}\n',
    ):
        file.write_text(bare)
        opened(workspace, settings(label="prod ü")).tell(News(workspace, "mnist", 3, None))
        [entry] = model_server_config(file.read_text()).model_config_list.config
        assert list(entry.model_version_policy.specific.versions) == [3]
        assert dict(entry.version_labels) == {"prod ü": 3}
        assert (entry.name, entry.base_path) == ("mnist", "/m")


def test_no_label_is_written_where_none_is_wanted(workspace: Workspace, file: Path) -> None:
    """An empty label leaves all labels as they are, and their versions served."""
    opened(workspace, settings(label="", served_as="mnist")).tell(News(workspace, "digits", 3, 2))
    [_, entry] = model_server_config(file.read_text()).model_config_list.config
    assert dict(entry.version_labels) == {"stable": 1, "canary": 4}
    assert list(entry.model_version_policy.specific.versions) == [3, 2, 4, 1]


def test_the_label_moves_when_the_version_is_there(workspace: Workspace, file: Path) -> None:
    """A server that refuses labels on versions that it lacks ends with the new version and the label on it."""
    with Server(file) as server:
        server.poll()
        opened(workspace, settings(url=server.url, timeout_s=60)).tell(News(workspace, "mnist", 3, 1))
        assert server.labels == {"stable": 3, "canary": 4}
        assert server.asked[0] == "GET /v1/models/mnist/versions/3"
        assert server.asked[-1] == "GET /v1/models/mnist/labels/stable"


def test_a_version_that_the_server_cannot_load_is_told_in_its_words(workspace: Workspace, file: Path) -> None:
    """Loading failed: there is no waiting until the end, and the server's reason is in the sentence."""
    with Server(file) as server:
        server.broken = {3}
        target = opened(workspace, settings(url=server.url, timeout_s=600))
        with pytest.raises(TargetError, match="could not load version 3: no such file"):
            target.tell(News(workspace, "mnist", 3, 1))
        target.take_back(News(workspace, "mnist", 1, 3))
    assert file.read_text() == FILE


def test_taking_back_ends_when_the_version_from_before_is_served_again(
    workspace: Workspace, file: Path
) -> None:
    """Where the file asks for it by its number: whoever is told that it was taken back can rely on that."""
    file.write_text(FILE.replace("latest { num_versions: 2 }", "specific { versions: [ 1, 4 ] }"))
    before = file.read_text()
    with Server(file) as server:
        server.poll()
        target = opened(workspace, settings(url=server.url, timeout_s=60))
        target.tell(News(workspace, "mnist", 3, 1))
        del server.asked[:]
        target.take_back(News(workspace, "mnist", 1, 3))
        assert server.asked == ["GET /v1/models/mnist/versions/1"]
        assert (server.loaded, server.labels) == ({1, 4}, {"stable": 1, "canary": 4})
    assert file.read_text() == before


def test_what_somebody_else_wrote_meanwhile_stays(workspace: Workspace, file: Path) -> None:
    """Taking back does not undo another person's edit: only the entry goes back to the old version."""
    target = opened(workspace, settings())
    target.tell(News(workspace, "mnist", 3, 1))
    file.write_text(file.read_text().replace("/models/other", "/models/elsewhere"))
    target.take_back(News(workspace, "mnist", 1, 3))
    other, entry = model_server_config(file.read_text()).model_config_list.config
    assert other.base_path == "/models/elsewhere"
    assert entry.version_labels["stable"] == 1
    assert list(entry.model_version_policy.specific.versions) == [1, 3, 4]


def test_two_entries_of_one_name_are_refused(workspace: Workspace, file: Path) -> None:
    """Which of them is meant cannot be known."""
    file.write_text('model_config_list { config { name: "mnist" } config { name: "mnist" } }')
    with pytest.raises(TargetError, match="has 2 entries with the name mnist in its model_config_list"):
        opened(workspace, settings()).check(News(workspace, "mnist", 3, 1))


def test_a_write_that_fails_leaves_the_file(
    workspace: Workspace, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is a sentence; the file is whole and nothing is left beside it."""

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TargetError, match=r"models\.config cannot be written: No space left on device"):
        opened(workspace, settings()).tell(News(workspace, "mnist", 3, 1))
    monkeypatch.undo()
    assert file.read_text() == FILE
    assert [path.name for path in workspace.root.iterdir() if "tmp" in path.name] == []


def test_a_file_that_the_engine_could_not_give_back_is_refused(
    workspace: Workspace, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder must be ours to write; another user's file would become ours by a rename; links in a circle lead nowhere."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: False)
        with pytest.raises(TargetError, match="workspace cannot be written by the engine's user"):
            opened(workspace, settings()).check(News(workspace, "mnist", 3, 1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
        with pytest.raises(TargetError, match="belongs to another user, and replacing it would take it away"):
            opened(workspace, settings()).check(News(workspace, "mnist", 3, 1))
    (workspace.root / "circle").symlink_to("circle")
    with pytest.raises(TargetError, match=r"circle cannot be read: Too many levels of symbolic links"):
        opened(workspace, settings(config="circle")).check(News(workspace, "mnist", 3, 1))


@pytest.mark.parametrize(("label", "said"), [("", "served"), ("stable", "served, also as stable")])
def test_what_is_confirmed_is_what_was_asked(workspace: Workspace, file: Path, label: str, said: str) -> None:
    """Without a label only the version is waited for."""
    with Server(file) as server:
        target = opened(workspace, settings(url=server.url, label=label, timeout_s=60))
        assert target.tell(News(workspace, "mnist", 3, 1)) == said
        assert any("/labels/" in asked for asked in server.asked) is bool(label)


def test_a_first_promotion_is_taken_back_from_a_file_that_was_written_meanwhile(
    workspace: Workspace, file: Path
) -> None:
    """There is no version to go back to, and what somebody else wrote stays."""
    target = opened(workspace, settings())
    target.tell(News(workspace, "mnist", 3, None))
    changed = file.read_text().replace("/models/other", "/models/elsewhere")
    file.write_text(changed)
    target.take_back(News(workspace, "mnist", None, 3))
    assert file.read_text() == changed


def test_a_label_without_a_number_gets_one(workspace: Workspace, file: Path) -> None:
    """As it stands the server takes it for version 0."""
    file.write_text(FILE.replace("{ key: 'stable', value: 1 }", "{ key: 'stable' }"))
    opened(workspace, settings()).tell(News(workspace, "mnist", 3, 1))
    _, entry = model_server_config(file.read_text()).model_config_list.config
    assert dict(entry.version_labels) == {"stable": 3, "canary": 4}


def test_a_pipe_in_place_of_the_file_is_refused_and_not_waited_for(workspace: Workspace, file: Path) -> None:
    """Nobody may ever write into it, and a promotion would wait without end."""
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(TargetError, match=r"models\.config is not a file"):
        opened(workspace, settings()).check(News(workspace, "mnist", 3, 1))
