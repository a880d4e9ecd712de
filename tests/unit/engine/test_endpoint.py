"""The engine's address for Prometheus: who is answered, with what, and what does not disturb the engine."""

import gzip
import http.client
import logging
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from engine import endpoint
from engine.endpoint import Endpoint
from storage.database import Writer
from storage.exposure_settings import Address, address
from storage.tables import models
from storage.workspace import Workspace
from tests.openmetrics import parse

PATIENCE_S = 60.0


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def ask(place: Address, path: str = "/metrics", method: str = "GET", **headers: str) -> tuple[int, str, str]:
    """Return the status, the type and the text of an answer, once somebody listens."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        connection = http.client.HTTPConnection(str(place.host), place.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except OSError:
            # It does not listen yet, or all of its places are taken.
            assert time.monotonic() < deadline
            time.sleep(0.02)
        finally:
            connection.close()


@pytest.fixture
def offer(workspace: Workspace, writer: Writer) -> Iterator[Callable[[Address], Endpoint]]:
    """Return a function that begins to offer the figures."""
    del writer
    begun: list[Endpoint] = []

    def start(place: Address) -> Endpoint:
        part = Endpoint(workspace.database, place)
        part.start()
        begun.append(part)
        return part

    yield start
    for part in begun:
        part.stop()


@pytest.fixture
def place(offer: Callable[[Address], Endpoint]) -> Address:
    """Return an address at which the figures are offered."""
    found = address(f"127.0.0.1:{free_port()}")
    offer(found)
    return found


def test_the_present_figures_are_answered(
    place: Address, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on record when it is asked, in the type that the reader knows."""
    monkeypatch.setattr(endpoint, "FRESH_S", 0.0)
    with writer.transaction() as connection:
        models.ensure(connection, "fraud", now=0.0)
    accepting = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2"
    status, kind, text = ask(place, Accept=accepting)
    assert (status, kind) == (200, "application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert 'model="fraud"' in text
    parse(text)
    with writer.transaction() as connection:
        models.ensure(connection, "churn", now=0.0)
    _, kind, text = ask(place, Accept="*/*")
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert 'model="churn"' in text


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.00, identity", False),
        ("x-gzip", False),
    ],
)
def test_who_accepts_gzip_gets_the_same_text_by_it(place: Address, accepted: str, compressed: bool) -> None:  # noqa: FBT001 - a row of the table
    """And nobody else does."""
    plain = ask(place)[2]
    connection = http.client.HTTPConnection(str(place.host), place.port, timeout=PATIENCE_S)
    connection.request("GET", "/metrics", headers={"Accept-Encoding": accepted})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.headers["Content-Encoding"] == ("gzip" if compressed else None)
    found = parse((gzip.decompress(body) if compressed else body).decode())
    assert found.keys() == parse(plain).keys()


def test_many_questions_cost_one_reading(
    place: Address, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the time that a text counts as fresh it is given again."""
    monkeypatch.setattr(endpoint, "FRESH_S", 3600.0)
    first = ask(place)
    with writer.transaction() as connection:
        models.ensure(connection, "fraud", now=0.0)
    assert ask(place) == first


@pytest.mark.parametrize(
    ("path", "method", "host", "status"),
    [
        ("/", "GET", "127.0.0.1", 404),
        ("/metrics/../etc", "GET", "127.0.0.1", 404),
        ("/metrics?name=x", "GET", "localhost:9477", 200),
        ("/metrics", "GET", "[::1]:9477", 200),
        ("/metrics", "GET", "rebound.example", 403),
        ("/metrics", "GET", "192.168.1.1:9477", 403),
        ("/metrics", "POST", "127.0.0.1", 501),
        ("/metrics", "DELETE", "127.0.0.1", 501),
    ],
)
def test_nothing_else_is_answered(place: Address, path: str, method: str, host: str, status: int) -> None:
    """No other path, no other method, and nobody who was led here under another name."""
    assert ask(place, path, method, Host=host)[0] == status


def test_who_hangs_takes_a_place_for_a_while(place: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that never ask are hung up on after a while, and others are answered then."""
    monkeypatch.setattr(endpoint._Handler, "timeout", 0.2)
    ask(place)
    idle = [socket.create_connection((str(place.host), place.port)) for _ in range(3 * endpoint.AT_ONCE)]
    try:
        assert ask(place)[0] == 200
    finally:
        for each in idle:
            each.close()


def test_a_taken_address_is_told_once_and_tried_again(
    offer: Callable[[Address], Endpoint], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine works meanwhile, and the figures are offered as soon as the other one is gone."""
    monkeypatch.setattr(endpoint, "RETRY_S", 0.02)
    with socket.create_server(("127.0.0.1", 0)) as other, caplog.at_level(logging.WARNING):
        found = address(f"127.0.0.1:{other.getsockname()[1]}")
        offer(found)
        deadline = time.monotonic() + PATIENCE_S
        while not caplog.records:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.1)
    assert [record.getMessage() for record in caplog.records] == [
        f"the metrics cannot be offered at {found}: Address already in use"
    ]
    assert ask(found)[0] == 200


def test_the_address_is_free_when_it_has_stopped(offer: Callable[[Address], Endpoint]) -> None:
    """Other settings, or another engine, may take it at once."""
    found = address(f"127.0.0.1:{free_port()}")
    part = offer(found)
    ask(found)
    part.stop()
    offer(found)
    assert ask(found)[0] == 200


def test_a_database_that_cannot_be_read_is_said(
    place: Address, workspace: Workspace, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader gets no figures instead of wrong ones."""
    monkeypatch.setattr(endpoint, "FRESH_S", 0.0)
    ask(place)
    writer.close()
    for file in workspace.database.parent.glob(f"{workspace.database.name}*"):
        file.write_bytes(b"no database at all" * 1000)
    status, _, text = ask(place)
    assert (status, text.count("\n")) == (503, 1)
    assert "database" in text
