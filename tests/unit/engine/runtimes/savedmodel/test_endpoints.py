"""Which of a model's functions is run."""

import pytest

from engine.runtimes.savedmodel.endpoints import choose
from storage.errors import JobError


@pytest.mark.parametrize(
    ("signatures", "functions", "wanted", "chosen"),
    [
        (("serve", "serving_default"), ("serve",), "", "serve"),
        (("other", "serving_default"), (), "", "serving_default"),
        (("serving_default",), ("serve", "f"), "", "serve"),
        (("only",), ("f", "g"), "", "only"),
        ((), ("only",), "", "only"),
        ((), ("f", "__call__"), "", "__call__"),
        (("serve", "b"), (), "b", "b"),
        (("serve",), ("f",), "f", "f"),
    ],
)
def test_the_function_that_is_meant_is_chosen(
    signatures: tuple[str, ...], functions: tuple[str, ...], wanted: str, chosen: str
) -> None:
    """What the settings say, then serve, then serving_default, then the only one there is."""
    assert choose(signatures, functions, wanted) == chosen


@pytest.mark.parametrize(
    ("signatures", "functions", "wanted", "words"),
    [
        (("b", "a"), ("f",), "", "several signatures, and which is meant is not known: a, b"),
        ((), ("f", "g"), "", "several signatures, and which is meant is not known: f, g"),
        (("serve",), ("f",), "h", "has no signature 'h'; it has f, serve"),
        ((), (), "", "has no function that can be called"),
        (tuple(f"s{index:02}" for index in range(30)), (), "", "s08, s09 and 20 more"),
        (("a\x1b[2J", "b"), (), "", "a\ufffd"),
    ],
)
def test_what_cannot_be_decided_is_one_sentence(
    signatures: tuple[str, ...], functions: tuple[str, ...], wanted: str, words: str
) -> None:
    """The sentence lists what there is, and the hint says how to choose."""
    with pytest.raises(JobError) as caught:
        choose(signatures, functions, wanted)
    assert words in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.hint
