"""docs/promotion-targets.md says what is so: its settings are read, and its files become what the servers read."""

import re
from pathlib import Path
from typing import Any

import pytest

from engine.owners_command import KEPT
from engine.repository.targets import opened
from engine.repository.targets.target import News
from storage.settings import read_model_settings, read_workspace_settings
from storage.target_settings import Command, TargetSettings, TensorFlowServing, Triton
from storage.vocabulary import TargetKind
from storage.workspace import Workspace
from tests.serving_definitions import model_server_config, triton_config

PAGE = Path(__file__).parents[5].joinpath("docs/promotion-targets.md").read_text()


def blocks(language: str, containing: str = "") -> list[str]:
    """Return the examples in a language."""
    return [
        found for found in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if containing in found
    ]


@pytest.fixture
def targets(tmp_path: Path) -> dict[TargetKind, TargetSettings]:
    """Return the targets of all examples, read as one model.toml."""
    file = tmp_path / "model.toml"
    file.write_text("\n".join(blocks("toml", "[[targets]]")))
    return {target.kind: target for target in read_model_settings(file).targets}


def test_every_kind_has_an_example_that_is_read(targets: dict[TargetKind, TargetSettings]) -> None:
    """The settings on the page are settings of the program, one example a kind."""
    assert set(targets) == set(TargetKind)


def test_the_trust_on_the_page_is_trust(tmp_path: Path) -> None:
    """What the page tells an owner to write lets commands run."""
    [text] = blocks("toml", "[trust]")
    (tmp_path / "modeltender.toml").write_text(text)
    assert read_workspace_settings(tmp_path / "modeltender.toml").trust.commands


@pytest.mark.parametrize(("kind", "at"), [(TensorFlowServing, 0), (Triton, 1)])
def test_the_files_on_the_page_become_what_it_says(
    workspace: Workspace, targets: dict[TargetKind, TargetSettings], kind: type[Any], at: int
) -> None:
    """After a promotion from 2 to 3 the servers read the versions and the label that the page names."""
    example = blocks("protobuf")[at]
    (workspace.root / "example").write_text(example)
    [written] = [target for target in targets.values() if isinstance(target, kind)]
    settings = kind(kind=written.kind, name=written.name, config="example")
    opened(workspace, settings).tell(News(workspace, "mnist", 3, 2))
    text = (workspace.root / "example").read_text()
    if kind is Triton:
        assert "version_policy: { specific { versions: [ 3 ] } }" in text
        assert "version_policy: { specific { versions: [ 3 ] } }" in PAGE
        assert list(triton_config(text).version_policy.specific.versions) == [3]
    else:
        assert "specific { versions: [ 3, 2, 4 ] }" in text
        assert "specific { versions: [ 3, 2, 4 ] }" in PAGE
        [entry] = model_server_config(text).model_config_list.config
        assert dict(entry.version_labels) == {"canary": 4, "stable": 3}
        assert "# comments, order and other models stay as they are" in text


def test_the_environment_on_the_page_is_the_commands_own(workspace: Workspace) -> None:
    """Every variable that a command is given is on the page, and every one of the page is given."""
    settings = Command(kind=TargetKind.COMMAND, name="env", command=("sh", "-c", "env > env.txt"))
    opened(workspace, settings).tell(News(workspace, "mnist", 3, 2))
    given = {line.partition("=")[0] for line in (workspace.root / "env.txt").read_text().splitlines()}
    named = set(re.findall(r"`(MODELTENDER_\w+)`", PAGE))
    # What a shell adds by itself is not ours.
    assert given - {"PWD", "SHLVL", "_", "OLDPWD"} - set(KEPT) == named
    assert all(f"`{name}`" in PAGE for name in KEPT)
