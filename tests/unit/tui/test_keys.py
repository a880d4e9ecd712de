"""The table of keys: every key does what it says, on every screen that has it."""

import itertools

import pytest
from textual.binding import Binding

from tui.app import Console
from tui.footers import BAR_PADDING, footer
from tui.key import Key, Where
from tui.keys import KEYS, bindings, explained, of
from tui.navigation import opened

SCREENS = {where: type(opened(where)) for where in Where}

TAKEN = {"ctrl+s", "ctrl+q", "ctrl+a", "ctrl+b"}
"""Flow control, and the prefixes of screen and tmux: keys that never arrive."""


@pytest.mark.parametrize("where", list(Where))
def test_no_key_means_two_things(where: Where) -> None:
    """A key has one meaning on a screen."""
    names = [name for key in of(where) for name in key.keys.split(",")]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.action)
def test_key_reaches_the_program(key: Key) -> None:
    """No key is one that terminals, multiplexers or slow lines keep or split."""
    names = key.keys.split(",")
    assert not TAKEN.intersection(names)
    assert not any(name.startswith("alt+") for name in names)


@pytest.mark.parametrize("where", list(Where))
def test_every_action_exists(where: Where) -> None:
    """What a key calls is there: on its screen, or on the application."""
    for key in of(where):
        name = key.action.partition("(")[0]
        owner = Console if name.startswith("app.") else SCREENS[where]
        assert callable(getattr(owner, f"action_{name.removeprefix('app.')}"))


@pytest.mark.parametrize("where", list(Where))
def test_screens_bind_the_table(where: Where) -> None:
    """A screen binds exactly the table's keys of that screen."""
    bound = {(found.key, found.action) for found in SCREENS[where].BINDINGS if isinstance(found, Binding)}
    assert bound == {(binding.key, binding.action) for binding in bindings(where)}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.action)
def test_every_key_is_explained(key: Key) -> None:
    """Every key has words for the help and a sign to be shown by."""
    assert key.help
    assert key.shown


@pytest.mark.parametrize("where", list(Where))
@pytest.mark.parametrize("width", [60, 80, 120])
def test_footer_fits(where: Where, width: int) -> None:
    """The footer fits into its line and ends with the way out."""
    pairs = footer(where, width)
    assert sum(len(key) + len(label) + 3 for key, label in pairs) <= width - BAR_PADDING
    assert pairs[0] == ("?", "help")
    assert pairs[-1] == ("q", "quit")


def test_footer_says_what_it_was_told() -> None:
    """A label can be replaced, and an empty one takes the key out."""
    pairs = footer(Where.OVERVIEW, 200, {"app.pause": "resume", "app.promote": ""})
    assert ("space", "resume") in pairs
    assert "p" not in [key for key, _ in pairs]


@pytest.mark.parametrize("where", list(Where))
def test_help_has_every_key_once(where: Where) -> None:
    """Two keys that belong together share a line of the help; no key is left out, none is there twice."""
    told = [shown for line in explained(where) for shown in line.shown.split()]
    assert sorted(told) == sorted(shown for key in of(where) for shown in key.shown.split())
    for key, other in itertools.pairwise(of(where)):
        assert not key.pair or key.group is other.group
