"""A view as a file: where it goes, that nothing is overwritten, and that opening it fetches nothing."""

import stat
from pathlib import Path

import pytest

from storage.errors import Error
from storage.workspace import Workspace
from tests.console.stage import NOW
from tui import views
from tui.views import FIGURES, PICTURE, TEXT


def test_a_file_is_named_by_its_screen_and_its_time(tmp_path: Path) -> None:
    """Whoever finds it knows what it shows and of when it is."""
    file = views.write(tmp_path, "overview", FIGURES, "a,b\n", NOW)
    assert file == tmp_path / "modeltender-overview-20251124-142307.csv"
    assert file.read_text() == "a,b\n"
    assert not file.stat().st_mode & stat.S_IXUSR


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A second view of the same second gets another name, and the first one keeps what it held."""
    first = views.write(tmp_path, "jobs", TEXT, "one\n", NOW)
    second = views.write(tmp_path, "jobs", TEXT, "two\n", NOW)
    assert (first.read_text(), second.read_text()) == ("one\n", "two\n")
    assert second.name == "modeltender-jobs-20251124-142307-2.txt"


def test_a_link_that_waits_under_the_name_is_not_followed(tmp_path: Path) -> None:
    """A link with the name that a view would have leads no words anywhere."""
    elsewhere = tmp_path / "precious"
    (tmp_path / "modeltender-jobs-20251124-142307.txt").symlink_to(elsewhere)
    written = views.write(tmp_path, "jobs", TEXT, "x\n", NOW)
    assert written.name.endswith("-2.txt")
    assert not elsewhere.exists()


def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    """What cannot be kept says where, why and what to do."""
    with pytest.raises(Error) as caught:
        views.write(tmp_path / "gone", "jobs", TEXT, "x\n", NOW)
    assert "cannot be kept" in caught.value.message
    assert "No such file" in caught.value.message
    assert "from a folder" in caught.value.hint


@pytest.mark.parametrize("inside", ["train/mnist", "test", "models/mnist/1", ".modeltender"])
def test_no_view_lies_among_what_is_watched(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    """Opened from a folder of models or data, the console keeps its views beside these."""
    folder = workspace.root / inside
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)
    assert views.place(workspace) == workspace.root


def test_views_go_where_the_console_was_opened(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Anywhere else they lie in the current folder, which may be deleted meanwhile."""
    folder = tmp_path / "reports"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert views.place(workspace) == folder
    folder.rmdir()
    assert views.place(workspace) == workspace.root


def test_a_picture_fetches_nothing() -> None:
    """Fonts that Textual's pictures would get from the network are left out, and the rest stays."""
    picture = '<style>@font-face { src: url("https://x/y.woff2"); }\n .m { color: red; }</style>'
    assert views.without_fonts(picture) == "<style>.m { color: red; }</style>"


def test_text_has_no_blanks_at_its_ends() -> None:
    """Lines end where their words do."""
    assert views.plain(["a  ", "", " b"]) == "a\n\n b\n"


def test_forms_are_told_apart() -> None:
    """Each form has an ending and a name of its own."""
    forms = (TEXT, PICTURE, FIGURES)
    assert len({form.ending for form in forms}) == len({form.label for form in forms}) == len(forms)
