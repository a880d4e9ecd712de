"""Who is answered by a server that cannot ask for a password."""

import pytest

from tui.serving.guard import refusal

NAMES = frozenset({"localhost", "127.0.0.1"})


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8420", "http://localhost:8420"),
        ("127.0.0.1:8420", "http://127.0.0.1:8420"),
        ("[::1]:8420", "http://[::1]:8420"),
        ("LOCALHOST:9000", "http://localhost:9000"),  # the near end of a tunnel
        ("localhost", "http://localhost"),
        ("192.0.2.7:8420", "http://192.0.2.7:8420"),
    ],
)
def test_its_own_page_is_answered(host: str, origin: str) -> None:
    """The page that came from this server speaks to it, under any port and by any address."""
    headers = {"Host": host, "Origin": origin}
    assert refusal(headers, NAMES, is_socket=True) is None
    assert refusal({"Host": host}, NAMES, is_socket=False) is None


@pytest.mark.parametrize("is_socket", [True, False])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8420",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil@localhost",
        "localhost:1:2",
        "",
    ],
)
def test_another_name_is_refused(host: str, *, is_socket: bool) -> None:
    """A name that somebody made to lead here is not answered, whatever the page says that it is of."""
    assert refusal({"Host": host, "Origin": f"http://{host}"}, NAMES, is_socket=is_socket)


@pytest.mark.parametrize("is_socket", [True, False])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:3000",
        "https://localhost:8420",
        "http://127.0.0.1:8420",
        "http://localhost:8420.evil.example",
        "null",
    ],
)
def test_pages_of_others_are_refused(origin: str, *, is_socket: bool) -> None:
    """A page of another origin is not answered, those of other programs on this machine included."""
    assert refusal({"Host": "localhost:8420", "Origin": origin}, NAMES, is_socket=is_socket)


def test_a_socket_says_where_it_comes_from() -> None:
    """A WebSocket without an origin is of no browser and is refused."""
    assert refusal({"Host": "localhost:8420"}, NAMES, is_socket=True)
