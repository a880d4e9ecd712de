"""How colours are seen: by everybody (WCAG 2.1) and by eyes that lack a kind of cone (Machado, Oliveira, Fernandes 2009)."""

Colour = tuple[int, int, int]

READABLE = 4.5
"""WCAG 2.1, level AA, for text of normal size."""

DISCERNIBLE = 3.0
"""The same for what is no text (1.4.11), and here for words that are meant to stand back."""

CONES = {
    "all": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "no-red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no-green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no-blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""What becomes of linear red, green and blue where a kind of cone is missing altogether."""

WHITE = (0.95047, 1.0, 1.08883)


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours (WCAG 2.1, 1.4.3)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    """Return the relative luminance of a colour."""
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def seen_with(eyes: str, colour: Colour) -> tuple[float, ...]:
    """Return the linear parts of a colour as such eyes see it."""
    linear = _linear(colour)
    return tuple(
        min(max(sum(share * part for share, part in zip(row, linear, strict=True)), 0.0), 1.0)
        for row in CONES[eyes]
    )


def distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return how different two linear colours look (CIE 1976, L*a*b*)."""
    return float(sum((a - b) ** 2 for a, b in zip(_lab(one), _lab(other), strict=True)) ** 0.5)


def _linear(colour: Colour) -> tuple[float, ...]:
    parts = [part / 255 for part in colour]
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def _lab(linear: tuple[float, ...]) -> tuple[float, float, float]:
    red, green, blue = linear
    x = 0.4124564 * red + 0.3575761 * green + 0.1804375 * blue
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = 0.0193339 * red + 0.1191920 * green + 0.9503041 * blue
    x, y, z = (_root(part / white) for part, white in zip((x, y, z), WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _root(part: float) -> float:
    return part ** (1 / 3) if part > (6 / 29) ** 3 else part / (3 * (6 / 29) ** 2) + 4 / 29
