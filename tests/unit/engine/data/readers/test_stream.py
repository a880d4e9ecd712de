"""Reading rows by their numbers from passes that only go forward."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from engine.data.readers.stream import Rows, Stream
from storage.errors import JobError


class Passes:
    """Twenty rows in pieces of odd lengths, and how often a pass began."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0

    def begin(self, names: Sequence[str]) -> Iterator[Rows]:
        """Begin a pass."""
        self.begun += 1
        try:
            for start, stop in ((0, 3), (3, 3), (3, 11), (11, 20)):
                yield {name: np.arange(start, stop) for name in names}
        finally:
            self.ended += 1


@pytest.mark.parametrize(
    ("reads", "begun"),
    [
        ([(0, 20)], 1),
        ([(0, 2), (2, 5), (5, 20)], 1),
        ([(4, 6), (15, 16)], 1),
        ([(4, 6), (6, 8), (0, 1)], 2),
        ([(19, 20), (19, 20)], 2),
    ],
)
def test_a_pass_begins_again_only_to_go_back(reads: list[tuple[int, int]], begun: int) -> None:
    """Whatever is read, it is the rows that were asked for."""
    passes = Passes()
    stream = Stream("f", passes.begin)
    for start, stop in reads:
        assert stream.read(start, stop, ["a"])["a"].tolist() == list(range(start, stop))
    assert passes.begun == begun


def test_other_columns_are_another_pass() -> None:
    """What was skipped in the first one must be read."""
    passes = Passes()
    stream = Stream("f", passes.begin)
    stream.read(0, 5, ["a"])
    assert set(stream.read(5, 6, ["a", "b"])) == {"a", "b"}
    assert passes.begun == 2


def test_fewer_rows_than_there_were_are_a_sentence() -> None:
    """The file was counted when it was opened."""
    with pytest.raises(JobError, match="f changed while it was read"):
        Stream("f", Passes().begin).read(15, 21, ["a"])


def test_a_pass_that_is_given_up_lets_go_of_its_file() -> None:
    """Not when the collector gets to it."""
    passes = Passes()
    stream = Stream("f", passes.begin)
    stream.read(0, 1, ["a"])
    stream.read(0, 1, ["b"])
    assert (passes.begun, passes.ended) == (2, 1)
    stream.close()
    assert passes.ended == 2
