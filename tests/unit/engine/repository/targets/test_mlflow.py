"""Promises about MLflow: which version of the registry is meant, and that no guess is made."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine.repository.targets import mlflow, opened
from engine.repository.targets.target import News, Target, TargetError
from storage.target_settings import MLflow
from storage.vocabulary import TargetKind
from storage.workspace import Workspace
from tests.serving import Answer
from tests.serving import MLflow as Registry

SHA256 = "ab" * 32


@pytest.fixture
def registry() -> Iterator[Registry]:
    """Return a registry with five versions, two on a page."""
    with Registry() as running:
        running.versions = [{"version": number, "tags": []} for number in "54321"]
        yield running


def target(workspace: Workspace, registry: Registry) -> Target:
    """Return the target of the registry's alias ``champion``."""
    settings = MLflow(
        kind=TargetKind.MLFLOW, name="mlflow", url=registry.url, registered_model="digits", timeout_s=60
    )
    return opened(workspace, settings)


def test_the_tag_decides_before_the_number(workspace: Workspace, registry: Registry) -> None:
    """The version whose tag is the content is meant, on whichever page and with whichever number it is."""
    registry.versions[4]["tags"] = [{"key": "modeltender.sha256", "value": SHA256}]
    said = target(workspace, registry).tell(News(workspace, "mnist", 3, 2, SHA256))
    assert registry.aliases == {"champion": "1"}
    assert said == "champion is version 1 of digits"


def test_without_tags_the_number_decides(workspace: Workspace, registry: Registry) -> None:
    """Where nothing says what a version holds, the same number is meant."""
    target(workspace, registry).tell(News(workspace, "mnist", 3, 2, SHA256))
    assert registry.aliases == {"champion": "3"}


def test_a_number_with_other_content_is_refused(workspace: Workspace, registry: Registry) -> None:
    """A tag that says that the same number holds something else ends it, before the alias is touched."""
    registry.versions[2]["tags"] = [{"key": "modeltender.sha256", "value": "cd" * 32}]
    dealing = target(workspace, registry)
    with pytest.raises(TargetError, match="its version 3 holds something else; give the right one the tag"):
        dealing.tell(News(workspace, "mnist", 3, 2, SHA256))
    dealing.take_back(News(workspace, "mnist", 2, 3))
    assert registry.aliases == {}


def test_an_alias_that_nobody_had_goes_again(workspace: Workspace, registry: Registry) -> None:
    """Taking back the first alias removes it."""
    dealing = target(workspace, registry)
    dealing.tell(News(workspace, "mnist", 3, None, SHA256))
    dealing.take_back(News(workspace, "mnist", None, 3))
    assert registry.aliases == {}


def test_a_name_that_ends_the_filter_is_refused(workspace: Workspace, registry: Registry) -> None:
    """The registry is searched by a filter that the name stands in: a quote would change what is asked for."""
    settings = MLflow(
        kind=TargetKind.MLFLOW, name="mlflow", url=registry.url, registered_model="it's", timeout_s=60
    )
    with pytest.raises(TargetError, match="has a quote in its name"):
        opened(workspace, settings).check(News(workspace, "mnist", 3, 2, SHA256))
    assert registry.asked == []


class Forgetful(Registry):
    """A registry that says yes and does something else."""

    def __init__(self, stays: str) -> None:
        super().__init__()
        self.stays = stays

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """Leave the alias where it was, whatever is asked for."""
        if method in {"POST", "DELETE"}:
            return 200, {}
        if self.stays:
            self.aliases["champion"] = self.stays
        return super().answer(method, path, query, body)


@pytest.mark.parametrize(("stays", "found"), [("5", "5"), ("", "nothing")])
def test_an_alias_that_does_not_move_is_told(workspace: Workspace, stays: str, found: str) -> None:
    """What a server says is not believed until it is read back."""
    with Forgetful(stays) as registry:
        registry.versions = [{"version": "3", "tags": []}]
        with pytest.raises(TargetError, match=f"has champion on {found} after it was set to version 3"):
            target(workspace, registry).tell(News(workspace, "mnist", 3, 2, SHA256))


def test_an_alias_that_does_not_go_again_is_told(workspace: Workspace, registry: Registry) -> None:
    """Nobody is told that things are as they were when they are not."""
    dealing = target(workspace, registry)
    dealing.tell(News(workspace, "mnist", 3, None, SHA256))
    answer = registry.answer

    def keeping(method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        return (200, {}) if method == "DELETE" else answer(method, path, query, body)

    registry.answer = keeping  # type: ignore[method-assign]
    with pytest.raises(TargetError, match="still has the alias champion"):
        dealing.take_back(News(workspace, "mnist", None, 3))


def test_an_endless_registry_is_not_read_to_its_end(
    workspace: Workspace, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest versions come first; what is not among them is as good as not there, and the tag helps."""
    monkeypatch.setattr(mlflow, "PAGES", 2)
    with pytest.raises(
        TargetError, match="has no version of digits for version 1; give the right one the tag"
    ):
        target(workspace, registry).tell(News(workspace, "mnist", 1, 2, SHA256))
    assert sum("model-versions/search" in asked for asked in registry.asked) == 2


def test_an_alias_cannot_stand_on_nothing(workspace: Workspace, registry: Registry) -> None:
    """There is no news for a registry in that nothing is deployed; it is left as it is."""
    with pytest.raises(TargetError, match="an alias cannot stand on nothing"):
        target(workspace, registry).tell(News(workspace, "mnist", None, 2))
    assert registry.aliases == {}
