"""A console calls once for each message, and its words cannot steer the terminal."""

import sys

from storage.database import Writer
from storage.notice_records import Delivery, NewNotice, Notice
from storage.notice_vocabulary import Channel, DeliveryState, NoticeKind
from storage.tables import engine, notices
from storage.vocabulary import Severity
from storage.workspace import Workspace, engine_lock
from tests.terminal import Terminal
from tui.calling import BELL, GIVE_BACK_TITLE, KEEP_TITLE, Caller, title


def notice(number: int, **changes: object) -> NewNotice:
    """Return a notice."""
    plain = {
        "key": f"fault-{number}-error",
        "at": 1_750_000_000.0,
        "kind": NoticeKind.FAULT,
        "severity": Severity.ERROR,
        "code": "missing",
        "model": "mnist",
        "version": number,
        "fault": number,
        "ended": False,
        "message": "gone",
        "help": "",
    }
    return NewNotice(**(plain | changes))  # type: ignore[arg-type]


def delivery(number: int, told_at: float, **changes: object) -> Delivery:
    """Return what consoles were told."""
    new = notice(number, **changes)
    plain = {name: getattr(new, name) for name in NewNotice.__struct_fields__}
    return Delivery(
        notice=Notice(id=number, **plain), channel=Channel.CONSOLE, state=DeliveryState.TOLD, told_at=told_at
    )


def test_it_rings_once_for_each_message() -> None:
    """Not for what was told before it opened; for what waited longer than what was told meanwhile, too."""
    said: list[str] = []
    caller = Caller(said.append)
    caller.hear(delivery(5, 100.0))
    assert said == []
    caller.hear(delivery(6, 110.0))
    caller.hear(delivery(6, 110.0))
    caller.hear(delivery(2, 120.0))
    assert [words.count(BELL) for words in said] == [0, 1, 1]
    assert said[0] == KEEP_TITLE


def test_the_first_message_ever_rings() -> None:
    """A workspace in which nobody was told anything is no reason to be silent."""
    said: list[str] = []
    caller = Caller(said.append)
    caller.hear(None)
    caller.hear(delivery(1, 1.0))
    assert said[1:] == [f"\x1b]2;{title(delivery(1, 1.0))}\x1b\\{BELL}"]


def test_a_title_says_what_it_is_about() -> None:
    """And holds nothing that a terminal obeys."""
    assert title(delivery(3, 1.0)) == "error: mnist@3 missing - modeltender"
    assert title(delivery(3, 1.0, ended=True)) == "over: mnist@3 missing - modeltender"
    assert title(delivery(3, 1.0, model="a\x1b\\\x07b", version=None)).isprintable()


def test_a_console_in_a_terminal_rings_and_gives_the_title_back(workspace: Workspace, writer: Writer) -> None:
    """Seen from outside: the terminal's own title is put aside until the end."""
    called = f"\x1b]2;error: mnist@1 missing - modeltender\x1b\\{BELL}".encode()
    with engine_lock(workspace):
        with writer.transaction() as connection:
            engine.start(connection, pid=1, version="0.1.0", now=1_750_000_000.0, sandbox={})
        command = [sys.executable, "-P", "-m", "tui", str(workspace.root)]
        with Terminal(command, columns=100, rows=30) as terminal:
            terminal.wait_for("No models yet", 60)
            with writer.transaction() as connection:
                notices.add(connection, notice(1), [Channel.CONSOLE])
                waiting = notices.waiting(connection, Channel.CONSOLE)
                notices.settle(connection, Channel.CONSOLE, waiting, DeliveryState.TOLD, now=1_750_000_001.0)
            terminal.wait_for(lambda _: called in terminal.received, 60)
            assert bytes(terminal.received).count(KEEP_TITLE.encode()) == 1
            terminal.send("q")
            terminal.wait_for(lambda _: GIVE_BACK_TITLE.encode() in terminal.received, 60)
