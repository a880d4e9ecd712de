"""How many digits of a figure people read. Pure; needs no library."""

from typing import Final

LARGE: Final = 100.0
"""Figures above are told with six digits, not with four decimals."""


def number(value: float) -> str:
    """Return a figure."""
    return f"{value:.4f}" if abs(value) < LARGE else f"{value:.6g}"


def signed(value: float) -> str:
    """Return a difference."""
    return f"{'-' if value < 0 else '+'}{number(abs(value))}"
