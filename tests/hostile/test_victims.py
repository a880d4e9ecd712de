"""The attacks are attacks: each does what it is made for to a plain process that opens it, or its framework refuses it.

Where the installed framework refuses an attack by itself, the test says so and holds it to that.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.errors import MarkupError
from rich.text import Text

from sample_models.hostile import ATTACKS, Attack, texts
from sample_models.hostile.pickles import GADGETS, gadget
from tests.hostile.arsenal import Aimed
from tests.hostile.victim import Victim
from tests.tiny_models import KERAS_WARNING

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

FRAMEWORKS = {
    "tensorflow": ("tensorflow", "keras"),
    # The loader of ours is imported for what it warms up: torch imports the rest of itself when it first loads a program.
    "torch": ("torch", "engine.runtimes.torchexport.loader"),
    "small": ("onnxruntime", "ai_edge_litert.interpreter"),
}

PATIENCE_S = 60.0
HANG_S = 2.0
"""After which something that never ends is believed to."""


class Fate(NamedTuple):
    """What an attack does to a victim."""

    framework: str
    loader: str
    works: bool = False
    """Whether the canary tells that it went through."""
    says: str = ""
    """What the victim prints: an answer that it should not have, or its framework's refusal."""
    ends: int | None = 0
    """The victim's exit status; ``None`` where it has to be stopped."""


RUNS, FAILS = 0, 1


def _file(loader: str, says: str = "", *, ends: int = RUNS, works: bool = True) -> Fate:
    framework = {"torch": "torch", "pickl": "torch", "keras": "tensorflow", "saved": "tensorflow"}
    return Fate(framework.get(loader[:5], "small"), loader, works, says, ends)


def _refuses(loader: str, says: str) -> Fate:
    """The framework that is installed refuses the attack by itself."""
    return _file(loader, says, ends=FAILS, works=False)


def _tells(loader: str, says: str) -> Fate:
    """The victim answers with what it should not know, or should not say."""
    return _file(loader, says, works=False)


def _hangs(loader: str) -> Fate:
    return _file(loader, works=False)._replace(ends=None)


def _latent(loader: str) -> Fate:
    """Nothing happens to a loader; the attack is on whoever scans or unpacks more than that."""
    return _file(loader, works=False)


FATES: dict[str, Fate] = {
    "pickle.pt": _file("torch.load"),
    "innocent.pkl": _file("pickle"),
    "disguised.onnx": _file("pickle"),
    "checksum.pt": _file("torch.load"),
    "flagged.pt": _refuses("torch.load", "unsupported encryption"),
    "nested.pt2": _refuses("torch.export", "ran into an error when deserializing"),
    "nested.keras": _latent("keras"),
    "fallback.pt2": _file("torch.export", ends=FAILS),
    "weight.pt2": _file("torch.export", ends=FAILS),
    "native.pt2": _latent("torch.export"),
    "package.pt2": _refuses("torch.export", "ran into an error when deserializing"),
    "reading.pt": _tells("torch.jit", "4.0"),
    "writing.pt": _file("torch.jit"),
    "endless.pt": _hangs("torch.jit"),
    "lambda.keras": _file("keras trusting"),
    "named.keras": _refuses("keras trusting", "Could not locate function 'system'"),
    "fetching.keras": _refuses("keras trusting", "it is not a modeling function"),
    "unlocking.keras": _refuses("keras trusting", "it is not a modeling function"),
    "second.keras": _refuses("keras trusting", "SavedModel file does not exist at"),
    "vocabulary.keras": _latent("keras trusting"),
    "elsewhere.keras": _refuses("keras trusting", "H5 file with external Dataset"),
    "lambda.h5": _file("keras trusting"),
    "link.h5": _refuses("keras trusting", "Layer count mismatch"),
    "elsewhere.h5": _refuses("keras trusting", "Layer count mismatch"),
    "reading": _tells("saved_model", "16.0"),
    "reading-whole": _tells("saved_model", "16.0"),
    "reading-lines": _tells("saved_model", "16.0"),
    "listing": _tells("saved_model", "1.0"),
    "writing": _file("saved_model"),
    "saving": _file("saved_model"),
    "printing": _file("saved_model"),
    "calling": _file("saved_model"),
    "above.onnx": _refuses("onnxruntime", "escapes model directory"),
    "middle.onnx": _refuses("onnxruntime", "escapes model directory"),
    "absolute.onnx": _refuses("onnxruntime", "Absolute path not allowed"),
    "linked.onnx": _refuses("onnxruntime", "escapes model directory"),
    "hard-linked.onnx": _tells("onnxruntime", "2.369427827617"),
    "foreign.onnx": _refuses("onnxruntime", "is not a registered function/op"),
    "mark.tflite": _refuses("litert", "not a valid Flatbuffer"),
    "offset.tflite": _refuses("litert", "not a valid Flatbuffer"),
    "vector.tflite": _refuses("litert", "not a valid Flatbuffer"),
    "shape.tflite": _refuses("litert", "failed to prepare"),
    "bomb.keras": _tells("unzip", "134218"),
    "twins.keras": _latent("unzip"),
    "overlapping.keras": _latent("unzip"),
    "climbing.keras": _latent("unzip"),
    "absolute.keras": _latent("unzip"),
    "link.keras": _latent("unzip"),
    "members.tar": _file("untar", ends=FAILS),
    "vast": _refuses("saved_model", "OOM when allocating"),
    "vast.onnx": _refuses("onnxruntime", "Failed to allocate memory"),
    "vast.tflite": _refuses("litert", "failed to prepare"),
    "endless": _hangs("saved_model"),
    "endless.onnx": _hangs("onnxruntime"),
    "bomb.pt2": _file("torch.export", "started 32", ends=FAILS, works=False),
    # It was let out to look for whom it wanted to call; where there is no network, nobody answers.
    "network.pt2": _refuses("torch.export", "Error"),
    "filler.pt2": _file("torch.export", ends=FAILS, works=False),
    "filling": _tells("saved_model", "64.0"),
    "escaping.onnx": _tells("onnxruntime", r"\x1b]0;pwned\x07\x1b[2J\x9b31m\u202eevil"),
    "\x1b]0;pwned\x07\u202efile.onnx": _latent("onnxruntime"),
    "error.onnx": _refuses("onnxruntime", "\x1b]0;pwned\x07\x1b[2J"),
    "endless-name.onnx": _tells("onnxruntime", "n" * texts.LONG),
    "markup.onnx": _tells("onnxruntime", texts.MARKUP),
    "[@click=app.quit]file[bold].onnx": _latent("onnxruntime"),
}


