"""What an examiner says of a file is believed only as far as it can be true."""

import pytest

from engine.processes.answers import checked_told
from engine.processes.protocol import Told
from engine.processes.wire import NonsenseError
from engine.repository.examine import Examined
from storage.vocabulary import Format

KNOWN = frozenset({"m.onnx", "w.bin"})

LIES = {
    "more answers than questions": (Examined(reason="a"), Examined(reason="b")),
    "a model that is no file": (Examined(format=Format.ONNX),),
    "no reason": (Examined(),),
    "another first file": (Examined("m.onnx", ("w.bin", "m.onnx"), Format.ONNX),),
    "a file twice": (Examined("m.onnx", ("m.onnx", "m.onnx"), Format.ONNX),),
    "a way out of the folder": (Examined("m.onnx", ("m.onnx", "../w.bin"), Format.ONNX),),
    "a way out through a folder": (Examined("m.onnx", ("m.onnx", "w/../../w.bin"), Format.ONNX),),
    "an absolute path": (Examined("/etc/passwd", ("/etc/passwd",), Format.ONNX),),
}


@pytest.mark.parametrize("found", LIES.values(), ids=LIES)
def test_a_lie_is_nonsense(found: tuple[Examined, ...]) -> None:
    """No honest examiner says this; its process ends."""
    with pytest.raises(NonsenseError):
        checked_told(Told(found), [KNOWN])


def test_the_truth_is_believed() -> None:
    """A model with what belongs to it, of listed files, is taken as it was told."""
    found = Examined("m.onnx", ("m.onnx", "w.bin"), Format.ONNX)
    assert checked_told(Told((found,)), [KNOWN, KNOWN]).found == (found,)


def test_a_file_that_was_not_listed_is_waited_for() -> None:
    """It may have come a moment later; until a listing has it nothing of it is touched."""
    found = Examined("m.onnx", ("m.onnx", "late.bin"), Format.ONNX)
    [checked] = checked_told(Told((found,)), [KNOWN]).found
    assert checked == Examined(reason="m.onnx needs late.bin, which is not listed beside it", complete=False)


def test_words_cannot_steer_a_terminal() -> None:
    """A reason comes from a process that a file may have taken over."""
    [checked] = checked_told(Told((Examined(reason="a\x1b[2J" + "b" * 1000),)), [KNOWN]).found
    assert checked.reason.startswith("a\ufffd[2J")
    assert len(checked.reason) < 500
