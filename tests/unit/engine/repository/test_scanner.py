"""Promises about what a listing of the folders says."""

import os
from pathlib import Path

import pytest

from engine.repository import scanner
from engine.repository.scanner import list_workspace, read_item
from storage.workspace import Workspace


def put(folder: Path, *names: str) -> None:
    """Make small files, with their folders."""
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


def messages(workspace: Workspace) -> set[str]:
    """Return the sentences about what lies where it means nothing."""
    return {oddity.message for oddity in list_workspace(workspace).oddities}


def test_an_inbox_holds_models_and_no_data_settings_or_unfinished_files(workspace: Workspace) -> None:
    """Data, settings, hidden and temporary names of the inbox are of no account."""
    put(workspace.train / "mnist", "better.keras", "train.npz", "extra.npz", "rows.csv", "model.toml")
    put(
        workspace.train / "mnist",
        ".better.keras.x7",
        "a.tmp",
        "b.part",
        "c.partial",
        "d~",
        ".e.swp",
        "run5/model.onnx",
    )
    items = list_workspace(workspace).inboxes["mnist"].items
    assert [(item.name, item.files) for item in items] == [
        ("better.keras", ("better.keras",)),
        ("run5", ("model.onnx",)),
    ]


@pytest.mark.parametrize("where", ["train", "models"])
def test_a_folder_that_is_still_on_its_way_is_no_model(workspace: Workspace, where: str) -> None:
    """A copy program's name for it is neither listed nor called odd: soon it has another one."""
    put(workspace.root / where / ".mnist.Ab12Cd" / "1", "model.onnx")
    put(workspace.root / where / "mnist.partial" / "1", "model.onnx")
    listing = list_workspace(workspace)
    assert (listing.models, listing.inboxes, listing.oddities) == ({}, {}, frozenset())


def test_an_empty_folder_in_the_inbox_is_of_no_account_yet(workspace: Workspace) -> None:
    """A folder without files is about to be filled."""
    put(workspace.train / "mnist", "run5/model.keras.tmp")
    assert list_workspace(workspace).inboxes["mnist"].items == ()


def test_versions_are_folders_with_a_number(workspace: Workspace) -> None:
    """Only positive integers without leading zero name a version."""
    put(workspace.models / "mnist", "1/model.keras", "20/a/b.onnx", "model.toml", "labels.txt", "4.partial/x")
    (workspace.models / "mnist" / "current").symlink_to("20")
    folder = list_workspace(workspace).models["mnist"]
    assert {number: item.files for number, item in folder.versions.items()} == {
        1: ("model.keras",),
        20: ("a/b.onnx",),
    }
    assert folder.current.target == "20"
    assert folder.settings
    assert messages(workspace) == set()


@pytest.mark.parametrize("name", ["latest", "01", "0", "-1", "1.5", "v2", "1234567890"])
def test_a_folder_that_is_no_version_gets_a_sentence(workspace: Workspace, name: str) -> None:
    """A wrongly named version folder is spoken of, with its path and an example."""
    put(workspace.models / "mnist" / name, "model.keras")
    assert messages(workspace) == {
        f"models/mnist/{name} is not a version: a version folder's name is a number such as 3."
    }


def test_things_in_the_wrong_place_get_a_sentence_each(workspace: Workspace) -> None:
    """Loose files, links and impossible names are spoken of and otherwise left alone."""
    put(workspace.train, "loose.keras", "a@b/x.keras")
    put(workspace.models / "mnist", "model.keras")
    (workspace.models / "linked").symlink_to(workspace.test)
    (workspace.models / "mnist" / "7").symlink_to(workspace.test)
    listing = list_workspace(workspace)
    assert {oddity.message for oddity in listing.oddities} == {
        "train/loose.keras belongs to no model: put it into train/<model>/.",
        (
            "train/a@b is not a model: rename it; a model's name has at most 120 characters that can be shown, "
            "none of them @ or \\, and does not begin with a hyphen."
        ),
        "models/mnist/model.keras is in no version: put it into models/mnist/<number>/, or into train/mnist/.",
        "models/linked is a symbolic link; put the folder itself there.",
        "models/mnist/7 is a symbolic link, not a version: put the folder itself there.",
    }
    assert set(listing.models) == {"mnist"}


