"""Fixtures of the repository: a workspace that is watched."""

from tests.watched import watched

__all__ = ["watched"]
