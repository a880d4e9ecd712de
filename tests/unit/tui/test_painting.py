"""What a terminal is sent of one picture after another, and that it shows the same as if it were sent all."""

import tracemalloc

import pyte
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.painting import KNOWN_CELLS, Painting

PLAIN, BOLD = Style(), Style(bold=True)
WIDTH = 20


class Screen:
    """A terminal of three lines to which a painting sends."""

    def __init__(self) -> None:
        self.painting = Painting()
        self._console = Console(force_terminal=True, color_system="256")
        self._emulated = pyte.Screen(WIDTH, 3)
        self._stream = pyte.Stream(self._emulated)

    def take(self, update: LayoutUpdate | ChopsUpdate) -> str:
        """Show an update, and return what was sent for it."""
        sent = self.painting.changes(update, self._console)
        self._stream.feed(sent)
        return sent

    def lines(self) -> list[str]:
        """Return what is shown."""
        return [line.rstrip() for line in self._emulated.display]


@pytest.fixture
def screen() -> Screen:
    """Return a terminal that shows nothing yet."""
    return Screen()


def picture(*lines: str, look: Style = PLAIN, width: int = WIDTH) -> LayoutUpdate:
    """Return a whole picture."""
    strips = [[Strip([Segment(line, look)]).adjust_cell_length(width, PLAIN)] for line in lines]
    return LayoutUpdate(list(strips), Region(0, 0, width, len(lines)))


def part(y: int, chops: dict[int, str], span: tuple[int, int]) -> ChopsUpdate:
    """Return an update of a part of a line, which is cut where ``chops`` begin."""
    above: list[dict[int, Strip | None]] = [{} for _ in range(y)]
    ends: list[list[int]] = [[] for _ in range(y)]
    strips = {x: Strip([Segment(text, PLAIN)]) for x, text in chops.items()}
    ends.append([x + len(text) for x, text in chops.items()])
    return ChopsUpdate([*above, strips], [(y, *span)], ends)


def test_the_same_again_is_not_sent(screen: Screen) -> None:
    """A picture that is shown already takes no byte, whoever made it anew."""
    assert screen.take(picture("one", "two"))
    assert screen.take(picture("one", "two")) == ""
    assert screen.lines()[:2] == ["one", "two"]


def test_one_digit_is_sent_alone(screen: Screen) -> None:
    """Of a row in which one digit changes, that digit is sent, in its place."""
    screen.take(picture("mnist 0.9500", "iris 0.9900"))
    sent = screen.take(picture("mnist 0.9500", "iris 0.9800"))
    assert sent == "\x1b[2;9H8"
    assert screen.lines()[:2] == ["mnist 0.9500", "iris 0.9800"]


def test_another_look_is_a_change(screen: Screen) -> None:
    """The same letters in bold are sent again, in bold."""
    screen.take(picture("loud"))
    assert "\x1b[1mloud\x1b[0m" in screen.take(picture("loud", look=BOLD))


def test_what_is_far_apart_is_sent_apart(screen: Screen) -> None:
    """Between two changes at both ends of a row nothing is sent, and near ones go in one piece."""
    screen.take(picture("a b............... c"))
    assert screen.take(picture("A B............... C")) == "\x1b[1;1HA B\x1b[1;20HC"


def test_wide_characters_are_sent_with_their_row(screen: Screen) -> None:
    """Terminals count such characters differently: the row is sent whole when it changes, and not at all while it does not."""
    screen.take(picture("模型 1"))
    assert screen.take(picture("模型 1")) == ""
    assert "模型 2" in screen.take(picture("模型 2"))
    screen.take(picture("model 3"))
    assert screen.lines()[0] == "model 3"
    assert "模型 2" in screen.take(picture("模型 2"))


def test_a_part_of_a_line_changes_its_own_cells(screen: Screen) -> None:
    """What stands beside the part, and what it is not asked to show, stays as it was."""
    screen.take(picture("left right", "left right"))
    sent = screen.take(part(1, {0: "LEFT ", 5: "RIGHT"}, (5, 8)))
    assert sent == "\x1b[2;6HRIG"
    assert screen.lines()[1] == "left RIGht"
    assert screen.take(part(1, {5: "RIG"}, (5, 8))) == ""


@pytest.mark.parametrize("forget", [True, False], ids=["told", "by-its-size"])
def test_a_terminal_that_may_show_anything_is_sent_all(screen: Screen, *, forget: bool) -> None:
    """When somebody asks for it, and when the terminal has another size, nothing is taken as shown."""
    screen.take(picture("one", "two"))
    if forget:
        screen.painting.forget()
        assert "one" in screen.take(picture("one", "two"))
    else:
        assert "one" in screen.take(picture("one", "two", "three"))


def test_what_is_shown_takes_little_room(screen: Screen) -> None:
    """A full screen of frames and letters is some pointers, however often one character stands on it, and stays so."""
    lines = ["│" + "".join(chr(ord("a") + (x + y) % 26) for x in range(158)) + "│" for y in range(45)]
    pictures = [picture(*lines[turn:], *lines[:turn], width=160) for turn in range(4)]
    console = Console(force_terminal=True, color_system="256")
    tracemalloc.start()
    try:
        for one in pictures:
            screen.painting.changes(one, console)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 200_000


def test_strange_characters_do_not_add_up(screen: Screen) -> None:
    """After thousands of different ones what is shown is forgotten, and what comes next is sent whole and right."""
    for first in range(0x100, 0x100 + 2 * KNOWN_CELLS, WIDTH):
        screen.painting.changes(picture("".join(map(chr, range(first, first + WIDTH)))), Console())
    assert screen.take(picture("the next one")) != ""
    assert screen.lines()[0] == "the next one"
    assert sum(map(len, screen.painting._looks.values())) < KNOWN_CELLS
