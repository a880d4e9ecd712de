"""How an exception reads to a person."""

import pytest

from engine.artefacts.doubts import Doubt, DoubtedError
from engine.processes.protocol import Failed
from engine.processes.words import GIB, MEMORY_HINT, failure
from storage.errors import JobError, RefusedError

EIGHT = 8 * GIB


class FrameworkError(Exception):
    """An error as frameworks define their own."""


SENTENCES = [
    (ValueError("shapes do not fit\n  at layer 3\n  at layer 4"), "shapes do not fit"),
    (RuntimeError("\n\n  first words\nrest"), "first words"),
    (FrameworkError("graph is broken"), "graph is broken"),
    (KeyError("x"), "KeyError: 'x'"),
    (AttributeError("no attribute y"), "AttributeError: no attribute y"),
    (AssertionError(), "AssertionError without a message."),
    (
        FileNotFoundError(2, "No such file or directory", "model"),
        "[Errno 2] No such file or directory: 'model'",
    ),
    (SystemExit(3), "The model asked Python to exit instead of answering."),
    (ValueError("\x1b[2Jred\u202e"), "\ufffd[2Jred\ufffd"),
]


@pytest.mark.parametrize(
    ("error", "message"), SENTENCES, ids=[type(error).__name__ for error, _ in SENTENCES]
)
def test_exception_becomes_a_sentence(error: BaseException, message: str) -> None:
    """An exception keeps its first line; its type is named where the words alone mislead."""
    assert failure(error, EIGHT) == Failed(message)


MEMORY = [
    MemoryError(),
    MemoryError("Unable to allocate 1.00 TiB for an array"),
    RuntimeError("std::bad_alloc"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried 12 bytes"
    ),
    FrameworkError("OOM when allocating tensor with shape[1000000]"),
    FrameworkError("ResourceExhaustedError: failed to allocate memory"),
    FrameworkError("Failed to allocate memory for requested buffer of size 4000000000"),
]


@pytest.mark.parametrize("error", MEMORY, ids=str)
def test_want_of_memory_names_the_limit(error: BaseException) -> None:
    """However a framework says that memory ran out, the person reads the limit and where to raise it."""
    assert failure(error, EIGHT) == Failed(
        "The model needs more memory than its limit of 8 GiB.", MEMORY_HINT
    )


def test_our_own_errors_keep_their_hint() -> None:
    """An error of the program's own family arrives as it is, hint and all."""
    assert failure(JobError("no labels", "write them"), EIGHT) == Failed("no labels", "write them")


def test_long_words_are_cut() -> None:
    """A message of megabytes becomes a sentence."""
    assert len(failure(ValueError("x" * 10_000_000), EIGHT).message) <= 401


def test_what_was_refused_stays_refused() -> None:
    """A model that was refused for what it asks for is told from one that merely does not load."""
    assert failure(RefusedError("m.h5 has a Lambda layer."), 0).refused
    assert not failure(JobError("m.h5 is damaged."), 0).refused


def test_what_a_wall_refused_is_told_as_that() -> None:
    """A model that reached for something outside is not excused with its framework's words."""
    found = failure(RuntimeError("while it ran:\n  unable to open </etc/passwd>: Permission denied (13)"), 0)
    assert found.message == (
        "The model tried what its sandbox denies: unable to open </etc/passwd>: Permission denied (13)."
    )
    assert "do not deploy" in found.hint


def test_the_cause_of_a_failure_decides() -> None:
    """Want of memory that a framework told at the end of a long message is known as that."""
    error = JobError("The model failed on examples 0 to 1: while running node X")
    error.__cause__ = RuntimeError("node X " * 100 + "Failed to allocate memory for requested buffer")
    assert failure(error, EIGHT).message == "The model needs more memory than its limit of 8 GiB."


def test_data_that_may_not_be_read_are_no_attack() -> None:
    """Files with closed permissions are the owner's mistake, not the model's doing."""
    error = JobError("test.npz cannot be read (Permission denied).")
    assert failure(error, EIGHT).message == "test.npz cannot be read (Permission denied)."


def test_a_doubt_comes_with_its_evidence() -> None:
    """What an owner could allow is told apart from what nobody can, and names what was found."""
    doubt = Doubt("asks for code", ("Lambda layer 'x'",))
    answer = failure(DoubtedError("m.h5", doubt), 0)
    assert (answer.message, answer.refused, answer.evidence) == ("m.h5 asks for code.", True, doubt.evidence)
    assert not failure(DoubtedError("m.h5", Doubt("needs code", ("x",), harmful=False)), 0).refused
    assert failure(RefusedError("m.h5 reaches for other files."), 0).evidence == ()


def test_keras_words_are_those_after_its_preface() -> None:
    """Which of its methods was called says nothing; the line after that does, without its bold type."""
    said = "Exception encountered when calling Sequential.call().\n\n\x1b[1m'a b' is not a valid scope name.\x1b[0m\n"
    assert failure(ValueError(said), 0).message == "'a b' is not a valid scope name."
    assert failure(ValueError(said.splitlines()[0]), 0).message == said.splitlines()[0]
