"""Promises about Triton's file and server: the policy becomes one version, and taking back undoes nothing of others'."""

from pathlib import Path
from typing import Any

import pytest

from engine.repository.targets import opened
from engine.repository.targets.target import News, Target, TargetError
from storage.target_settings import Triton
from storage.vocabulary import TargetKind
from storage.workspace import Workspace
from tests.serving import Answer
from tests.serving import Triton as Server
from tests.serving_definitions import triton_config

FILE = 'name: "mnist"\nbackend: "onnxruntime"\nversion_policy: { latest { num_versions: 2 } }  # two\n'


class Loading(Server):
    """A server that needs some questions' time to load, and may refuse to load at all."""

    def __init__(self, config: Path, *, asks: int = 0) -> None:
        super().__init__(config)
        self.left = asks
        self.refuses = False

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """Load, or say that it is not that far yet."""
        if method == "POST" and self.refuses:
            return 400, {"error": "failed to load 'mnist'"}
        if method == "GET" and self.left:
            self.left -= 1
            return 400, {"error": "Request for unknown model"}
        return super().answer(method, path, query, body)


@pytest.fixture
def file(workspace: Workspace) -> Path:
    """Return a file that people wrote."""
    path = workspace.root / "config.pbtxt"
    path.write_text(FILE)
    return path


def target(workspace: Workspace, url: str = "", **values: Any) -> Target:
    """Return the target of that file."""
    told: dict[str, Any] = {"config": "config.pbtxt", "url": url, "timeout_s": 60} | values
    return opened(workspace, Triton(kind=TargetKind.TRITON, name="triton", **told))


def versions(file: Path) -> list[int]:
    """Return the versions that the policy asks for by number."""
    return list(triton_config(file.read_text()).version_policy.specific.versions)


@pytest.mark.parametrize(
    "text",
    [FILE, 'name: "mnist"', "version_policy: { all {} }", "version_policy { specific { versions: [1, 2] } }"],
)
def test_the_policy_becomes_one_version_whatever_it_was(workspace: Workspace, file: Path, text: str) -> None:
    """Only one policy may be chosen, so that another one gives way; without a server to ask, that is said."""
    file.write_text(text)
    assert target(workspace).tell(News(workspace, "mnist", 3, 1)) == "written; no url to ask"
    assert versions(file) == [3]
    assert file.read_text().count("# two") == text.count("# two")


def test_a_version_that_takes_its_time_is_waited_for(workspace: Workspace, file: Path) -> None:
    """The server says that it is not ready until it is; that is no failure before the time is over."""
    with Loading(file, asks=2) as server:
        assert target(workspace, server.url).tell(News(workspace, "mnist", 3, 1)) == "loaded and ready"
        assert (server.ready, server.left) == ({3}, 0)


def test_a_version_that_never_gets_ready_is_told_in_the_servers_words(
    workspace: Workspace, file: Path
) -> None:
    """When the time is over, what it said last stands in the sentence, and the file can be put back."""
    with Loading(file, asks=10**6) as server:
        dealing = target(workspace, server.url, timeout_s=1)
        with pytest.raises(
            TargetError, match=r"not ready with version 3 after 1 s \(Request for unknown model, 400\)"
        ):
            dealing.tell(News(workspace, "mnist", 3, None))
        dealing.take_back(News(workspace, "mnist", None, 3))
    assert file.read_text() == FILE


def test_a_server_that_does_not_load_is_told_in_its_words(workspace: Workspace, file: Path) -> None:
    """What was loaded before is loaded again as soon as it takes that."""
    with Loading(file) as server:
        dealing = target(workspace, server.url)
        server.refuses = True
        with pytest.raises(TargetError, match=r"does not load mnist: failed to load 'mnist' \(400\)"):
            dealing.tell(News(workspace, "mnist", 3, 1))
        server.refuses = False
        dealing.take_back(News(workspace, "mnist", 1, 3))
    assert file.read_text() == FILE


@pytest.mark.parametrize(("before", "left"), [(1, [1]), (None, [3])])
def test_what_somebody_else_wrote_meanwhile_stays(
    workspace: Workspace, file: Path, before: int | None, left: list[int]
) -> None:
    """Taking back changes the policy alone then; where nothing was deployed before there is no version to go back to."""
    dealing = target(workspace)
    dealing.tell(News(workspace, "mnist", 3, before))
    file.write_text(file.read_text().replace("onnxruntime", "openvino"))
    dealing.take_back(News(workspace, "mnist", before, 3))
    assert triton_config(file.read_text()).backend == "openvino"
    assert versions(file) == left


def test_a_file_of_another_model_is_refused(workspace: Workspace, file: Path) -> None:
    """A model may be served under another name, which settings say."""
    with pytest.raises(TargetError, match="is of the model mnist, not digits"):
        target(workspace).check(News(workspace, "digits", 3, 1))
    target(workspace, served_as="mnist").check(News(workspace, "digits", 3, 1))
