"""Markup that cannot be broken out of: text is escaped where it is put in, and nowhere else can any be put in.

Owns the difference between text and markup. Names come from files that anybody may have written; whoever builds a page
with `element` cannot forget to escape one.
"""

from collections.abc import Iterable
from html import escape

EMPTY = frozenset({"meta", "line", "rect", "circle", "path"})
"""Elements that are written without an end tag, or that close themselves."""


class Html(str):
    """Markup as it stands; everything else is text."""

    __slots__ = ()


def element(name: str, /, *content: str, **attributes: str | float | None) -> Html:
    """Return an element around text and markup; an attribute that is ``None`` is left out.

    An underscore at the end of an attribute's name is for Python's sake (``class_``); within it stands for a hyphen.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not content and name in EMPTY:
        return Html(f"<{name}{told}/>")
    return Html(f"<{name}{told}>{join(content)}</{name}>")


def join(parts: Iterable[str]) -> Html:
    """Return text and markup one after another."""
    return Html("".join(part if isinstance(part, Html) else text(part) for part in parts))


def text(words: str) -> Html:
    """Return words as markup that shows just them: nothing of them is obeyed by a browser, or turns what follows around."""
    return Html(escape("".join(letter if letter.isprintable() else "\ufffd" for letter in words)))


def _value(value: str | float) -> Html:
    return text(value) if isinstance(value, str) else text(f"{value:.1f}".removesuffix(".0"))
