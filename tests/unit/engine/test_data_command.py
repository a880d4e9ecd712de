"""``modeltender data``: real files through the real command line and the confined process that reads them."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.readers import open_source
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tests.data_files import CLASSES, EVERY, IMAGES, ROWS, Write, npz
from tests.unit.tui.commands.conftest import Said
from tui.command_line import main

Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], workspace: Workspace) -> Run:
    """Return a function that runs a command of the real command line on the workspace, in this process."""

    def call(*words: str) -> Said:
        capsys.readouterr()
        status = main([*words, "--workspace", str(workspace.root)])
        return Said(status, *capsys.readouterr(), words)

    return call


def column(part: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what is said of a column."""
    return next(found for found in part["description"]["columns"] if found["name"] == name)


@pytest.mark.parametrize("write", EVERY, ids=lambda write: write.__name__)
def test_every_format_is_described(write: Write, run: Run, tmp_path: Path) -> None:
    """The same data have the same rows, ranges and classes, however they are stored."""
    said = run("data", "describe", str(write(tmp_path)), "--json")
    assert said.status == ExitCode.DONE
    [part] = said.json["parts"]
    found = part["description"]
    assert (found["rows"], found["repeated"], found["contradicting"]) == (ROWS, 0, 0)
    assert [(one["label"], one["n"]) for one in found["classes"]] == [("0", 8), ("1", 8), ("2", 7)]
    if any(one["name"] == "x" for one in found["columns"]):
        pixels = column(part, "x")
        assert (pixels["low"], pixels["high"]) == (IMAGES.min(), IMAGES.max())
        assert pixels["mean"] == pytest.approx(IMAGES.mean())


