"""Fixtures of the fault tests."""

from tests.live import live
from tests.watched import watched

__all__ = ["live", "watched"]
