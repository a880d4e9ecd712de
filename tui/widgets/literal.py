"""The last guard before the screen: whatever a text holds, it is shown and steers nothing.

Text from files is cleaned before it is stored; a database may have been written by something else.
"""

from rich.text import Text

REPLACEMENT = "\ufffd"


def literal(text: Text) -> Text:
    """Return the text with every character that cannot be printed replaced by a sign that can; styles stay in place."""
    if text.plain.isprintable():
        return text
    shown = text.copy()
    shown.plain = printable(text.plain)
    return shown


def printable(text: str) -> str:
    """Return the text with every character that cannot be printed, line ends apart, replaced by one that can."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\n" else REPLACEMENT for character in text
    )
