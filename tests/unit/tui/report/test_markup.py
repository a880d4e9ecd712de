"""Promises about markup: text is shown as it is, whatever it holds."""

import pytest

from tui.report.markup import Html, element, join, text


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a & b", "a &amp; b"),
        ('" onload="x', "&quot; onload=&quot;x"),
        ("\u202egnp.exe\x00", "\ufffdgnp.exe\ufffd"),
    ],
)
def test_text_is_escaped_wherever_it_is_put(words: str, shown: str) -> None:
    """As content and as an attribute's value, alone and among others."""
    assert text(words) == shown
    assert element("p", words) == f"<p>{shown}</p>"
    assert element("p", title=words) == f'<p title="{shown}"></p>'
    assert join(["<", element("b", words)]) == f"&lt;<b>{shown}</b>"


def test_markup_is_put_in_as_it_stands() -> None:
    """What was made by `element` is not escaped again."""
    assert element("p", element("b", "x"), Html("<i>y</i>")) == "<p><b>x</b><i>y</i></p>"


def test_attributes_are_named_as_html_names_them() -> None:
    """Reserved words with an underscore, hyphens as underscores, numbers short; what is not there is left out."""
    assert (
        element("line", class_="a b", x1=1.0, y1=2.26, aria_label=None)
        == '<line class="a b" x1="1" y1="2.3"/>'
    )
    assert element("meta", http_equiv="x") == '<meta http-equiv="x"/>'
