"""How the end of a model process reads to a person."""

import signal

import pytest

from engine.processes import endings
from engine.processes.endings import Activity
from engine.processes.protocol import Failed
from engine.processes.words import GIB

ENDINGS = [
    (-signal.SIGSEGV, "", "The model crashed while it was evaluated (SIGSEGV)."),
    (-signal.SIGBUS, "", "The model crashed while it was evaluated (SIGBUS)."),
    (-signal.SIGABRT, "boom", 'The model crashed while it was evaluated (SIGABRT). Its last words: "boom".'),
    (-40, "", "The model crashed while it was evaluated (signal 40)."),
    (-signal.SIGXCPU, "", "The model ran out of CPU time while it was evaluated."),
    (
        -signal.SIGKILL,
        "",
        "The model process was killed while it was evaluated (SIGKILL), most likely because the machine ran out of memory.",
    ),
    (0, "", "The model process exited with status 0 while it was evaluated, without an answer."),
    (7, "", "The model process exited with status 7 while it was evaluated, without an answer."),
    (
        None,
        "",
        "The model process vanished while it was evaluated, together with its host, most likely because the machine ran out of memory.",
    ),
    (-signal.SIGABRT, "  what():  std::bad_alloc", "The model needs more memory than its limit of 2 GiB."),
]


@pytest.mark.parametrize(("code", "last", "message"), ENDINGS)
def test_ending_is_classified(code: int | None, last: str, message: str) -> None:
    """Each way to end has its own sentence, with the process' last words where it had any."""
    assert endings.ended(code, Activity.EVALUATING, last, 2 * GIB).message == message


def test_last_words_cannot_steer_a_terminal() -> None:
    """What a process printed last is cleaned and cut."""
    message = endings.ended(1, Activity.LOADING, "\x1b]0;pwned\x07" + "x" * 5000, GIB).message
    assert message.isprintable()
    assert len(message) < 350


def test_deadline_names_the_setting_that_moves_it() -> None:
    """A missed deadline says how long it was and which setting to raise."""
    error = endings.late(Activity.LOADING, 60.0)
    assert error.message == "The model did not answer within 60 s while it was loaded; it was stopped."
    assert "limits.load_s" in error.hint


def test_a_machine_without_memory_is_not_told_to_give_more_of_it() -> None:
    """What the kernel ended for want of memory is not helped by a higher limit."""
    for code in (-signal.SIGKILL, None):
        killed = endings.ended(code, Activity.EVALUATING, "", 2 * GIB)
        assert "memory_gib" not in killed.hint
        assert "limits.warm_processes" in killed.hint


def test_reason_of_a_failure_is_cleaned() -> None:
    """A reason that a process gives is cleaned; an empty one is named as such."""
    assert endings.failed(Failed("\x1b[2J", "\u202e")).message == "\ufffd[2J"
    assert endings.failed(Failed("", "")).message == "The model failed without saying why."
