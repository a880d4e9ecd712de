"""What a model process says of kept examples is believed only as far as it can be true: its bytes are read as numbers later."""

from typing import Any

import msgspec
import pytest

from engine.processes.answers import checked_probed, checked_repeated, decode
from engine.processes.probes import MAXIMUM_BYTES, PlainArray, Probe, Probed, Repeated
from engine.processes.wire import NonsenseError

INPUTS = (PlainArray("float32", (2, 1), b"\0" * 8),)
HONEST = Probed(
    INPUTS, (PlainArray("float32", (2, 3), b"\0" * 24),), repeatable=True, weights=2, broken_weights=()
)


def output(dtype: str = "float32", shape: Any = (2, 3), size: int = 24) -> dict[str, object]:
    """Return the honest answer's outputs changed."""
    return {"outputs": (PlainArray(dtype, shape, b"\0" * size),)}


LIES: dict[str, dict[str, object]] = {
    "no outputs": {"outputs": ()},
    "no inputs": {"inputs": ()},
    "more bytes than its shape": output(size=28),
    "fewer bytes than its shape": output(size=20),
    "an object": output(dtype="object"),
    "a date": output(dtype="datetime64"),
    "a text that is cut short": output(dtype="<U4"),
    "a text without a length": output(dtype="<U"),
    "a text of nothing": output(dtype="<U0", size=0),
    "no axis": output(shape=(), size=4),
    "no rows": output(shape=(0, 3), size=0),
    "a negative axis": output(shape=(-2, -3)),
    "an axis without end": output(shape=(2, 1 << 40)),
    "too many axes": output(shape=(2, *(1,) * 100), size=8),
    "answers to other examples": output(shape=(3, 2)),
    "more than it may": output(shape=(2, MAXIMUM_BYTES // 8 + 1), size=MAXIMUM_BYTES + 8),
    "other examples than it was given": {"inputs": (PlainArray("float32", (2, 1), b"\1" * 8),)},
    "more broken weights than weights": {"broken_weights": ("a", "b", "c")},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_what_cannot_be_true_is_nonsense(lie: dict[str, object]) -> None:
    """Whatever an array says it is, its bytes must be as many, and of a kind that numpy reads as numbers."""
    with pytest.raises(NonsenseError):
        checked_probed(msgspec.structs.replace(HONEST, **lie), Probe(inputs=INPUTS))


def test_an_honest_answer_comes_through_with_its_names_cleaned() -> None:
    """Names of weights come from the model's file."""
    told = msgspec.structs.replace(HONEST, broken_weights=("\x1b[2Jlayer",))
    found = checked_probed(told, Probe(inputs=INPUTS))
    assert "\x1b" not in found.broken_weights[0]
    assert found.outputs == HONEST.outputs
    assert checked_probed(HONEST, Probe(data="test.npz")) == HONEST


def test_names_of_classes_come_through() -> None:
    """A classifier may answer with texts beside its numbers."""
    told = msgspec.structs.replace(HONEST, **output(dtype="<U4", shape=(2,), size=2 * 4 * 4))
    assert checked_probed(told, Probe(inputs=INPUTS)) == told


def test_it_travels_as_it_is() -> None:
    """Through the bytes of a message."""
    assert decode(msgspec.msgpack.encode(HONEST)) == HONEST
    many = msgspec.structs.replace(HONEST, broken_weights=("w",) * 100)
    with pytest.raises(NonsenseError):
        decode(msgspec.msgpack.encode(many))


def test_who_was_asked_again_and_again_has_answered_once_at_least() -> None:
    """What memory that took is read from outside; how often it was is the process' own word."""
    assert checked_repeated(Repeated(1)) == Repeated(1)
    for times in (0, -5):
        with pytest.raises(NonsenseError):
            checked_repeated(Repeated(times))
