"""What is repeated of a server's answer: its own words, short, and harmless to a terminal; and what is said of none."""

import socket
import threading
import time

import pytest

from engine.repository.targets.http import SAID, Answer, Server
from engine.repository.targets.target import TargetError


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": "no such model"}', "no such model"),
        (b'{"message": "a message first", "error": "and this"}', "a message first"),
        (b'{"error_code": "RESOURCE_DOES_NOT_EXIST"}', "RESOURCE_DOES_NOT_EXIST"),
        (b'{"error": {"nested": 1}}', '{"error": {"nested": 1}}'),
        (b'{"other": 1}', '{"other": 1}'),
        (b"[1, 2]", "[1, 2]"),
        (b"<html>502</html>", "<html>502</html>"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
        (b"", "nothing"),
        (b'{"error": "\\u001b[2Jgone"}', "[2Jgone"),
    ],
)
def test_the_words_of_a_server_are_repeated(body: bytes, said: str) -> None:
    """The field that its kind puts them into, else the beginning; without what could steer a terminal."""
    found = Answer(500, body).said
    assert found.replace("\N{REPLACEMENT CHARACTER}[", "[") == said
    assert found.isprintable()


def test_a_long_answer_is_cut() -> None:
    """A page of HTML is no sentence."""
    assert Answer(500, b"x" * 10_000).said == "x" * SAID + "…"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": "b"}', b"[]"])
def test_an_answer_of_another_form_is_none(body: bytes) -> None:
    """What is not what was asked for is not half believed."""
    assert Answer(200, body).decoded(dict[str, int]) is None


def test_bytes_that_are_no_text_are_told_as_nothing() -> None:
    """A server that answers with an empty body has said nothing, and so is it called."""
    assert Answer(500, b"").said == "nothing"
    assert Answer(500, b"\xff\xfe").said == "\ufffd\ufffd"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "broke off before it had answered"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "broke off before it had answered"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{", "broke off before it had answered"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
    ],
)
def test_a_server_that_dies_is_told_from_one_of_another_kind(answer: bytes, told: str) -> None:
    """Who reads that a registry does not speak HTTP looks for a wrong address, and not for what killed it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def once() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=once)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(TargetError) as raised:
            Server(url, time.monotonic() + 60).ask("GET", "/")
        thread.join()
    assert str(raised.value) == f"{url} {told}"