def test_links_pipes_and_devices_are_never_files(workspace: Workspace) -> None:
    """What is no regular file is told as such, and opening it is not even tried."""
    inbox = workspace.train / "mnist"
    inbox.mkdir()
    (inbox / "link.keras").symlink_to("/etc/passwd")
    os.mkfifo(inbox / "pipe.keras")
    items = {item.name: item for item in list_workspace(workspace).inboxes["mnist"].items}
    assert items["link.keras"].problem == "is a symbolic link; copy the file itself"
    assert items["pipe.keras"].problem == "is not a regular file"
    assert not any(item.files for item in items.values())


def test_a_loop_of_links_ends(workspace: Workspace) -> None:
    """A link to its own folder is not followed."""
    put(workspace.models / "mnist" / "1", "model.onnx")
    (workspace.models / "mnist" / "1" / "again").symlink_to(".")
    assert list_workspace(workspace).models["mnist"].versions[1].files == ("model.onnx",)


def test_deep_and_crowded_folders_are_bounded(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder beyond the limits is not walked to its end; it says which limit."""
    monkeypatch.setattr(scanner, "FILES", 20)
    put(workspace.models / "deep" / "1", "/".join("abcdefgh") + "/model.onnx")
    put(workspace.models / "crowded" / "1", *(f"{number}.bin" for number in range(30)))
    listing = list_workspace(workspace)
    assert listing.models["deep"].versions[1].problem == "has folders more than 6 levels deep"
    assert listing.models["crowded"].versions[1].problem == "holds more than 20 files"


def test_a_folder_with_too_many_entries_is_unknown_rather_than_half_known(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing that would be cut short is none: what it lacks would count as gone."""
    monkeypatch.setattr(scanner, "ENTRIES", 3)
    put(workspace.models / "mnist", "1/a", "2/a", "3/a", "4/a")
    folder = list_workspace(workspace).models["mnist"]
    assert folder.problem == "models/mnist cannot be listed: it has more than 3 entries."
    assert folder.versions == {}


def test_a_missing_folder_is_a_problem_and_no_empty_repository(workspace: Workspace) -> None:
    """Where models/ is gone, nothing is said about the models in it."""
    workspace.models.rmdir()
    assert list_workspace(workspace).problems == {
        "models": "models/ cannot be listed: No such file or directory."
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_model_folder_says_so(workspace: Workspace) -> None:
    """A folder without the right to read is told by name, and the others are listed."""
    put(workspace.models, "mnist/1/a.onnx", "other/1/a.onnx")
    (workspace.models / "mnist").chmod(0)
    listing = list_workspace(workspace)
    (workspace.models / "mnist").chmod(0o700)
    assert listing.models["mnist"].problem == "models/mnist cannot be listed: Permission denied."
    assert set(listing.models["other"].versions) == {1}


def test_every_kind_of_change_changes_the_stamp(tmp_path: Path) -> None:
    """Content, size, replacement, and a rewrite that restores the old time: none goes unnoticed."""
    file = tmp_path / "1" / "model.onnx"
    put(tmp_path, "1/model.onnx")
    stamps = [read_item(tmp_path, "1").stamp]
    before = file.stat()

    file.write_bytes(b"longer")
    stamps.append(read_item(tmp_path, "1").stamp)
    file.write_bytes(b"y")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    stamps.append(read_item(tmp_path, "1").stamp)
    put(tmp_path, "1/other.bin")
    stamps.append(read_item(tmp_path, "1").stamp)
    put(tmp_path, "1/.model.onnx.part7")
    stamps.append(read_item(tmp_path, "1").stamp)

    assert len(set(stamps)) == len(stamps)
    assert read_item(tmp_path, "1").stamp == stamps[-1]


def test_names_that_are_no_text_are_listed(workspace: Workspace) -> None:
    """Bytes that are no UTF-8, line ends and look-alikes stay different things."""
    inbox = workspace.train / "mnist"
    inbox.mkdir()
    for name in (
        b"bad\xff.keras",
        b"line\nend.keras",
        "caf\u00e9.keras".encode(),
        "cafe\u0301.keras".encode(),
    ):
        (inbox / os.fsdecode(name)).write_bytes(b"x")
    items = list_workspace(workspace).inboxes["mnist"].items
    assert len({item.name for item in items}) == 4
    assert len({item.stamp for item in items}) == 4
