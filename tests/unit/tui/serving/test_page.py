"""The page around a served console."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tui.serving.page import FONT, OWN_SCRIPT, SCRIPT, TERMINAL_STYLE, page

SOCKET = "ws://localhost:8420/ws"


def test_it_refers_to_nothing_elsewhere() -> None:
    """Everything that it fetches lies on the server that it came from."""
    made = page(title="shop", socket=SOCKET)
    fetched = re.findall(r"""(?:href|src)="([^"]*)"|url\("([^"]*)"\)""", made)
    assert {first or second for first, second in fetched} == {
        "",
        "data:,",
        FONT,
        SCRIPT,
        OWN_SCRIPT,
        TERMINAL_STYLE,
    }


def test_what_it_refers_to_is_there() -> None:
    """The installed textual-serve has each file, under the path that the page names."""
    found = find_spec("textual_serve")
    assert found is not None
    assert found.origin is not None
    for path in (FONT, SCRIPT, TERMINAL_STYLE):
        assert (Path(found.origin).parent / path.removeprefix("/")).is_file(), path


@pytest.mark.parametrize(("wanted", "given"), [(16, 16), (0, 6), (10_000, 60)])
def test_a_font_keeps_a_size_that_can_be_read(wanted: int, given: int) -> None:
    """A size that no terminal could be drawn in is brought back to one that it can."""
    assert f'data-font-size="{given}"' in page(title="shop", socket=SOCKET, font_pixels=wanted)


def test_a_name_is_text() -> None:
    """A workspace's name is no markup."""
    made = page(title="</title><script>alert(1)</script>", socket=SOCKET)
    assert "<script>alert" not in made