def test_what_is_wrong_with_data_is_told(run: Run, tmp_path: Path) -> None:
    """Missing values, repeated examples, and the same inputs under different labels."""
    rows: list[list[object]] = [
        ["size", "kind", "label"],
        [1.5, "a", "no"],
        ["", "b", "yes"],
        [1.5, "a", "no"],
        [1.5, "a", "yes"],
        [2.5, "a", "yes"],
    ]
    with (tmp_path / "t.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    text = run("data", "describe", str(tmp_path / "t.csv")).out
    assert "5 examples" in text
    assert "label (target)" in text
    assert (
        "2 classes, from 2 examples (no) to 3 examples (yes)" in text
        or "2 classes, from 2 examples (no) to 3" in text
    )
    assert "2 examples with the inputs of an earlier one" in text
    assert "1 input with different targets: at least one of each is wrong" in text
    [part] = run("data", "describe", str(tmp_path / "t.csv"), "--json").json["parts"]
    assert column(part, "size")["missing"] == 1
    assert column(part, "kind")["low"] is None


def test_examples_in_two_parts_are_leaks(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """Figures on them flatter: the answer is no, with how many there are."""
    (workspace.test / "digits").mkdir()
    np.savez(workspace.test / "digits" / "test.npz", x=IMAGES[:10], y=CLASSES[:10])
    np.savez(workspace.test / "digits" / "validation.npz", x=IMAGES[7:], y=CLASSES[7:])
    said = run("data", "describe", "digits", "--json")
    assert said.status == ExitCode.NO
    assert said.json["shared"] == [{"parts": ["validation", "test"], "n": 3}]
    assert "validation and test share 3 examples" in run("data", "describe", "digits").out


def parts_of(workspace: Workspace, model: str, suffix: str) -> list[Any]:
    """Return the rows of each part as tuples of bytes."""
    found = []
    for folder, part in (("train", "train"), ("test", "validation"), ("test", "test")):
        source = open_source(workspace.root / folder / model / f"{part}{suffix}")
        rows = source.read(0, source.rows)
        found.append(
            [tuple(rows[name][row].tobytes() for name in sorted(rows)) for row in range(source.rows)]
        )
        source.close()
    return found


@pytest.mark.parametrize("write", EVERY, ids=lambda write: write.__name__)
def test_the_parts_are_the_whole(write: Write, run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """Of every format: each example is in exactly one part, as it was; classes keep their shares."""
    source = write(tmp_path)
    words = [
        "data",
        "split",
        str(source),
        "--model",
        "m",
        "--train",
        ".6",
        "--validation",
        ".2",
        "--test",
        ".2",
    ]
    said = run(*words, "--stratify", "--json")
    assert said.status == ExitCode.DONE
    assert [part["rows"] for part in said.json["parts"]] == [14, 4, 5]
    assert said.json["leaks"] == 0
    suffix = Path(said.json["parts"][0]["file"]).suffix
    opened = open_source(source)
    whole = opened.read(0, opened.rows)
    opened.close()
    rows = [tuple(np.asarray(whole[name][row]).tobytes() for name in sorted(whole)) for row in range(ROWS)]
    parts = parts_of(workspace, "m", suffix)
    assert sorted(row for part in parts for row in part) == sorted(rows)


def test_what_was_divided_is_not_overwritten(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """Without --replace nothing changes; with it, and another seed, the parts are others."""
    source = npz(tmp_path)
    assert run("data", "split", str(source), "--model", "m").status == ExitCode.DONE
    before = parts_of(workspace, "m", ".npz")
    again = run("data", "split", str(source), "--model", "m", "--seed", "1")
    assert (again.status, again.out) == (ExitCode.NO, "")
    assert "--replace" in again.err
    assert parts_of(workspace, "m", ".npz") == before
    assert (
        run("data", "split", str(source), "--model", "m", "--seed", "1", "--replace").status == ExitCode.DONE
    )
    assert parts_of(workspace, "m", ".npz") != before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--train", "0.5"], "add up to 0.7, not to 1"),
        (["--model", "../b"], "'../b' cannot be the name of a model"),
        (
            ["--train", "0.998", "--validation", "0.001", "--test", "0.001"],
            "No example of test.npz is left for",
        ),
    ],
)
def test_what_cannot_be_divided_is_said(words: list[str], said: str, run: Run, tmp_path: Path) -> None:
    """One sentence, and no part is written."""
    answer = run("data", "split", str(npz(tmp_path)), "--model", "m", *words)
    assert answer.status != ExitCode.DONE
    assert said in answer.err


def test_values_are_no_classes(run: Run, tmp_path: Path) -> None:
    """There is no proportion to keep of a regression's targets."""
    np.savez(tmp_path / "t.npz", x=IMAGES, y=np.linspace(0, 1, ROWS))
    answer = run("data", "split", str(tmp_path / "t.npz"), "--model", "m", "--stratify")
    assert answer.status == ExitCode.FAILED
    assert "holds no classes" in answer.err


def test_an_import_is_evaluated_on(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """The file lies where the model looks for it, byte for byte."""
    source = npz(tmp_path)
    said = run("data", "import", str(source), "digits", "--json")
    assert said.json == {
        "model": "digits",
        "part": "test",
        "rows": ROWS,
        "files": ["test/digits/test.npz"],
        "replaced": [],
    }
    assert (workspace.test / "digits" / "test.npz").read_bytes() == source.read_bytes()
    assert run("data", "import", str(source), "digits").status == ExitCode.NO


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 cut short", "bad.npz"),
        (b"", "bad.npz"),
    ],
)
def test_what_cannot_be_read_is_not_imported(
    content: bytes, said: str, run: Run, workspace: Workspace, tmp_path: Path
) -> None:
    """It would only fail later."""
    (tmp_path / "bad.npz").write_bytes(content)
    answer = run("data", "import", str(tmp_path / "bad.npz"), "digits")
    assert answer.status == ExitCode.FAILED
    assert said in answer.err
    assert not (workspace.test / "digits").exists()


def test_data_without_a_target_are_not_imported(run: Run, tmp_path: Path) -> None:
    """What is to be predicted must be known; the sentence shows what there is."""
    np.savez(tmp_path / "t.npz", images=IMAGES, digits=CLASSES)
    answer = run("data", "import", str(tmp_path / "t.npz"), "m")
    assert answer.status == ExitCode.FAILED
    assert "it has images, digits" in answer.err


def test_nothing_is_left_behind(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """The folders of the process that read the data are gone."""
    run("data", "split", str(npz(tmp_path)), "--model", "m")
    assert list(workspace.scratch.iterdir()) == []


def test_a_part_that_has_no_place_names_those_that_have(
    run: Run, workspace: Workspace, tmp_path: Path
) -> None:
    """Where one part is in place and the next cannot be, nobody is told that nothing was changed."""
    (workspace.test / "m").write_text("a file where a folder belongs")
    said = run("data", "split", str(npz(tmp_path)), "--model", "m")
    assert said.status != ExitCode.DONE
    assert "cannot be written" in said.err
    assert "In place already: train." in said.err
    assert (workspace.train / "m" / "train.npz").exists()
