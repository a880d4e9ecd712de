"""What every kind of promotion target promises: told, confirmed, taken back, and an end to every wait."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from engine.repository.targets import MODULES, opened
from engine.repository.targets.target import News, TargetError
from storage.target_settings import SETTINGS, TargetSettings, read_targets
from storage.vocabulary import TargetKind
from storage.workspace import Workspace
from tests import serving
from tests.serving import Behaviour, Server
from tests.serving_definitions import model_server_config, triton_config

SERVING = """\
# all models of this machine
model_config_list {
  config {
    name: "other"  base_path: "/models/other"
    model_version_policy { all {} }  # never touched
  }
  config: <
    name: "mnist"
    base_path: '/models/mnist'
    model_platform: "tensorflow"
    # asked for by the front end
    version_labels { key: "stable" value: 1 }
    version_labels { key: "canary" value: 4 }
    model_version_policy { latest { num_versions: 2 } }
    logging_config { sampling_config { sampling_rate: 0.5 } }
  >
}
"""

TRITON = 'name: "mnist"\nbackend: "onnxruntime"\nmax_batch_size: 8\ninput { name: "x" dims: [ 1 ] }  # one\n'

RECORD = """
import os, pathlib, sys
names = [name for name in sorted(os.environ) if name.startswith("MODELTENDER")]
pathlib.Path(sys.argv[1]).write_text(os.environ["MODELTENDER_VERSION"])
pathlib.Path(sys.argv[1] + ".all").write_text(" ".join(f"{name}={os.environ[name]}" for name in names))
print("noise")
print("told\\x1b[31m of it")
"""


class Stage(NamedTuple):
    """A target of one kind in its surroundings."""

    workspace: Workspace
    settings: TargetSettings
    says: Callable[[], str]
    """Returns the version that the target says is deployed."""
    state: Callable[[], Any]
    """Returns everything that the target keeps, for comparing before with after."""
    server: Server | None

    def news(self, version: int | None, previous: int | None) -> News:
        """Return the news that a version is deployed."""
        return News(self.workspace, "mnist", version, previous, f"{version}" * 64)


def settings_of(kind: TargetKind, **values: object) -> TargetSettings:
    """Return settings as model.toml would give them."""
    problems: list[str] = []
    [found] = read_targets([{"kind": kind.value, **values}], problems)
    assert problems == []
    return found


@pytest.fixture(params=list(TargetKind))
def stage(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[Stage]:
    """Return a target of one kind that says version 1, with its real server on loopback."""
    kind, folder = request.param, workspace.root
    if kind is TargetKind.COMMAND:
        record = folder / "record"
        record.write_text("1")
        settings = settings_of(kind, command=[sys.executable, "-c", RECORD, str(record)], timeout_s=60)
        yield Stage(workspace, settings, record.read_text, record.read_text, None)
        return
    if kind is TargetKind.MLFLOW:
        with serving.MLflow() as registry:
            assert isinstance(registry, serving.MLflow)
            registry.versions = [{"version": number, "tags": []} for number in "4321"]
            registry.aliases = {"champion": "1", "other": "2"}
            settings = settings_of(kind, url=registry.url, registered_model="digits", timeout_s=60)
            yield Stage(
                workspace,
                settings,
                lambda: registry.aliases["champion"],
                lambda: dict(registry.aliases),
                registry,
            )
        return
    config = folder / "server.config"
    config.write_text(SERVING if kind is TargetKind.TENSORFLOW_SERVING else TRITON)
    config.chmod(0o640)
    server = (
        serving.TensorFlowServing(config) if kind is TargetKind.TENSORFLOW_SERVING else serving.Triton(config)
    )
    with server:
        settings = settings_of(kind, config="server.config", url=server.url, timeout_s=60)

        def says() -> str:
            if kind is TargetKind.TRITON:
                return str(*triton_config(config.read_text()).version_policy.specific.versions)
            [_, model] = model_server_config(config.read_text()).model_config_list.config
            return str(model.version_labels["stable"])

        yield Stage(workspace, settings, says, config.read_bytes, server)


def test_every_kind_has_settings_and_a_module() -> None:
    """A word in the vocabulary is a kind that works: nothing is half registered."""
    assert set(MODULES) == set(SETTINGS) == set(TargetKind)


def test_settings_of_another_kind_are_refused(stage: Stage) -> None:
    """A target that took them would say of a server what was meant for another."""
    target: Any = type(opened(stage.workspace, stage.settings))
    for other in SETTINGS.keys() - {stage.settings.kind}:
        with pytest.raises(TypeError, match=SETTINGS[other].__name__):
            target(stage.workspace, SETTINGS[other](kind=other, name="x"))


def test_that_nothing_is_deployed_is_said_or_refused(stage: Stage) -> None:
    """A command gets an empty version; what has no word for it says so, and stays as it was."""
    before, target = stage.state(), opened(stage.workspace, stage.settings)
    if stage.settings.kind is TargetKind.COMMAND:
        target.tell(stage.news(None, 1))
        assert stage.says() == ""
        return
    with pytest.raises(TargetError, match="cannot"):
        target.tell(stage.news(None, 1))
    assert stage.state() == before


def test_a_target_says_what_it_was_told(stage: Stage) -> None:
    """After telling, the target says the version, and what confirmed it fits a line of a terminal."""
    target = opened(stage.workspace, stage.settings)
    target.check(stage.news(3, 1))
    confirmed = target.tell(stage.news(3, 1))
    assert stage.says() == "3"
    assert confirmed.isprintable()
    assert opened(stage.workspace, stage.settings).tell(stage.news(2, 3))
    assert stage.says() == "2"


def test_telling_twice_is_telling_once(stage: Stage) -> None:
    """What is told again after a crash changes nothing more."""
    opened(stage.workspace, stage.settings).tell(stage.news(3, 1))
    before = stage.state()
    opened(stage.workspace, stage.settings).tell(stage.news(3, 1))
    assert stage.state() == before


def test_taking_back_leaves_things_as_they_were(stage: Stage) -> None:
    """Everything that the target keeps is as before, to the byte."""
    before = stage.state()
    target = opened(stage.workspace, stage.settings)
    target.tell(stage.news(3, 1))
    assert stage.state() != before
    target.take_back(stage.news(1, 3))
    assert stage.state() == before
    assert not [path for path in stage.workspace.root.iterdir() if "tmp-" in path.name]


def test_checking_and_taking_back_nothing_touch_nothing(stage: Stage) -> None:
    """A check leaves files as they are and asks no server; what was never told has nothing to take back."""
    before = stage.state()
    target = opened(stage.workspace, stage.settings)
    target.check(stage.news(3, 1))
    target.take_back(stage.news(1, 3))
    assert stage.state() == before
    assert stage.server is None or stage.server.asked == []


@pytest.mark.parametrize("behaviour", [one for one in Behaviour if one is not Behaviour.HONEST])
def test_a_server_that_misbehaves_is_a_sentence_and_can_be_taken_back(
    stage: Stage, behaviour: Behaviour
) -> None:
    """Slow, huge, wrong, refusing or gone: telling ends with a clean sentence, and nothing stays changed."""
    if stage.server is None:
        pytest.skip("a command has no server; its own failures are in its own tests")
    before = stage.state()
    stage.server.behaviour = behaviour
    target = opened(
        stage.workspace,
        msgspec.structs.replace(stage.settings, timeout_s=0.5 if behaviour is Behaviour.SLOW else 1.0),
    )
    if stage.settings.kind is TargetKind.TRITON and behaviour is Behaviour.WRONG:
        pytest.skip("Triton answers with its status alone, which a wrong server can have too")
    with pytest.raises(TargetError) as caught:
        target.tell(stage.news(3, 1))
    said = str(caught.value)
    assert stage.server.url in said
    assert said.isprintable()
    assert len(said) < 400
    stage.server.behaviour = Behaviour.HONEST
    target.take_back(stage.news(1, 3))
    if stage.settings.kind is not TargetKind.MLFLOW:
        assert stage.state() == before
    else:
        assert stage.says() == "1"


def test_a_server_that_is_not_there_is_a_sentence(stage: Stage) -> None:
    """Nobody listens: the sentence names the address."""
    if stage.server is None:
        pytest.skip("a command has no server")
    settings = msgspec.structs.replace(stage.settings, url="http://127.0.0.1:9")
    with pytest.raises(TargetError, match=r"http://127\.0\.0\.1:9 cannot be reached: Connection refused"):
        opened(stage.workspace, settings).tell(stage.news(3, 1))


def test_what_is_written_keeps_owner_mode_and_links(stage: Stage) -> None:
    """A replaced file has the owner and mode of the old one, and a link to it stays a link."""
    name = getattr(stage.settings, "config", "")
    if not name:
        pytest.skip("this kind writes no file")
    link = stage.workspace.root / "link.config"
    link.symlink_to(name)
    if os.geteuid() == 0:
        os.chown(link, 1234, 1235)
    before = link.stat()
    settings = msgspec.structs.replace(stage.settings, config="link.config")
    opened(stage.workspace, settings).tell(stage.news(3, 1))
    assert link.is_symlink()
    after = link.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert stage.says() == "3"


def test_a_file_that_cannot_serve_is_told_before_it_is_needed(stage: Stage) -> None:
    """Missing, broken or of another model: the check says so in a sentence that names the file."""
    name = getattr(stage.settings, "config", "")
    if not name:
        pytest.skip("this kind has no file")
    config = stage.workspace.root / name
    for content, said in (
        (b'name: "open', "is not in protobuf's text format: line 1"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b'name: "another" model_config_list {}', "another|no entry with the name mnist"),
        (b" " * (5 << 20), "is larger than 4 MiB"),
        (None, "cannot be read: No such file or directory"),
    ):
        config.unlink()
        if content is not None:
            config.write_bytes(content)
        with pytest.raises(TargetError, match=said) as caught:
            opened(stage.workspace, stage.settings).check(stage.news(3, 1))
        assert str(config) in str(caught.value)
        config.touch()
