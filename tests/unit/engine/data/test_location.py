"""Finding a model's labelled data by their names."""

from pathlib import Path

import pytest

from engine.data.location import locate
from engine.data.naming import SUFFIXES, base, is_data_file, members
from engine.data.readers import FORMATS
from storage.errors import JobError
from storage.settings import Data, ModelSettings
from storage.workspace import Workspace

NOTHING_SAID = ModelSettings()


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    """Return the folder of a model's data."""
    made = workspace.test / "mnist"
    made.mkdir()
    return made


def put(folder: Path, *names: str) -> None:
    """Make files, or folders where a name ends in a slash."""
    for name in names:
        if name.endswith("/"):
            (folder / name).mkdir(parents=True)
        else:
            (folder / name).write_text(name)


@pytest.mark.parametrize(
    ("names", "wanted", "expected"),
    [
        (["test.npz"], "", "test.npz"),
        (["test.csv", "validation.csv", "train.csv"], "", "test.csv"),
        (["test.csv", "validation.csv"], "validation", "validation.csv"),
        (["test.parquet", "README.md", "test.txt", ".test.csv"], "", "test.parquet"),
        (["test.CSV"], "", "test.CSV"),
        (["test.csv.gz"], "", "test.csv.gz"),
        (["test.jsonl"], "", "test.jsonl"),
        (["test/"], "", "test"),
        (["x_test.npy", "y_test.npy", "x_train.npy"], "", "x_test.npy"),
        (["test_a.npy", "test_b.npy", "test_y.npy"], "", "test_a.npy"),
        (["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"], "", "t10k-images-idx3-ubyte"),
        (["t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"], "", "t10k-images.idx3-ubyte"),
        (["test-images-idx3-ubyte.gz", "test-labels-idx1-ubyte.gz"], "", "test-images-idx3-ubyte.gz"),
        (["train-images-idx3-ubyte", "train-labels-idx1-ubyte"], "train", "train-images-idx3-ubyte"),
        (["other.csv", "test.csv"], "other.csv", "other.csv"),
        (["other.csv", "test.csv"], "other", "other.csv"),
    ],
)
def test_data_are_found_by_their_names(
    names: list[str], wanted: str, expected: str, workspace: Workspace, folder: Path
) -> None:
    """One data set of a part is found, whatever else lies there."""
    put(folder, *names)
    assert locate(workspace, "mnist", NOTHING_SAID, wanted).name == expected


@pytest.mark.parametrize(
    "names",
    [
        ["test.csv", "test.npz"],
        ["test.csv", "test/"],
        ["test.csv", "test_x.npy", "test_y.npy"],
        ["x_test.npy", "y_test.npy", "test_x.npy", "test_y.npy"],
        ["t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz"],
    ],
)
def test_two_data_sets_are_one_sentence(names: list[str], workspace: Workspace, folder: Path) -> None:
    """None is taken in silence; naming one in model.toml settles it."""
    put(folder, *names)
    with pytest.raises(JobError, match="There are 2 sets of test data for mnist") as caught:
        locate(workspace, "mnist", NOTHING_SAID)
    assert caught.value.hint.startswith("Keep one of them, or name it in model.toml: data = { test = ")
    named = names[0].rstrip("/")
    assert locate(workspace, "mnist", ModelSettings(data=Data(test=named))).name == named


def test_no_data_are_told_with_what_to_do(workspace: Workspace, folder: Path) -> None:
    """The path that was looked for, and ways to fill it."""
    put(folder, "notes.txt")
    with pytest.raises(JobError, match=r"There are no test data for mnist: test/mnist/test\.npz") as caught:
        locate(workspace, "mnist", NOTHING_SAID)
    assert caught.value.code == "no-data"
    assert all(word in caught.value.hint for word in ("numpy.savez", ".csv", ".parquet", "folder a class"))


def test_a_named_file_that_is_missing_is_named(workspace: Workspace, folder: Path) -> None:
    """What model.toml says is not replaced by something else that lies there."""
    put(folder, "test.npz")
    with pytest.raises(JobError, match=r"test/mnist/holdout\.csv does not exist"):
        locate(workspace, "mnist", ModelSettings(data=Data(test="holdout.csv")))


@pytest.mark.parametrize("link", ["test.csv", "test"])
def test_a_link_that_leads_away_is_refused(
    link: str, workspace: Workspace, folder: Path, tmp_path: Path
) -> None:
    """A model process may read its folder and nothing else."""
    target = tmp_path / "elsewhere"
    put(tmp_path, "elsewhere" if link.endswith("csv") else "elsewhere/")
    (folder / link).symlink_to(target)
    with pytest.raises(JobError, match="leads out of"):
        locate(workspace, "mnist", NOTHING_SAID)


def test_every_format_has_its_endings() -> None:
    """A format that is read is also found, and kept out of the models' inbox."""
    assert set(SUFFIXES) == {known.name for known in FORMATS}
    for suffixes in SUFFIXES.values():
        for suffix in suffixes:
            assert is_data_file(f"train{suffix}")
            assert is_data_file(f"train{suffix}".upper())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test.csv", "test"),
        ("test.csv.gz", "test"),
        ("a.b.parquet", "a.b"),
        ("t10k-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte"),
        ("test", "test"),
    ],
)
def test_a_data_set_is_called_without_its_ending(name: str, expected: str) -> None:
    """As people speak of it."""
    assert base(name) == expected


def test_files_that_belong_together_are_known(tmp_path: Path) -> None:
    """A change of any of them is a change of the data."""
    put(tmp_path, "x_test.npy", "y_test.npy", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "test.csv")
    assert set(members(tmp_path / "y_test.npy")) == {"x", "y"}
    assert [file.name for file in members(tmp_path / "t10k-images-idx3-ubyte").values()] == [
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ]
    assert list(members(tmp_path / "test.csv").values()) == [tmp_path / "test.csv"]
