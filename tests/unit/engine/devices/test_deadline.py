"""Asking a driver that may never answer."""

import threading
import time
from contextlib import suppress

import pytest

from engine.devices.deadline import Driver, NoAnswerError


def test_an_answer_comes_back() -> None:
    """A question that is answered in time returns its answer."""
    assert Driver().ask(lambda: 42, 5.0) == 42


def test_an_error_comes_back() -> None:
    """What the driver raises, the asker gets."""
    with pytest.raises(ZeroDivisionError):
        Driver().ask(lambda: 1 // 0, 5.0)


def test_hanging_driver_is_asked_once() -> None:
    """While a question is open no second thread enters the driver, and the asker does not wait for it."""
    driver, going, asked = Driver(), threading.Event(), []

    def question() -> bool:
        asked.append(1)
        return going.wait(60)

    with pytest.raises(NoAnswerError):
        driver.ask(question, 0.05)
    with pytest.raises(NoAnswerError, match="an earlier question is still open"):
        driver.ask(question, 60)
    assert len(asked) == 1
    going.set()


def test_recovered_driver_is_asked_again() -> None:
    """Once the open question was answered, the next one is asked."""
    driver, going = Driver(), threading.Event()
    with pytest.raises(NoAnswerError):
        driver.ask(lambda: going.wait(60), 0.05)
    going.set()
    deadline = time.monotonic() + 60
    answer = None
    while answer is None:
        assert time.monotonic() < deadline
        with suppress(NoAnswerError):
            answer = driver.ask(lambda: 7, 60)
    assert answer == 7
