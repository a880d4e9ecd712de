"""What counts as the same output: words and versions do, figures and widths do not."""

import pytest

from tests.docs.shapes import alike


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("accuracy 0.924 [0.911, 0.935]", "accuracy   0.93 [0.9, 1.0]"),
        ("done in 1.2 s", "done in 340 ms"),
        ("at 2026-03-01 12:00 by 1f3a90bc77", "at 2027-01-02 03:04 by 77bc90a31f"),
        ("a long line\nthat wraps", "a long\nline that wraps"),
        ("first\n...\nlast", "first\nmiddle\nmore\nlast"),
        ("first\n...\nlast", "first\nlast"),
        ("first ...\nlast", "first and more\nlast"),
        ("...\nlast", "first\nlast"),
        ("first\n...", "first\nlast"),
        ("version 2 is deployed", "version 2 is deployed"),
    ],
)
def test_the_same_shape(shown: str, printed: str) -> None:
    """Another machine's figures, times and widths are no difference."""
    assert alike(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("version 2 is deployed", "version 3 is deployed"),
        ("mnist@2", "mnist@1"),
        ("versions 1 and 2", "versions 1 and 3"),
        ("pass  accuracy  0.9", "fail  accuracy  0.9"),
        ("first", "first\nsecond"),
        ("first\n...\nlast", "first\nmiddle"),
        ("", "something"),
        ("a word more", "a word"),
    ],
)
def test_another_shape(shown: str, printed: str) -> None:
    """A word, a line or a version that is another one is told."""
    assert not alike(shown, printed)
