"""What a person types behind ``/``: which rows it keeps. Pure.

Every word must be found, in any case of letters; ``!word`` must not be found, and ``model:word`` is looked for in
that part of a row alone.
"""

from collections.abc import Callable, Mapping

NOT = "!"
PART = ":"


def matcher(typed: str) -> Callable[[Mapping[str, str]], bool]:
    """Return whether a row, given as its named parts, is kept; nothing typed keeps every row."""
    words = typed.casefold().split()
    return lambda parts: all(_holds(parts, word) for word in words)


def _holds(parts: Mapping[str, str], typed: str) -> bool:
    word = typed.removeprefix(NOT)
    name, _, rest = word.partition(PART)
    # A colon behind something that is no part's name belongs to what is looked for: a time, a device.
    looked_at, word = (
        (parts[name], rest) if name in parts and PART in word else (" ".join(parts.values()), word)
    )
    # Of a word that is not typed to its end yet, nothing is known: it keeps every row.
    return not word or (word in looked_at.casefold()) is not typed.startswith(NOT)
