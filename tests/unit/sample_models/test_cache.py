"""How trained samples are kept: whole or not at all, once for all who ask."""

import subprocess
import sys
from pathlib import Path

import pytest

from sample_models import cache
from storage.errors import WorkspaceError

DIES = """
import os, signal
from sample_models import cache

def fill(folder):
    (folder / "model").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

cache.filled(fill)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the test's own folder of caches."""
    chosen = tmp_path / "caches"
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(chosen))
    return chosen


class Filler:
    """Fills a cache with two files and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, folder: Path) -> None:
        """Fill it."""
        self.asked += 1
        (folder / "family").mkdir()
        (folder / "family" / "model").write_text("weights")
        (folder / "data").write_text("numbers")


def test_a_cache_is_filled_once() -> None:
    """The second who asks gets what the first one made."""
    fill = Filler()
    first, second = cache.filled(fill), cache.filled(fill)
    assert first == second
    assert (first / "family" / "model").read_text() == "weights"
    assert fill.asked == 1


def test_a_builder_that_is_killed_leaves_no_cache(folder: Path) -> None:
    """After a kill in the middle nothing half-built is taken for whole, and the next builder is not kept waiting."""
    done = subprocess.run([sys.executable, "-P", "-c", DIES], capture_output=True, check=False)
    assert done.returncode == -9
    assert not (folder / cache.key()).exists()
    made = cache.filled(Filler())
    assert sorted(path.name for path in made.iterdir()) == ["data", "family", cache.MANIFEST]


def test_a_builder_that_fails_leaves_no_cache() -> None:
    """An error is passed on, and the next one begins anew."""

    def fail(folder: Path) -> None:
        (folder / "model").write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.filled(fail)
    assert not (cache.filled(Filler()) / "model").exists()


@pytest.mark.parametrize("name", ["data", "family/model", cache.MANIFEST])
@pytest.mark.parametrize("damage", ["removed", "emptied"])
def test_a_damaged_cache_is_filled_anew(name: str, damage: str) -> None:
    """A file that was tidied away or lost its content is noticed and made again."""
    fill = Filler()
    file = cache.filled(fill) / name
    file.unlink()
    if damage == "emptied":
        file.touch()
    made = cache.filled(fill)
    assert fill.asked == 2
    assert (made / "data").read_text() == "numbers"
    assert (made / "family" / "model").read_text() == "weights"


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    """The error says which folder, why, and how to choose another one."""
    folder.write_text("a file is in the way")
    with pytest.raises(WorkspaceError) as caught:
        cache.filled(Filler())
    assert str(folder) in caught.value.message
    assert cache.FOLDER_VARIABLE in caught.value.hint


def test_the_folder_follows_the_user_s_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a folder of its own it is below the user's cache folder, wherever that is."""
    monkeypatch.delenv(cache.FOLDER_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.folder() == tmp_path / "xdg" / "modeltender" / "samples"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.folder() == tmp_path / "home" / ".cache" / "modeltender" / "samples"


def test_the_key_names_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of a framework, or a framework less, is another cache."""
    before = cache.key()
    assert cache.key() == before
    monkeypatch.setattr(cache, "_version", lambda name: "0.0.1" if name == "keras" else "1")
    another = cache.key()
    monkeypatch.setattr(cache, "installed", tuple)
    assert len({before, another, cache.key()}) == 3


def test_every_builder_is_part_of_the_key() -> None:
    """A new module that trains samples is listed among the sources, or its changes would train nothing anew."""
    here = Path(cache.__file__).parent
    others = {"__init__.py", "build.py", "cache.py", "candidates.py", "demo.py", "odd.py"}
    assert set(cache.SOURCES) == {file.name for file in here.glob("*.py")} - others
