"""Whatever configuration protobuf itself prints, an edit changes the model's own policy and label and nothing else."""

from pathlib import Path
from typing import Any

from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.repository.targets import opened
from engine.repository.targets.target import News
from storage.target_settings import TensorFlowServing
from storage.vocabulary import TargetKind
from storage.workspace import Workspace
from tests.serving_definitions import model_server_config

NUMBERS = st.integers(1, 99)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def configurations(draw: st.DrawFn) -> tuple[Any, str]:
    """Return a configuration with the model mnist somewhere in it, and the same printed in one of protobuf's ways."""
    whole = model_server_config("")
    names = draw(st.lists(TEXTS.filter(lambda name: name != "mnist"), max_size=3, unique=True))
    for name in draw(st.permutations([*names, "mnist"])):
        entry = whole.model_config_list.config.add(name=name, base_path=draw(TEXTS))
        for label, number in draw(st.dictionaries(TEXTS, NUMBERS, max_size=2)).items():
            entry.version_labels[label] = number
        policy = draw(st.sampled_from(["", "latest", "all", "specific"]))
        if policy == "specific":
            entry.model_version_policy.specific.versions.extend(draw(st.lists(NUMBERS, max_size=3)))
        elif policy:
            getattr(entry.model_version_policy, policy).SetInParent()
        if draw(st.booleans()):
            entry.logging_config.log_collector_config.filename_prefix = draw(TEXTS)
    printed = text_format.MessageToString(
        whole,
        as_utf8=draw(st.booleans()),
        as_one_line=draw(st.booleans()),
        pointy_brackets=draw(st.booleans()),
        use_short_repeated_primitives=draw(st.booleans()),
        use_index_order=draw(st.booleans()),
    )
    return whole, printed


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(configurations())
def test_any_configuration_keeps_what_is_not_ours(
    workspace: Workspace, configuration: tuple[Any, str]
) -> None:
    """The servers' own parser finds every other field as it was, and ours as they were told."""
    before, printed = configuration
    file: Path = workspace.root / "models.config"
    file.write_text(printed)
    target = opened(
        workspace,
        TensorFlowServing(kind=TargetKind.TENSORFLOW_SERVING, name="serving", config="models.config"),
    )
    target.tell(News(workspace, "mnist", 103, 101))
    after = model_server_config(file.read_text())
    [expected] = [entry for entry in before.model_config_list.config if entry.name == "mnist"]
    labelled = [number for label, number in expected.version_labels.items() if label != "stable"]
    expected.version_labels["stable"] = 103
    [found] = [entry for entry in after.model_config_list.config if entry.name == "mnist"]
    versions = list(found.model_version_policy.specific.versions)
    assert versions[:2] == [103, 101]
    assert sorted(versions[2:]) == sorted(set(labelled))
    expected.model_version_policy.specific.versions[:] = versions
    assert after == before
    target.take_back(News(workspace, "mnist", 101, 103))
    assert file.read_text() == printed
