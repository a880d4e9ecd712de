"""Promises about MLflow: which version of the registry is meant, and that no guess is made."""

from collections.abc import Iterator

import pytest

from engine.repository.targets import opened
from engine.repository.targets.target import News, Target, TargetError
from storage.target_settings import MLflow
from storage.vocabulary import TargetKind
from storage.workspace import Workspace
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
