"""Questions about things in the folders: asked once, waited for a moment, and forgotten when nobody wants to know any more."""

from concurrent.futures import Future
from pathlib import Path

from engine.processes.examiner_process import Suspect
from engine.repository.examinations import Examinations
from engine.repository.examine import Examined
from engine.repository.scanner import Item

KEY = ("mnist", "a.onnx")

FOUND = Examined("a.onnx", ("a.onnx",))


class Slow:
    """An examiner whose answers come when a test says so."""

    trouble = ""

    def __init__(self) -> None:
        self.answers: list[Future[Examined]] = []

    def submit(self, suspect: Suspect) -> "Future[Examined]":
        """Promise an answer."""
        del suspect
        self.answers.append(Future())
        return self.answers[-1]

    def expect(self) -> None:
        """Need no preparation."""


def suspect(stamp: str = "s", problem: str = "") -> Suspect:
    """Return a file as it looks."""
    return Suspect(Path("train/mnist"), Item("a.onnx", False, ("a.onnx",), 1, stamp, problem), frozenset())


def test_an_answer_that_comes_late_wakes_once_and_is_there_in_the_next_pass() -> None:
    """However many passes look for it meanwhile, and none of them waits long."""
    slow, woken = Slow(), list[bool]()
    asked = Examinations(slow, lambda: woken.append(True))
    for _ in range(3):
        asked.ask({KEY: suspect()})
        assert asked.answer(KEY) is None
    assert (len(slow.answers), woken) == (1, [])
    slow.answers[0].set_result(FOUND)
    assert woken == [True]
    asked.ask({KEY: suspect()})
    assert asked.answer(KEY) == (suspect(), FOUND)


def test_what_changed_since_is_asked_about_anew_and_what_is_gone_is_forgotten() -> None:
    """Nobody looks into a file for an answer that nobody waits for."""
    slow = Slow()
    asked = Examinations(slow, lambda: None)
    asked.ask({KEY: suspect("s")})
    asked.ask({KEY: suspect("t")})
    assert [answer.cancelled() for answer in slow.answers] == [True, False]
    asked.ask({})
    assert [answer.cancelled() for answer in slow.answers] == [True, True]


def test_what_cannot_be_looked_into_is_not_asked_about() -> None:
    """The listing has said why already."""
    slow = Slow()
    asked = Examinations(slow, lambda: None)
    asked.ask({KEY: suspect(problem="is a symbolic link; copy the file itself")})
    told = asked.answer(KEY)
    assert slow.answers == []
    assert told is not None
    assert told[1] == Examined(reason="a.onnx is a symbolic link; copy the file itself")


def test_what_is_refused_without_its_files_has_all_that_were_listed() -> None:
    """Its content is told apart by its files, and trusted by it."""
    slow = Slow()
    asked = Examinations(slow, lambda: None)
    asked.ask({KEY: suspect()})
    slow.answers[0].set_result(Examined(reason="it would run code", refused=True))
    told = asked.answer(KEY)
    assert told is not None
    assert told[1].files == ("a.onnx",)
