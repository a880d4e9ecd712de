"""Promises about models that are folders: a SavedModel is one thing, however it is laid down."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.repository.examine import examine
from engine.repository.scanner import read_item
from engine.repository.switch import CHANGED_FAULT
from engine.repository.versions import PATIENCE_S
from storage.vocabulary import Format, Status
from tests.artefacts import artefact_sha256
from tests.tiny_models import KERAS_WARNING, copied, saved
from tests.watched import Watched

__all__ = ["saved"]

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

DATA = "variables/variables.data-00000-of-00001"


@pytest.fixture
def model(saved: Callable[[Format], Path]) -> Path:
    """Return the folder of a SavedModel; copy it."""
    return saved(Format.SAVED_MODEL).parent


def files_below(folder: Path) -> set[str]:
    """Return the paths of all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("inner", ["", "exported"])
def test_a_version_folder_holds_it_directly_or_in_one_folder(
    watched: Watched, model: Path, inner: str
) -> None:
    """As TensorFlow Serving lays it out, or with the name that it was exported under."""
    target = watched.workspace.version_folder("mnist", 1) / inner
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(model, target)
    watched.settle()
    version = watched.version("mnist", 1)
    assert (version.status, version.format) == (Status.CHECKING, Format.SAVED_MODEL)
    assert version.artefact == str(Path(inner, "saved_model.pb"))
    # By the same name it is hashed again before it is loaded.
    assert version.sha256 == artefact_sha256(target / "saved_model.pb")
    assert version.bytes == sum(path.stat().st_size for path in model.rglob("*") if path.is_file())


@pytest.mark.parametrize("inner", ["exported", ""])
def test_a_folder_in_the_inbox_becomes_the_next_version(watched: Watched, model: Path, inner: str) -> None:
    """A folder that a training job exported, or one that it exported straight into its inbox, is copied whole."""
    target = watched.workspace.train / "mnist" / inner
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(model, target, dirs_exist_ok=True)
    watched.settle()
    folder = watched.workspace.version_folder("mnist", 1)
    assert files_below(folder) == files_below(model)
    assert watched.version("mnist", 1).sha256 == artefact_sha256(model / "saved_model.pb")
    assert watched.arrivals() == {}


def test_a_folder_that_is_still_being_copied_is_waited_for(watched: Watched, model: Path) -> None:
    """The graph comes first and the variables last: until they are there, nothing is taken."""
    target = copied(model / "saved_model.pb", watched.workspace.train / "mnist" / "exported").parent
    whole = (target / DATA).read_bytes()
    (target / DATA).unlink()
    watched.scan()
    watched.scan(1)
    assert watched.arrivals()["exported"].status is Status.SETTLING
    (target / DATA).write_bytes(whole[:-1])
    watched.scan()
    watched.scan(1)
    assert "is cut short" in watched.arrivals()["exported"].reason
    (target / DATA).write_bytes(whole)
    watched.settle()
    assert watched.version("mnist", 1).format is Format.SAVED_MODEL


def test_a_folder_whose_variables_never_come_fails_with_the_reason(watched: Watched, model: Path) -> None:
    """Patience ends; what is missing is named."""
    target = copied(model / "saved_model.pb", watched.workspace.train / "mnist" / "exported").parent
    shutil.rmtree(target / "variables")
    watched.settle()
    watched.scan(PATIENCE_S + 1)
    arrival = watched.arrivals()["exported"]
    assert arrival.status is Status.FAILED
    assert "keeps its variables in variables/variables.index, which is missing beside it" in arrival.reason


def test_other_variables_are_another_version(watched: Watched, model: Path) -> None:
    """The graph of a model that learnt on is the same; its variables are not."""
    target = copied(model / "saved_model.pb", watched.workspace.train / "mnist" / "exported").parent
    watched.settle()
    raw = bytearray((target / DATA).read_bytes())
    raw[-1] ^= 1
    (target / DATA).write_bytes(raw)
    watched.settle()
    assert set(watched.versions("mnist")) == {1, 2}


def test_variables_that_change_later_are_a_fault(watched: Watched, model: Path) -> None:
    """The identity of a version covers every file of it."""
    target = watched.workspace.version_folder("mnist", 1)
    target.parent.mkdir(parents=True)
    copied(model / "saved_model.pb", target)
    watched.settle()
    raw = bytearray((target / DATA).read_bytes())
    raw[-1] ^= 1
    (target / DATA).write_bytes(raw)
    watched.settle()
    assert [fault.code for fault in watched.faults()] == [CHANGED_FAULT]


def test_the_reason_is_the_graphs(model: Path, tmp_path: Path) -> None:
    """Of all the files in a folder that is no model, the graph's own reason is told."""
    graph = copied(model / "saved_model.pb", tmp_path / "1")
    raw = graph.read_bytes()
    assert raw.count(b"\x22\x05serve") == 1
    graph.write_bytes(raw.replace(b"\x22\x05serve", b"\x22\x05train"))
    found = examine(tmp_path, read_item(tmp_path, "1"))
    assert found.reason == "saved_model.pb holds graphs for train, none for serve"
