"""Which distributions are installed."""

import msgspec

from engine.installed import version_of


def test_a_version_is_told_and_what_is_missing_is_not_known() -> None:
    """By the name that pip knows."""
    assert version_of("msgspec") == msgspec.__version__
    assert version_of("no-such-distribution-anywhere") is None
