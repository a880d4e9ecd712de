"""What ``doctor`` says of promotion targets, before a promotion needs them."""

from engine.doctor import targets
from storage.vocabulary import Condition
from storage.workspace import Workspace

TOML = """
[[targets]]
kind = "triton"
config = "config.pbtxt"

[[targets]]
kind = "command"
name = "reload"
command = ["true"]
"""


def test_what_would_keep_a_promotion_from_being_told_is_a_problem(workspace: Workspace) -> None:
    """All of a model's problems are in one check, each with its target's name; mended, the check is fine."""
    settings = workspace.model_settings("mnist")
    settings.parent.mkdir()
    settings.write_text(TOML)
    [check] = targets.examine(workspace)
    assert check.status is Condition.PROBLEM
    assert check.detail.startswith("no promotion of mnist can be told: triton: ")
    assert (
        "config.pbtxt cannot be read: No such file or directory; reload (command): commands are"
        in check.detail
    )
    assert check.fix == "Mend that, or edit models/mnist/model.toml"
    (workspace.root / "config.pbtxt").write_text('name: "mnist"\n')
    workspace.settings_file.write_text("[trust]\ncommands = true\n")
    [check] = targets.examine(workspace)
    assert (check.status, check.detail) == (Condition.OK, "promotions of mnist can be told to triton, reload")


def test_models_without_targets_are_not_mentioned(workspace: Workspace) -> None:
    """No workspace, no settings, broken settings, no targets: there is nothing to say here."""
    assert targets.examine(None) == []
    for name, text in (("plain", ""), ("broken", "[[targets]\n")):
        workspace.model_settings(name).parent.mkdir()
        workspace.model_settings(name).write_text(text)
    workspace.settings_file.write_text("[trust]\ncommands = 3\n")
    assert targets.examine(workspace) == []
