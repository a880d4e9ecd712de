"""How notices are said: what one subject tells of many, and what is left out because it is over."""

import pytest

from engine.notify import wording
from storage.notice_records import Notice
from storage.notice_vocabulary import NoticeKind
from storage.vocabulary import Severity
from tests.unit.engine.notify.test_ways import message, notice

OTHER = notice(id=8, key="fault-4-warning", fault=4, severity=Severity.WARNING, model="fraud", version=None)
OVER = notice(
    id=9, key="fault-3-ended", severity=Severity.INFO, ended=True, message="over: The files.", help=""
)
PROMOTED = notice(
    id=10,
    kind=NoticeKind.DEPLOYMENT,
    severity=Severity.INFO,
    code="promote",
    fault=None,
    message="promoted 1 > 2",
)


@pytest.mark.parametrize(
    ("notices", "subject"),
    [
        ([notice()], "serving: ERROR mnist@2: The files of version 2 are not those that were deployed."),
        ([OTHER], "serving: fraud: The files of version 2 are not those that were deployed."),
        ([notice(), OTHER], "serving: ERROR 2 faults (mnist, fraud)"),
        ([OTHER, OVER, PROMOTED], "serving: 1 fault, 1 deployment, 1 over (fraud, mnist)"),
        (
            [notice(model="", version=None)],
            "serving: ERROR workspace: The files of version 2 are not those that were deployed.",
        ),
    ],
)
def test_a_subject_says_the_worst_first(notices: list[Notice], subject: str) -> None:
    """One notice is its own subject; many are counted, and the models named."""
    assert message(*notices).subject == subject


def test_a_subject_stays_short() -> None:
    """However long a sentence is and however many models there are."""
    assert len(message(notice(message="m" * 400)).subject) <= wording.SUBJECT + 1
    many = [notice(id=number, fault=number, model=f"model-{number}") for number in range(40)]
    assert message(*many).subject == "serving: ERROR 40 faults (model-0, model-1, model-2 ...)"


def test_what_is_over_by_now_is_told_once() -> None:
    """A fault whose end waits beside its beginning is told as over, and not as open."""
    told = wording.merged([notice(), OTHER, OVER])
    assert [one.id for one in told] == [8, 9]


def test_hundreds_at_once_are_one_message_that_can_be_read() -> None:
    """The worst are listed and the rest is counted; programs get all of them."""
    many = [notice(id=number, fault=number, severity=Severity.WARNING) for number in range(300)]
    told = message(*many, notice(id=300, fault=300, code="missing"))
    assert told.text.splitlines()[0].startswith("ERROR  mnist@2  missing")
    assert "\nand 251 more\n" in told.text
    assert told.text.count("WARNING") == wording.LISTED - 1
    assert len(told.document.notices) == 301


def test_words_keep_to_80_columns_and_say_what_to_do() -> None:
    """Mail is read in terminals as well."""
    words = message(notice(message="one two three " * 25), OVER).text
    assert all(len(line) <= 80 for line in words.splitlines())
    assert "OVER  mnist@2  artefact-changed  2025-06-15 15:06:40 UTC" in words


def test_hostile_names_reach_neither_subject_nor_words() -> None:
    """Line ends in a subject would be header lines of a mail."""
    told = message(notice(model="a\r\nBcc: x@example.org", code="x"))
    assert "\n" not in told.subject
    assert "\r" not in told.subject
