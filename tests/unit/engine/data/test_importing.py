"""Bringing files into a workspace: names that are found, nothing overwritten, nothing half there."""

from pathlib import Path

import pytest

from engine.data import importing
from engine.data.location import locate
from storage.errors import RefusedError
from storage.settings import ModelSettings
from storage.workspace import Workspace
from tests.data_files import EVERY, Write


@pytest.mark.parametrize("part", ["test", "validation"])
@pytest.mark.parametrize("write", EVERY, ids=lambda write: write.__name__)
def test_what_is_imported_is_found(write: Write, part: str, workspace: Workspace, tmp_path: Path) -> None:
    """Every format gets a name under which its part is looked for, with all files that belong to it."""
    (tmp_path / "there").mkdir()
    source = write(tmp_path / "there")
    folder = importing.home(workspace, "digits", part)
    files = importing.names_for(source, part)
    importing.put(files, folder, instead_of=[])
    found = locate(workspace, "digits", ModelSettings(), part)
    assert found in {(folder / name).resolve() for name in files}
    assert {path.name for path in importing.occupied(folder, part)} == set(files)
    assert not list(folder.glob(f"{importing.PARTIAL}*"))


def test_what_is_there_is_not_replaced_unasked(workspace: Workspace, tmp_path: Path) -> None:
    """Also in another format: two sets of test data would be one too many."""
    folder = importing.home(workspace, "digits", "test")
    folder.mkdir(parents=True)
    (folder / "test.csv").write_text("x,y\n1,0\n")
    with pytest.raises(RefusedError, match=r"has test data already: test\.csv"):
        importing.check_free(folder, "test", replace=False)
    there = importing.check_free(folder, "test", replace=True)
    (tmp_path / "new.npz").write_bytes(b"PK")
    importing.put({"test.npz": tmp_path / "new.npz"}, folder, instead_of=there)
    assert [path.name for path in folder.iterdir()] == ["test.npz"]


def test_a_copy_that_fails_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """The second file of two cannot be read: the first one does not stay behind, what was there stays."""
    folder = importing.home(workspace, "digits", "test")
    folder.mkdir(parents=True)
    (folder / "test.csv").write_text("x,y\n1,0\n")
    (tmp_path / "a").write_bytes(b"1")
    files = {"test_x.npy": tmp_path / "a", "test_y.npy": tmp_path / "missing"}
    with pytest.raises(FileNotFoundError):
        importing.put(files, folder, instead_of=[folder / "test.csv"])
    assert [path.name for path in folder.iterdir()] == ["test.csv"]


def test_links_in_a_folder_of_images_are_left_out(workspace: Workspace, tmp_path: Path) -> None:
    """They would lead wherever they lead, here as well."""
    source = tmp_path / "images"
    (source / "cat").mkdir(parents=True)
    (source / "cat" / "1.png").write_bytes(b"png")
    (source / "cat" / "2.png").symlink_to("/etc/passwd")
    folder = importing.home(workspace, "pets", "test")
    importing.put({"test": source}, folder, instead_of=[])
    assert [path.name for path in (folder / "test" / "cat").iterdir()] == ["1.png"]
