"""Fixtures of the fault tests."""

from tests.watched import watched

__all__ = ["watched"]