@pytest.fixture(scope="module")
def victims() -> "Iterator[dict[str, Victim]]":
    """Return processes that open what they are told to, one for each family of frameworks, begun when needed."""
    begun: dict[str, Victim] = {}

    class Begun(dict[str, Victim]):
        def __missing__(self, name: str) -> Victim:
            self[name] = begun[name] = Victim(*FRAMEWORKS[name])
            return self[name]

    yield Begun()
    for victim in begun.values():
        victim.close()


@pytest.mark.parametrize("attack", ATTACKS, ids=[ascii(attack.name) for attack in ATTACKS])
def test_an_attack_does_what_it_is_made_for(
    attack: Attack, victims: dict[str, Victim], tmp_path: Path
) -> None:
    """A plain process that opens the file is hurt as the table says, or its framework refuses it as the table says."""
    fate = FATES[attack.name]
    aimed = Aimed(attack, tmp_path / "attack")
    deadline_s = HANG_S if fate.ends is None else PATIENCE_S
    ended = victims[fate.framework].open(fate.loader, aimed.file, deadline_s=deadline_s)
    assert (aimed.went_through, ended.status) == (fate.works, fate.ends), ended.said[-2000:]
    assert fate.says in ended.said, ended.said[-2000:]


@pytest.mark.parametrize("called", GADGETS)
def test_a_gadget_works(called: str, victims: dict[str, Victim], tmp_path: Path) -> None:
    """What is refused by its name would have run: plain pickle opens it, and the canary is there."""
    (tmp_path / "model").mkdir()
    file = tmp_path / "model" / "gadget.pkl"
    file.write_bytes(gadget(called, tmp_path / "canary"))
    ended = victims["torch"].open("pickle", file, deadline_s=PATIENCE_S)
    assert any(path.name.startswith("canary") for path in tmp_path.iterdir()), ended.said[-2000:]


def test_there_are_gadgets_enough() -> None:
    """Ways to run code are many; at least thirty of the literature's are tried."""
    assert len(GADGETS) >= 30


def test_markup_in_a_name_breaks_what_takes_it_for_markup() -> None:
    """The name of row 24 ends whoever shows it without care, and is a button that ends the console where it does not."""
    with pytest.raises(MarkupError):
        Text.from_markup(texts.MARKUP)


def test_every_attack_has_a_fate() -> None:
    """No attack is believed without proof."""
    assert FATES.keys() == {attack.name for attack in ATTACKS}
