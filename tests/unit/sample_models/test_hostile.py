"""The list of attacks and what is written about it; that they attack, and fail here, is shown in `tests/hostile`."""

from pathlib import Path

import pytest

import sample_models.hostile
from engine.runtimes import recognise
from sample_models import hostile
from sample_models.hostile import ATTACKS, Stop, archives, pickles
from tests.saved_models import tensorflow
from tests.tiny_models import KERAS_WARNING

README = Path(sample_models.hostile.__file__).with_name("README.md")


def test_the_readme_tells_what_each_attack_is_for() -> None:
    """Who finds one of these files finds a line about it, with its row in the table of threats."""
    lines = [f"| {attack.row} | `{ascii(attack.name)[1:-1]}` | {attack.purpose} |" for attack in ATTACKS]
    told = [line for line in README.read_text().splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert told == lines


def test_a_pickle_says_what_it_was_told_to() -> None:
    """The handmade opcodes are those of Python's own pickles."""
    import pickle

    value: list[object] = [None, True, False, 7, -7, "text", b"bytes", {"key": [1]}, []]
    assert pickle.loads(pickles.pickled(value)) == value
    assert pickle.loads(pickles.pickled(pickles.call("builtins.len", "four"))) == 4


def test_what_is_no_part_of_an_attack_is_named() -> None:
    """A writer that is given what it cannot write says so."""
    with pytest.raises(TypeError, match="float is no part of an attack"):
        pickles.pickled(1.5)


def test_the_bomb_is_one(tmp_path: Path) -> None:
    """It unpacks to about a thousand times its size."""
    file = archives.bomb(tmp_path / "bomb.keras", tmp_path / "canary")
    assert 900 * file.stat().st_size < archives.BOMB_BYTES


@pytest.mark.filterwarnings(KERAS_WARNING)
def test_all_are_written_at_once(tmp_path: Path) -> None:
    """A person gets every attack in a folder of its own, and none of them has run yet."""
    (tmp_path / "canary").touch()
    with tensorflow():
        files = hostile.write_all(tmp_path / "attacks", tmp_path / "canary")
    assert [file.name for file in files] == [attack.name for attack in ATTACKS]
    assert all(file.exists() for file in files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["attacks", "canary"]


BY_NAME = {5, 8, 9, 11, 13, 20, 21, 22}
"""Rows of attacks that are in order but for asking for code by name."""


def test_trust_may_lift_what_asks_by_name_and_nothing_else(tmp_path: Path) -> None:
    """Bombs, links, paths, machine code and what is no model at all are beyond their owner's trust."""
    unopened = [attack for attack in ATTACKS if attack.stop is Stop.UNOPENED]
    liftable: set[str] = set()
    for number, attack in enumerate(unopened):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "canary").write_bytes(b"secret")
        with tensorflow():
            found = recognise(attack.write(folder / attack.name, folder / "canary"))
        if found.on_trust is not None:
            liftable.add(attack.name)
    assert liftable == {
        attack.name for attack in unopened if attack.row in BY_NAME and attack.name != "vocabulary.keras"
    }
